// Merges the chunks of a long row in `Attend` (attend.cuh): every block stores its partial result, and the last block
// of a row and key/value head to finish sums them up.
#pragma once

#include <cstddef>

#include "litestage/kernels/attention/attend_chunk.cuh"
#include "litestage/kernels/scalar.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

template <class T, unsigned G>
struct AttendMerge {
  using Chunk = AttendChunk<T, G>;
  using Params = AttendParams<T>;
  using Share = typename Chunk::Share;
  static constexpr unsigned threads = Chunk::threads, warps = threads / warp_size;
  static constexpr unsigned most_chunks = Chunk::most_chunks;

  // Stores the weighted values, the largest score and the sum of exponentials of this block's chunk.
  template <class C>
  LITESTAGE_DEVICE static void store_partial(C& t, const Params& p, const Share& s) {
    const unsigned d = p.shape.head_dim;
    const float* extremes = t.template shared<float>(Chunk::layout(p.shape).extremes);
    for (unsigned index = t.thread(); index < s.heads * (d + 2); index += threads) {
      const unsigned g = index / (d + 2), j = index % (d + 2);
      const float value = j < d ? Chunk::summed(t, p, s, g, j) : extremes[2 * g + j - d];
      t.store(partial(p, t.block().z, s.head + g, t.block().x) + j, value);
    }
  }

  // Whether this block is the last of the n blocks of its row to arrive here. The last block resets the counter to
  // zero.
  template <class C>
  LITESTAGE_DEVICE static bool last_of_row(C& t, const Params& p, unsigned n) {
    int* last = t.template shared<int>(Chunk::layout(p.shape).flag);
    int* counter = p.finished + static_cast<std::size_t>(t.block().z) * t.grid().y + t.block().y;
    if (t.thread() == 0) {
      t.fence();  // publishes the stores of all threads of the block, which passed a barrier after them
      *last = t.atomic_add(counter, 1) == static_cast<int>(n) - 1 ? 1 : 0;
      if (*last != 0) {
        t.atomic_add(counter, -static_cast<int>(n));
        t.fence();  // orders the reads of the other blocks' stores after the counter
      }
    }
    t.sync();
    return *last != 0;
  }

  // Sums the results of n chunks, rescaling each from its own largest score to the largest score of all chunks.
  template <class C>
  LITESTAGE_DEVICE static void merge(C& t, const Params& p, const Share& s, unsigned n) {
    const unsigned d = p.shape.head_dim, i = t.block().z;
    const float* factors = t.template shared<float>(Chunk::layout(p.shape).sums);
    const float* extremes = t.template shared<float>(Chunk::layout(p.shape).extremes);
    for (unsigned g = warp(t); g < s.heads; g += warps) find_factors(t, p, partial(p, i, s.head + g, 0) + d, g, n);
    t.sync();
    float* out = p.out + static_cast<std::size_t>(i) * p.shape.q_dim() + s.head * d;
    for (unsigned index = t.thread(); index < s.heads * d; index += threads) {
      const unsigned g = index / d;
      const float* part = partial(p, i, s.head + g, 0) + index % d;
      float value = 0;
      for (unsigned c = 0; c < n; ++c) {
        const float in_chunk = t.load_fresh(part + static_cast<std::size_t>(c) * (d + 2));
        value = fmaf(factors[g * most_chunks + c], in_chunk, value);
      }
      t.store(out + index, value / extremes[2 * g + 1]);
    }
  }

 private:
  // The partial result of chunk c of row i for a query head: [head_dim + 2].
  LITESTAGE_DEVICE static float* partial(const Params& p, unsigned i, unsigned head, unsigned c) {
    const std::size_t index = (static_cast<std::size_t>(i) * p.shape.n_heads + head) * p.max_chunks + c;
    return p.partial + index * (p.shape.head_dim + 2);
  }
  // Computes the factors of all chunks for query g, in one warp. `part` points to the largest score and the sum of
  // chunk 0.
  template <class C>
  LITESTAGE_DEVICE static void find_factors(C& t, const Params& p, const float* part, unsigned g, unsigned n) {
    float* factors = t.template shared<float>(Chunk::layout(p.shape).sums) + g * most_chunks;
    const std::size_t step = p.shape.head_dim + 2;
    float largest = -HUGE_VALF;
    for (unsigned c = lane(t); c < n; c += warp_size) {
      factors[c] = t.load_fresh(part + c * step);
      largest = factors[c] > largest ? factors[c] : largest;
    }
    largest = warp_max(t, largest);
    float sum = 0;
    for (unsigned c = lane(t); c < n; c += warp_size) {
      factors[c] = exponential(factors[c] - largest);
      sum = fmaf(factors[c], t.load_fresh(part + c * step + 1), sum);
    }
    sum = warp_sum(t, sum);
    if (lane(t) == 0) t.template shared<float>(Chunk::layout(p.shape).extremes)[2 * g + 1] = sum;
  }
};

}  // namespace litestage::kernels
