// Writing of matrices.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <functional>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
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

// Sets `least` to the smaller of both.
inline void lower_to(std::atomic<std::size_t>& least, std::size_t value) {
  std::size_t before = least.load();
  while (value < before && !least.compare_exchange_weak(before, value)) {
  }
}

// The largest weight that is kept. Quantised types are held to that of F16, in which they have their scales: above it
// these would become infinite, or weights 0.
[[nodiscard]] inline float largest_weight(DType type) {
  if (type == DType::f32) return std::numeric_limits<float>::max();
  return type == DType::bf16 ? 0x1.fep127f : 65504.0f;
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
                                     std::string_view what, const std::function<void(std::size_t, float*)>& read) {
  RawTensor out = matrix;
  out.type = type;
  std::byte* bytes = storage.matrices.emplace_back(out.bytes()).data();
  constexpr std::size_t smallest_part = 1 << 16;  // weights
  const float largest = detail::largest_weight(type);
  std::atomic<std::size_t> broken{matrix.rows};  // the first row with a weight that is too large
  team.for_ranges(matrix.rows, std::max<std::size_t>(1, smallest_part / matrix.columns), [&](Range rows, int) {
    std::vector<float> row(matrix.columns);
    for (std::size_t r = rows.first; r < rows.last; ++r) {
      read(r, row.data());
      const auto fits = [largest](float weight) { return std::fabs(weight) <= largest; };  // false for NaN
      if (std::all_of(row.begin(), row.end(), fits))
        detail::write_row(type, row.data(), bytes + r * row_bytes(type, matrix.columns), row.size());
      else
        detail::lower_to(broken, r);
    }
  });
  if (broken != matrix.rows) {
    throw Error(concat(what, ": found a weight in row ", broken.load(), " that is too large for ", name(type),
                       ", expected -", largest, " to ", largest));
  }
  out.data = bytes;
  matrix = std::move(out);
}

}  // namespace litestage::io
