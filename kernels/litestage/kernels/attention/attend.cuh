// Attention for a few rows: softmax over the entries that a row sees, times their values. Long contexts are split: a
// block processes `chunk` entries of one row and one key/value head, for all query heads that share it, and the last
// block of the row to finish merges the chunks.
//
// The split depends only on the row's own context, not on the batch or the grid, so neither do the bits of a row's
// result.
#pragma once

#include <cstddef>

#include "litestage/kernels/attention/attend_chunk.cuh"
#include "litestage/kernels/attention/attend_merge.cuh"
#include "litestage/kernels/attention/cache.cuh"
#include "litestage/kernels/scalar.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

// G is the largest number of query heads that a block serves; it determines how many registers a block needs
// (with_heads_at_once). A block loads each key and value once for all of its heads. If more than G heads share a
// key/value head, several blocks read it. A head's bits do not depend on G.
template <class T, unsigned G>
struct Attend {
  using Chunk = AttendChunk<T, G>;
  using Merge = AttendMerge<T, G>;
  using Params = AttendParams<T>;
  static constexpr const char* name = "attend";
  static constexpr unsigned threads = Chunk::threads, warps = threads / warp_size;
  static constexpr unsigned resident = sizeof(T) == 2 ? 4 : 3;  // the largest number of blocks without spills at G = 8
  static constexpr unsigned chunk = Chunk::size;
  static constexpr unsigned most_entries = chunk * Chunk::most_chunks;  // limit for the entries that a row sees
  [[nodiscard]] LITESTAGE_HOST_DEVICE static unsigned chunks(unsigned visible) { return (visible + chunk - 1) / chunk; }
  static std::size_t shared_bytes(const Params& p) { return Chunk::layout(p.shape).bytes; }
  static Grid grid(const Params& p) { return {p.max_chunks, p.shape.n_kv_heads * Chunk::parts(p.shape), p.rows.n_run}; }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    const unsigned i = t.block().z, first = t.block().x * chunk;  // counted from the first entry that the row sees
    const unsigned begin = p.rows.first == nullptr ? 0 : static_cast<unsigned>(t.load(p.rows.first + i));
    const unsigned visible = static_cast<unsigned>(t.load(p.rows.visible + i)) - begin;
    if (first >= visible) return;  // the whole block
    const Share s = Chunk::share_of(t, p.shape, visible - first < chunk ? visible - first : chunk);
    const auto slot = static_cast<unsigned>(t.load(p.rows.slots + i));
    const std::size_t entries = p.cache.at(slot, p.layer, s.kv_head, begin + first) + s.lane * Chunk::lane_numbers;
    const T *k = p.cache.k + entries, *v = p.cache.v + entries;

    // Issues the loads of the first keys and values before the queries are loaded, so that their latencies overlap.
    const FourEntries keys = Chunk::load_four(t, p, s, k, 0), values = Chunk::load_four(t, p, s, v, 0);
    Chunk::load_queries(t, p, s);
    t.sync();
    score(t, p, s, k, keys);
    t.sync();
    softmax(t, p, s);
    t.sync();
    weigh(t, p, s, v, values);
    t.sync();
    if (visible <= chunk) {
      store_result(t, p, s);
      return;
    }
    Merge::store_partial(t, p, s);
    t.sync();
    if (Merge::last_of_row(t, p, chunks(visible))) Merge::merge(t, p, s, chunks(visible));
  }

 private:
  static constexpr unsigned lane_numbers = Chunk::lane_numbers;
  using Share = typename Chunk::Share;
  using FourEntries = typename Chunk::FourEntries;

  // weights[g][e] = scale <q_g, k_e>
  template <class C>
  LITESTAGE_DEVICE static void score(C& t, const Params& p, const Share& s, const T* k, const FourEntries& first_keys) {
    float* weights = t.template shared<float>(Chunk::layout(p.shape).weights);
    float q[G][lane_numbers];
    Chunk::read_queries(t, p, s, q);
    FourEntries keys = first_keys;
    for (unsigned first = 0; first < s.n; first += 4 * s.groups) {
      if (first > 0) keys = Chunk::load_four(t, p, s, k, first);
      const unsigned e = first + s.lane * s.groups + s.group;  // the entry whose sum this lane has, if lane < 4
      LITESTAGE_UNROLL
      for (unsigned g = 0; g < G; ++g) {
        if (g >= s.heads) continue;
        float dot[4] = {};
        LITESTAGE_UNROLL
        for (unsigned j = 0; j < lane_numbers; ++j) {
          LITESTAGE_UNROLL
          for (unsigned x = 0; x < 4; ++x) dot[x] = fmaf(q[g][j], Chunk::number(keys, x, j), dot[x]);
        }
        const float sum = sum_of_four(t, dot, s);
        if (s.lane < 4 && e < s.n) weights[g * chunk + e] = p.scale * sum;
      }
    }
  }
  // Sums four numbers over a group of lanes; a lane gets the sum of number lane % 4. In each step a lane passes on the
  // numbers that it does not need, so four sums take hardly more shuffles than one.
  template <class C>
  LITESTAGE_DEVICE static float sum_of_four(C& t, const float (&x)[4], const Share& s) {
    const bool odd = s.lane % 2 == 1, upper = s.lane / 2 % 2 == 1;
    const float low = (odd ? x[1] : x[0]) + t.shfl_xor(odd ? x[0] : x[1], 1u);
    const float high = (odd ? x[3] : x[2]) + t.shfl_xor(odd ? x[2] : x[3], 1u);
    float sum = (upper ? high : low) + t.shfl_xor(upper ? low : high, 2u);
    for (unsigned mask = 4; mask < s.lanes; mask *= 2) sum += t.shfl_xor(sum, mask);
    return sum;
  }

  // One warp per query head computes the largest score, the exponentials and their sum. Weights past the end of the
  // chunk are zero.
  template <class C>
  LITESTAGE_DEVICE static void softmax(C& t, const Params& p, const Share& s) {
    float* extremes = t.template shared<float>(Chunk::layout(p.shape).extremes);
    for (unsigned g = warp(t); g < s.heads; g += warps) {
      float* weights = t.template shared<float>(Chunk::layout(p.shape).weights) + g * chunk;
      float largest = -HUGE_VALF;
      for (unsigned e = lane(t); e < s.n; e += warp_size) largest = weights[e] > largest ? weights[e] : largest;
      largest = warp_max(t, largest);
      float sum = 0;
      LITESTAGE_UNROLL
      for (unsigned e = lane(t); e < chunk; e += warp_size) {
        const float weight = e < s.n ? exponential(weights[e] - largest) : 0.0f;
        weights[e] = weight;
        sum += weight;
      }
      sum = warp_sum(t, sum);
      if (lane(t) == 0) {
        extremes[2 * g] = largest;
        extremes[2 * g + 1] = sum;
      }
    }
  }

  // sums[g][thread] = the sum of weights[g][e] v_e over the thread's entries
  template <class C>
  LITESTAGE_DEVICE static void weigh(C& t, const Params& p, const Share& s, const T* v,
                                     const FourEntries& first_values) {
    const float* weights = t.template shared<float>(Chunk::layout(p.shape).weights);
    float sum[G][lane_numbers] = {};
    FourEntries values = first_values;
    for (unsigned first = 0; first < s.n; first += 4 * s.groups) {
      if (first > 0) values = Chunk::load_four(t, p, s, v, first);
      LITESTAGE_UNROLL
      for (unsigned k = 0; k < 4; ++k) {
        const unsigned e = first + k * s.groups + s.group;
        LITESTAGE_UNROLL
        for (unsigned g = 0; g < G; ++g) {
          if (g >= s.heads) continue;
          const float weight = weights[g * chunk + e];
          LITESTAGE_UNROLL
          for (unsigned j = 0; j < lane_numbers; ++j) sum[g][j] = fmaf(weight, Chunk::number(values, k, j), sum[g][j]);
        }
      }
    }
    auto* sums = t.template shared<Vector16>(Chunk::layout(p.shape).sums);
    LITESTAGE_UNROLL
    for (unsigned g = 0; g < G; ++g) {
      if (g >= s.heads) continue;
      LITESTAGE_UNROLL
      for (unsigned half = 0; half < lane_numbers / 4; ++half) {
        const float* x = sum[g] + 4 * half;
        sums[(g * threads + t.thread()) * (lane_numbers / 4) + half] = {
            {bits_of(x[0]), bits_of(x[1]), bits_of(x[2]), bits_of(x[3])}};
      }
    }
  }

  template <class C>
  LITESTAGE_DEVICE static void store_result(C& t, const Params& p, const Share& s) {
    const unsigned d = p.shape.head_dim;
    const float* extremes = t.template shared<float>(Chunk::layout(p.shape).extremes);
    float* out = p.out + static_cast<std::size_t>(t.block().z) * p.shape.q_dim() + s.head * d;
    for (unsigned index = t.thread(); index < s.heads * d; index += threads) {
      t.store(out + index, Chunk::summed(t, p, s, index / d, index % d) / extremes[2 * (index / d) + 1]);
    }
  }
};

// Calls f.operator()<G>() with the smallest G of 1, 2, 4 and 8 that is at least `group`, the query heads per key/value
// head; larger groups get 8 and are shared by several blocks.
template <class F>
decltype(auto) with_heads_at_once(unsigned group, F&& f) {
  if (group <= 1) return f.template operator()<1>();
  if (group <= 2) return f.template operator()<2>();
  if (group <= 4) return f.template operator()<4>();
  return f.template operator()<8>();
}

}  // namespace litestage::kernels
