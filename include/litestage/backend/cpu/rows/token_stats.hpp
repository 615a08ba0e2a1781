// Statistics of the next token from the logits of one row. A row is read in chunks of fixed size whose results are
// combined in order, so that neither threads nor other rows change them.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

#include "litestage/backend/cpu/rows/row_kernels_portable.hpp"
#include "litestage/step/token_stats.hpp"
#include "litestage/step/types.hpp"

namespace litestage::cpu {

inline constexpr std::size_t chunk_logits = 4096;

[[nodiscard]] inline std::size_t logit_chunks(std::size_t vocab) {
  return (vocab + chunk_logits - 1) / chunk_logits;
}

struct LogitChunk {
  float max = 0;
  bool finite = true;  // whether all of its logits are finite
  ExpSums sums;        // relative to the maximum of the row
};

[[nodiscard]] inline float row_max(const LogitChunk* chunks, std::size_t n_chunks) {
  float max = -std::numeric_limits<float>::infinity();
  for (std::size_t c = 0; c < n_chunks; ++c) max = chunks[c].max > max ? chunks[c].max : max;
  return max;
}

// The first pass, and the second pass, which needs the maximum over all chunks of the row.
template <class Kernels>
void measure_max(LogitChunk& chunk, const float* logits, std::size_t vocab, std::size_t c) {
  const std::size_t n = std::min(chunk_logits, vocab - c * chunk_logits);
  chunk.max = Kernels::max(logits + c * chunk_logits, n);
  chunk.finite = Kernels::largest_magnitude(logits + c * chunk_logits, n) < 0x7f800000u;  // the bits of infinity
}
template <class Kernels>
void measure_sums(LogitChunk& chunk, const float* logits, std::size_t vocab, std::size_t c, float max) {
  chunk.sums = Kernels::exp_sums(logits + c * chunk_logits, max, std::min(chunk_logits, vocab - c * chunk_logits));
}

// The `count` largest logits, descending; -inf if there are fewer. Chunks that contain none of them are not read.
template <class Kernels>
void find_largest(float* largest, std::size_t count, const LogitChunk* chunks, const float* logits, std::size_t vocab) {
  std::fill_n(largest, count, -std::numeric_limits<float>::infinity());
  for (std::size_t c = 0; c < logit_chunks(vocab); ++c) {
    if (!(chunks[c].max > largest[count - 1])) continue;
    const std::size_t end = std::min((c + 1) * chunk_logits, vocab);
    for (std::size_t i = c * chunk_logits; (i = Kernels::find_above(logits, i, end, largest[count - 1])) < end; ++i) {
      std::size_t at = count - 1;
      for (; at > 0 && largest[at - 1] < logits[i]; --at) largest[at] = largest[at - 1];
      largest[at] = logits[i];
    }
  }
}

// The lowest id that has the largest logit; 0 if no logit is above -inf.
template <class Kernels>
[[nodiscard]] int likeliest(const LogitChunk* chunks, const float* logits, std::size_t vocab, float max) {
  if (max == -std::numeric_limits<float>::infinity()) return 0;
  const float below = std::nextafter(max, -std::numeric_limits<float>::infinity());
  std::size_t c = 0;
  while (!(chunks[c].max > below)) ++c;
  return static_cast<int>(Kernels::find_above(logits, c * chunk_logits, vocab, below));
}

// Computes the statistics in `signals` from both passes.
template <class Kernels>
[[nodiscard]] TokenStats summarize(const LogitChunk* chunks, const float* logits, std::size_t vocab, Signal signals) {
  LogitSums row;
  const std::size_t n_chunks = logit_chunks(vocab);
  const float max = row_max(chunks, n_chunks);
  row.token = likeliest<Kernels>(chunks, logits, vocab, max);
  row.finite = std::all_of(chunks, chunks + n_chunks, [](const LogitChunk& c) { return c.finite; });
  row.maximum = static_cast<double>(max);
  if (needs_sums(signals)) {
    for (std::size_t c = 0; c < n_chunks; ++c) row.sums.add(chunks[c].sums);
  }
  if (const std::size_t count = needs_largest(signals); count > 0) {
    std::array<float, TokenStats::max_top> largest;
    find_largest<Kernels>(largest.data(), count, chunks, logits, vocab);
    std::copy_n(largest.begin(), count, row.largest.begin());
  }
  return token_stats_of(row, signals);
}

}  // namespace litestage::cpu
