// Attention of one query row and one K/V head, for all query heads that share it, so that keys and values are read
// once. Entries are processed in blocks of 128, each with its own softmax, and blocks are merged in order. The first
// block begins at the tile of the row's first entry. The result therefore does not depend on which thread computes a
// block, nor on other rows.
//
// Scores are chains of fma in float over the components; values are summed in float in the order of entries.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "litestage/backend/cpu/rows/kv_stream.hpp"
#include "litestage/backend/cpu/rows/row_kernels_portable.hpp"
#include "litestage/backend/cpu/rows/tiles.hpp"
#include "litestage/core/threads/range.hpp"

namespace litestage::cpu {

inline constexpr std::size_t block_entries = 128;

// The shape of attention. heads: query heads that share a K/V head; width: of a row of values.
struct HeadGroup {
  std::size_t heads = 1, dim = 0, width = 0;
  float scale = 1;

  // Number of floats in one Partial.
  [[nodiscard]] std::size_t partial_size() const { return heads * width + 2 * round_up(heads, tile_entries); }
  // Number of floats that one thread needs: scores, and two partials.
  [[nodiscard]] std::size_t scratch_size() const { return heads * block_entries + 2 * partial_size(); }
};

// Softmax and weighted sum of values over some entries, before the division by the sum.
struct Partial {
  float* values = nullptr;  // [heads, width]
  float* max = nullptr;     // [heads] maximum of the scaled scores
  float* sum = nullptr;     // [heads] sum of e^(score - max)

  Partial() = default;
  Partial(float* memory, const HeadGroup& g)
      : values(memory), max(memory + g.heads * g.width), sum(max + round_up(g.heads, tile_entries)) {}
};

// The blocks of the entries that a row sees.
[[nodiscard]] inline std::size_t blocks_of(Range seen) {
  const std::size_t begin = seen.first / tile_entries * tile_entries;
  return (seen.last - begin + block_entries - 1) / block_entries;
}
[[nodiscard]] inline Range block_of(Range seen, std::size_t block) {
  const std::size_t begin = seen.first / tile_entries * tile_entries + block * block_entries;
  return {std::max(begin, seen.first), std::min(begin + block_entries, seen.last)};
}

// Computes entries of a stream that lie in one block. q [heads, dim], scores [heads, block_entries]
template <class Kernels, class T>
void attend_block(const Partial& out, const HeadGroup& g, const float* q, const KvStream<T>& stream, Range entries,
                  float* scores) {
  const std::size_t tile = entries.first / tile_entries, before = entries.first % tile_entries;
  const std::size_t count = entries.last - tile * tile_entries, tiles = (count + tile_entries - 1) / tile_entries;
  Kernels::scores(scores, block_entries, q, g.heads, stream, tile, tiles);
  for (std::size_t h = 0; h < g.heads; ++h) {
    float* own = scores + h * block_entries;
    // Entries of the tile before the first one get no weight; their values, which may be NaN, are not read below.
    std::fill_n(own, before, -std::numeric_limits<float>::infinity());
    const SoftmaxPart part = Kernels::softmax_block(own, g.scale, count, tiles * tile_entries);
    out.max[h] = part.max;
    out.sum[h] = part.sum;
  }
  Kernels::weigh_values(out.values, scores + before, block_entries, g.heads, stream, entries.first, count - before);
}

// Merges block into total. Overwrites block.max.
template <class Kernels>
void merge(const Partial& total, const Partial& block, const HeadGroup& g) {
  for (std::size_t h = 0; h < g.heads; ++h) {
    const float max = block.max[h] > total.max[h] ? block.max[h] : total.max[h];
    block.max[h] -= max;  // the logarithms of both weights; one of them is 0
    const float of_total = total.max[h] - max;
    total.max[h] = max;
    float weights[2] = {of_total, block.max[h]};
    Kernels::exp(weights, weights, 2);
    total.sum[h] = std::fma(block.sum[h], weights[1], total.sum[h] * weights[0]);
    Kernels::blend(total.values + h * g.width, weights[0], block.values + h * g.width, weights[1], g.width);
  }
}

// Divides by the sum. out [heads, dim]
template <class Kernels>
void finish(float* out, const Partial& total, const HeadGroup& g) {
  for (std::size_t h = 0; h < g.heads; ++h) {
    Kernels::scale(out + h * g.dim, total.values + h * g.width, 1.0f / total.sum[h], g.dim);
  }
}

// Computes all entries that a row sees. out, q [heads, dim]; scratch [scratch_size()]
template <class Kernels, class T>
void attend_row(float* out, const HeadGroup& g, const float* q, const KvStream<T>& stream, Range seen, float* scratch) {
  const Partial total(scratch, g), block(scratch + g.partial_size(), g);
  float* scores = scratch + 2 * g.partial_size();
  for (std::size_t b = 0; b < blocks_of(seen); ++b) {
    attend_block<Kernels>(b == 0 ? total : block, g, q, stream, block_of(seen, b), scores);
    if (b != 0) merge<Kernels>(total, block, g);
  }
  finish<Kernels>(out, total, g);
}

}  // namespace litestage::cpu
