// Attention of a few rows: softmax over the entries that a row sees, times their values. Long contexts are split: a
// block takes `chunk` entries of one row and one key/value head, for all query heads that share it, and the block that
// is the last of its row to finish merges what they found.
//
// The split depends on the row's own context alone, never on the batch or on the grid, so neither do the bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "litestage/kernels/attention/cache.cuh"
#include "litestage/kernels/attention/heads.cuh"
#include "litestage/kernels/products/project_qkv.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

// G: query heads that a block serves at most, which decides how many registers it needs; see with_heads_at_once. Each
// key and value is loaded once for all of them. Where more share a key/value head, several blocks read it. A head's
// bits do not depend on G.
template <class T, unsigned G>
struct Attend {
  static constexpr const char* name = "attend";
  static constexpr unsigned threads = 128, warps = threads / warp_size;
  static constexpr unsigned resident = sizeof(T) == 2 ? 4 : 3;  // more than G = 8 gives by itself, without spills
  static constexpr unsigned chunk = 128;                        // entries of one block
  static constexpr unsigned most_chunks = 1024;                 // of a row
  static constexpr unsigned most_entries = chunk * most_chunks;
  struct Params {
    const float* q = nullptr;  // [n_run, q_dim]
    AttentionInputs rows;
    HeadShape shape;
    float scale = 0;
    Cache<T> cache;
    unsigned layer = 0;
    float* out = nullptr;      // [n_run, q_dim]
    unsigned max_chunks = 1;   // at least chunks(visible) of every row
    float* partial = nullptr;  // [n_run, n_heads, max_chunks, head_dim + 2]: weighted values, largest score, sum
    int* finished = nullptr;   // [n_run, grid().y] zero before and after
    friend bool operator==(const Params&, const Params&) = default;
  };
  [[nodiscard]] LITESTAGE_HOST_DEVICE static unsigned chunks(unsigned visible) { return (visible + chunk - 1) / chunk; }
  static std::size_t shared_bytes(const Params& p) { return layout(p.shape).bytes; }
  static Grid grid(const Params& p) { return {p.max_chunks, p.shape.n_kv_heads * parts(p.shape), p.rows.n_run}; }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    const unsigned i = t.block().z, first = t.block().x * chunk;
    const auto visible = static_cast<unsigned>(t.load(p.rows.visible + i));
    if (first >= visible) return;  // the whole block
    const Share s = share_of(t, p.shape, visible - first < chunk ? visible - first : chunk);
    const auto slot = static_cast<unsigned>(t.load(p.rows.slots + i));
    const std::size_t entries = p.cache.at(slot, p.layer, s.kv_head, first) + s.lane * lane_numbers;
    const T *k = p.cache.k + entries, *v = p.cache.v + entries;

    // The first keys and values are under way while the queries are loaded, and the values during the softmax too.
    const Four keys = load_four(t, p, s, k, 0), values = load_four(t, p, s, v, 0);
    load_queries(t, p, s);
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
    store_partial(t, p, s);
    t.sync();
    if (last_of_row(t, p, chunks(visible))) merge(t, p, s, chunks(visible));
  }

 private:
  static constexpr unsigned lane_numbers = 8;  // of an entry that one thread reads
  static constexpr unsigned lane_vectors = lane_numbers / per_vector<T>;

  // What a block and a thread do. An entry is read by `lanes` neighbouring threads, so `groups` entries at a time.
  // Threads past the end of an entry read nothing, but go along.
  struct Share {
    unsigned kv_head, head, heads;  // query heads `head` .. head + heads - 1
    unsigned n;                     // entries
    unsigned lanes, groups, lane, group;
    bool reads;
  };
  // Four entries' numbers 8 lane .. 8 lane + 7.
  struct Four {
    Vector16 bits[4][lane_vectors];
  };
  // Shared memory: queries [G][head_dim], weights [G][chunk], largest and sum [G][2], a flag, and sums of values
  // [G][threads][8], later the factors of the chunks [G][most_chunks].
  struct Layout {
    std::size_t weights, extremes, flag, sums, bytes;
  };

  [[nodiscard]] LITESTAGE_HOST_DEVICE static unsigned group_size(const HeadShape& s) {
    return s.n_heads / s.n_kv_heads;
  }
  // Blocks that share a key/value head.
  [[nodiscard]] LITESTAGE_HOST_DEVICE static unsigned parts(const HeadShape& s) { return (group_size(s) + G - 1) / G; }
  [[nodiscard]] LITESTAGE_HOST_DEVICE static Layout layout(const HeadShape& s) {
    static_assert(most_chunks <= threads * lane_numbers);
    const std::size_t heads = group_size(s) < G ? group_size(s) : G;
    Layout at{};
    at.weights = heads * s.head_dim * 4;
    at.extremes = at.weights + heads * chunk * 4;
    at.flag = at.extremes + heads * 2 * 4;
    at.sums = (at.flag + 4 + 15) / 16 * 16;
    at.bytes = at.sums + heads * threads * lane_numbers * 4;
    return at;
  }
  template <class C>
  LITESTAGE_DEVICE static Share share_of(C& t, const HeadShape& shape, unsigned n) {
    Share s{};
    const unsigned part = t.block().y % parts(shape), left = group_size(shape) - part * G;
    s.kv_head = t.block().y / parts(shape);
    s.head = s.kv_head * group_size(shape) + part * G;
    s.heads = left < G ? left : G;
    s.n = n;
    s.lanes = 4;
    while (s.lanes * lane_numbers < shape.head_dim) s.lanes *= 2;
    s.groups = threads / s.lanes;
    s.lane = t.thread() % s.lanes;
    s.group = t.thread() / s.lanes;
    s.reads = s.lane * lane_numbers < shape.head_dim;
    return s;
  }
  LITESTAGE_DEVICE static float* partial(const Params& p, unsigned i, unsigned head, unsigned c) {
    const std::size_t index = (static_cast<std::size_t>(i) * p.shape.n_heads + head) * p.max_chunks + c;
    return p.partial + index * (p.shape.head_dim + 2);
  }

  // Entries first + group, + groups, ...; zeros where there is none. `from`: this thread's numbers of entry 0.
  template <class C>
  LITESTAGE_DEVICE static Four load_four(C& t, const Params& p, const Share& s, const T* from, unsigned first) {
    Four four{};
    LITESTAGE_UNROLL
    for (unsigned k = 0; k < 4; ++k) {
      const unsigned e = first + k * s.groups + s.group;
      if (e >= s.n || !s.reads) continue;
      const auto* at = reinterpret_cast<const Vector16*>(from + static_cast<std::size_t>(e) * p.shape.head_dim);
      LITESTAGE_UNROLL
      for (unsigned v = 0; v < lane_vectors; ++v) four.bits[k][v] = t.load(at + v);
    }
    return four;
  }
  LITESTAGE_DEVICE static float number(const Four& four, unsigned k, unsigned j) {
    return stored_element<T>(four.bits[k][j / per_vector<T>], j % per_vector<T>);
  }

  template <class C>
  LITESTAGE_DEVICE static void load_queries(C& t, const Params& p, const Share& s) {
    const std::size_t first = static_cast<std::size_t>(t.block().z) * p.shape.q_dim() + s.head * p.shape.head_dim;
    const auto* q = reinterpret_cast<const Vector16*>(p.q + first);
    auto* to = t.template shared<Vector16>(0);
    for (unsigned j = t.thread(); j < s.heads * p.shape.head_dim / 4; j += threads) to[j] = t.load(q + j);
  }
  // This thread's 8 numbers of every query.
  template <class C>
  LITESTAGE_DEVICE static void read_queries(C& t, const Params& p, const Share& s, float (&q)[G][lane_numbers]) {
    const auto* queries = t.template shared<Vector16>(0);
    LITESTAGE_UNROLL
    for (unsigned g = 0; g < G; ++g) {
      LITESTAGE_UNROLL
      for (unsigned v = 0; v < lane_numbers / 4; ++v) {
        Vector16 bits{};
        if (g < s.heads && s.reads) bits = queries[(g * p.shape.head_dim + s.lane * lane_numbers) / 4 + v];
        LITESTAGE_UNROLL
        for (unsigned j = 0; j < 4; ++j) q[g][4 * v + j] = float_of_bits(bits.word[j]);
      }
    }
  }

  // weights[g][e] = scale <q_g, k_e>
  template <class C>
  LITESTAGE_DEVICE static void score(C& t, const Params& p, const Share& s, const T* k, const Four& first_keys) {
    float* weights = t.template shared<float>(layout(p.shape).weights);
    float q[G][lane_numbers];
    read_queries(t, p, s, q);
    Four keys = first_keys;
    for (unsigned first = 0; first < s.n; first += 4 * s.groups) {
      if (first > 0) keys = load_four(t, p, s, k, first);
      const unsigned e = first + s.lane * s.groups + s.group;  // whose sum the first four lanes get
      LITESTAGE_UNROLL
      for (unsigned g = 0; g < G; ++g) {
        if (g >= s.heads) continue;
        float dot[4] = {};
        LITESTAGE_UNROLL
        for (unsigned j = 0; j < lane_numbers; ++j) {
          LITESTAGE_UNROLL
          for (unsigned x = 0; x < 4; ++x) dot[x] = fmaf(q[g][j], number(keys, x, j), dot[x]);
        }
        const float sum = sum_of_four(t, dot, s);
        if (s.lane < 4 && e < s.n) weights[g * chunk + e] = p.scale * sum;
      }
    }
  }
  // The sum over a group's lanes of number lane % 4. Lanes give away the numbers that they need no longer, so four sums
  // take hardly more shuffles than one.
  template <class C>
  LITESTAGE_DEVICE static float sum_of_four(C& t, const float (&x)[4], const Share& s) {
    const bool odd = s.lane % 2 == 1, upper = s.lane / 2 % 2 == 1;
    const float low = (odd ? x[1] : x[0]) + t.shfl_xor(odd ? x[0] : x[1], 1u);
    const float high = (odd ? x[3] : x[2]) + t.shfl_xor(odd ? x[2] : x[3], 1u);
    float sum = (upper ? high : low) + t.shfl_xor(upper ? low : high, 2u);
    for (unsigned mask = 4; mask < s.lanes; mask *= 2) sum += t.shfl_xor(sum, mask);
    return sum;
  }

  // A warp to a query head: its largest score, the exponentials, their sum. Weights of entries that are not there are
  // zero.
  template <class C>
  LITESTAGE_DEVICE static void softmax(C& t, const Params& p, const Share& s) {
    float* extremes = t.template shared<float>(layout(p.shape).extremes);
    for (unsigned g = warp(t); g < s.heads; g += warps) {
      float* weights = t.template shared<float>(layout(p.shape).weights) + g * chunk;
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

  // sums[g][thread] = weights[g][e] v_e over the thread's entries
  template <class C>
  LITESTAGE_DEVICE static void weigh(C& t, const Params& p, const Share& s, const T* v, const Four& first_values) {
    const float* weights = t.template shared<float>(layout(p.shape).weights);
    float sum[G][lane_numbers] = {};
    Four values = first_values;
    for (unsigned first = 0; first < s.n; first += 4 * s.groups) {
      if (first > 0) values = load_four(t, p, s, v, first);
      LITESTAGE_UNROLL
      for (unsigned k = 0; k < 4; ++k) {
        const unsigned e = first + k * s.groups + s.group;
        LITESTAGE_UNROLL
        for (unsigned g = 0; g < G; ++g) {
          if (g >= s.heads) continue;
          const float weight = weights[g * chunk + e];
          LITESTAGE_UNROLL
          for (unsigned j = 0; j < lane_numbers; ++j) sum[g][j] = fmaf(weight, number(values, k, j), sum[g][j]);
        }
      }
    }
    auto* sums = t.template shared<Vector16>(layout(p.shape).sums);
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
  // Number j of the weighted values of query g.
  template <class C>
  LITESTAGE_DEVICE static float summed(C& t, const Params& p, const Share& s, unsigned g, unsigned j) {
    const auto* sums = t.template shared<std::uint32_t>(layout(p.shape).sums) + g * threads * lane_numbers + j;
    float sum = 0;
    for (unsigned k = 0; k < s.groups; ++k) sum += float_of_bits(sums[k * s.lanes * lane_numbers]);
    return sum;
  }

  template <class C>
  LITESTAGE_DEVICE static void store_result(C& t, const Params& p, const Share& s) {
    const unsigned d = p.shape.head_dim;
    const float* extremes = t.template shared<float>(layout(p.shape).extremes);
    float* out = p.out + static_cast<std::size_t>(t.block().z) * p.shape.q_dim() + s.head * d;
    for (unsigned index = t.thread(); index < s.heads * d; index += threads) {
      t.store(out + index, summed(t, p, s, index / d, index % d) / extremes[2 * (index / d) + 1]);
    }
  }
  template <class C>
  LITESTAGE_DEVICE static void store_partial(C& t, const Params& p, const Share& s) {
    const unsigned d = p.shape.head_dim;
    const float* extremes = t.template shared<float>(layout(p.shape).extremes);
    for (unsigned index = t.thread(); index < s.heads * (d + 2); index += threads) {
      const unsigned g = index / (d + 2), j = index % (d + 2);
      const float value = j < d ? summed(t, p, s, g, j) : extremes[2 * g + j - d];
      t.store(partial(p, t.block().z, s.head + g, t.block().x) + j, value);
    }
  }

  // Whether this block is the last of `n` to get here; the counter is then zero again.
  template <class C>
  LITESTAGE_DEVICE static bool last_of_row(C& t, const Params& p, unsigned n) {
    int* last = t.template shared<int>(layout(p.shape).flag);
    int* counter = p.finished + static_cast<std::size_t>(t.block().z) * t.grid().y + t.block().y;
    if (t.thread() == 0) {
      t.fence();  // what all threads of this block stored, for the barrier before was passed
      *last = t.atomic_add(counter, 1) == static_cast<int>(n) - 1 ? 1 : 0;
      if (*last != 0) {
        t.atomic_add(counter, -static_cast<int>(n));
        t.fence();  // before it reads what the others stored
      }
    }
    t.sync();
    return *last != 0;
  }

  // The chunks' sums, each scaled from its own largest score to that of all.
  template <class C>
  LITESTAGE_DEVICE static void merge(C& t, const Params& p, const Share& s, unsigned n) {
    const unsigned d = p.shape.head_dim, i = t.block().z;
    const float* factors = t.template shared<float>(layout(p.shape).sums);
    const float* extremes = t.template shared<float>(layout(p.shape).extremes);
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
  // By one warp, for query g. `part`: the largest score and the sum of chunk 0.
  template <class C>
  LITESTAGE_DEVICE static void find_factors(C& t, const Params& p, const float* part, unsigned g, unsigned n) {
    float* factors = t.template shared<float>(layout(p.shape).sums) + g * most_chunks;
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
    if (lane(t) == 0) t.template shared<float>(layout(p.shape).extremes)[2 * g + 1] = sum;
  }
};

// Calls f.operator()<G>() with the G that suits `group` query heads to a key/value head.
template <class F>
decltype(auto) with_heads_at_once(unsigned group, F&& f) {
  if (group <= 1) return f.template operator()<1>();
  if (group <= 2) return f.template operator()<2>();
  if (group <= 4) return f.template operator()<4>();
  return f.template operator()<8>();
}

}  // namespace litestage::kernels
