// Which sub-layers of a model have matrices of the same shapes and types, and so cost the same.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <utility>
#include <vector>

#include "litestage/core/dtype.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage {

// [2 * n_layers] The number of each sub-layer's group, from 0 on. Two sub-layers of one group are alike.
[[nodiscard]] inline std::vector<int> sublayer_groups(const ModelTensors& tensors) {
  using Kind = std::vector<std::pair<DType, std::size_t>>;  // type and number of elements of each matrix
  std::vector<Kind> kinds;
  std::vector<int> groups;
  const auto add = [&](std::initializer_list<const RawTensor*> matrices) {
    Kind kind;
    for (const RawTensor* m : matrices) kind.emplace_back(m->type, m->rows * m->columns);
    const auto found = std::find(kinds.begin(), kinds.end(), kind);
    groups.push_back(static_cast<int>(found - kinds.begin()));
    if (found == kinds.end()) kinds.push_back(std::move(kind));
  };
  for (const LayerTensors& l : tensors.layers) {
    add({&l.wq, &l.wk, &l.wv, &l.wo});
    add({&l.w_gate, &l.w_up, &l.w_down});
  }
  return groups;
}

}  // namespace litestage
