// Groups the sub-layers of a model by cost: two share a group if their matrices agree in type and number of elements.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <utility>
#include <vector>

#include "litestage/core/dtype.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage {

// [2 * n_layers] The group number of each sub-layer, from 0 on.
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
