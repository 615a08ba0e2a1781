// Writing of matrices.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <functional>
#include <utility>
#include <vector>

#include "litestage/core/numeric.hpp"
#include "litestage/core/quantise/quantise.hpp"
#include "litestage/core/threads/thread_team.hpp"
#include "litestage/io/rewritten_matrix.hpp"

namespace litestage::io {

namespace detail {

template <class Half, class Round>
void write_halves(const float* row, std::byte* out, std::size_t columns, const Round& round) {
  for (std::size_t i = 0; i < columns; ++i) {
    const Half half = round(row[i]);
    std::memcpy(out + i * sizeof(Half), &half, sizeof(Half));
  }
}

inline void write_row(DType type, const float* row, std::byte* out, std::size_t columns) {
  if (type == DType::f32)
    std::memcpy(out, row, columns * sizeof(float));
  else if (type == DType::f16)
    write_halves<f16>(row, out, columns, to_f16);
  else if (type == DType::bf16)
    write_halves<bf16>(row, out, columns, [](float value) { return to_bf16(value); });
  else
    write_quantised(type, row, out, columns);
}

}  // namespace detail

LITESTAGE_INLINE std::vector<RawTensor*> matrices_of(ModelTensors& t) {
  std::vector<RawTensor*> matrices = {&t.embedding, &t.head};
  for (LayerTensors& l : t.layers) {
    matrices.insert(matrices.end(), {&l.wq, &l.wk, &l.wv, &l.wo, &l.w_gate, &l.w_up, &l.w_down});
  }
  std::erase_if(matrices, [](const RawTensor* tensor) { return tensor->empty(); });
  return matrices;
}

LITESTAGE_INLINE void rewrite_matrix(RawTensor& matrix, DType type, ThreadTeam& team, RewrittenStorage& storage,
                                     const std::function<void(std::size_t, float*)>& read) {
  RawTensor out = matrix;
  out.type = type;
  std::byte* bytes = storage.matrices.emplace_back(out.bytes()).data();
  constexpr std::size_t smallest_part = 1 << 16;  // weights
  team.for_ranges(matrix.rows, std::max<std::size_t>(1, smallest_part / matrix.columns), [&](Range rows, int) {
    std::vector<float> row(matrix.columns);
    for (std::size_t r = rows.first; r < rows.last; ++r) {
      read(r, row.data());
      detail::write_row(type, row.data(), bytes + r * row_bytes(type, matrix.columns), row.size());
    }
  });
  out.data = bytes;
  matrix = std::move(out);
}

}  // namespace litestage::io
