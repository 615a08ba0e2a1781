// Rounding of a whole model.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/quant_blocks.hpp"
#include "litestage/core/quantise/quantise.hpp"
#include "litestage/core/tensor.hpp"
#include "litestage/core/threads/thread_team.hpp"
#include "litestage/io/quantised_source.hpp"
#include "litestage/model/source/finite_weights.hpp"

namespace litestage::io {

namespace detail {

struct QuantisedStorage {
  std::shared_ptr<const void> original{};  // of norms, biases and matrices that stay as they are
  std::deque<Buffer<std::byte>> matrices{};
};

[[nodiscard]] inline std::vector<RawTensor*> matrices_of(ModelTensors& t) {
  std::vector<RawTensor*> matrices = {&t.embedding, &t.head};
  for (LayerTensors& l : t.layers) {
    matrices.insert(matrices.end(), {&l.wq, &l.wk, &l.wv, &l.wo, &l.w_gate, &l.w_up, &l.w_down});
  }
  std::erase_if(matrices, [](const RawTensor* tensor) { return tensor->empty(); });
  return matrices;
}

inline void quantise_matrix(RawTensor& matrix, DType type, ThreadTeam& team, QuantisedStorage& storage) {
  RawTensor out = matrix;
  out.type = type;
  std::byte* bytes = storage.matrices.emplace_back(out.bytes()).data();
  constexpr std::size_t smallest_part = 1 << 16;  // weights
  team.for_ranges(matrix.rows, std::max<std::size_t>(1, smallest_part / matrix.columns), [&](Range rows, int) {
    std::vector<float> row(matrix.columns);
    for (std::size_t r = rows.first; r < rows.last; ++r) {
      dequantize_row(matrix.type, matrix.row(r), row.data(), row.size());
      write_quantised(type, row.data(), bytes + r * row_bytes(type, matrix.columns), row.size());
    }
  });
  out.data = bytes;
  matrix = std::move(out);
}

}  // namespace detail

LITESTAGE_INLINE ModelSource quantised(const ModelSource& source, DType type, int threads) {
  ModelSource out = source;
  auto storage = std::make_shared<detail::QuantisedStorage>();
  storage->original = source.storage;
  ThreadTeam team(threads);
  for (RawTensor* matrix : detail::matrices_of(out.tensors)) {
    if (info(matrix->type).quantised()) {
      throw Error(concat(source.path, ": tensor ", matrix->name, " is ", name(matrix->type),
                         ", expected F32, F16 or BF16 in a model that is to be quantised"));
    }
    check_finite(*matrix, source.path);
    const std::optional<DType> fitting = fitting_type(type, matrix->columns);
    if (fitting) detail::quantise_matrix(*matrix, *fitting, team, *storage);
  }
  out.storage = std::move(storage);
  return out;
}

}  // namespace litestage::io
