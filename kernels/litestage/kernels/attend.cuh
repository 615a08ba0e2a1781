// Attention of a few rows: softmax over the entries that a row sees, times their values. Long contexts are split: a
// block takes `chunk` entries of one row and one key/value head, for all query heads that share it, and the block that
// is the last of its row to finish merges what they found.
//
// The split depends on the row's own context alone, never on the batch or on the grid, so neither do the bits.
#pragma once

#include <cstddef>

#include "litestage/kernels/cache.cuh"
#include "litestage/kernels/heads.cuh"
#include "litestage/kernels/project_qkv.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

template <class T>
struct Attend {
  static constexpr const char* name = "attend";
  static constexpr unsigned threads = 128, warps = threads / warp_size;
  static constexpr unsigned chunk = 128;  // entries of one block
  struct Params {
    const float* q = nullptr;  // [n_run, q_dim]
    AttentionInputs rows;
    HeadShape shape;
    float scale = 0;
    Cache<T> cache;
    unsigned layer = 0;
    float* out = nullptr;      // [n_run, q_dim]
    unsigned max_chunks = 1;   // at least chunks(visible) of every row
    float* partial = nullptr;  // [n_run, n_kv_heads, max_chunks, group, head_dim + 2]: weighted values, largest, sum
    int* finished = nullptr;   // [n_run, n_kv_heads] zero before and after
  };
  [[nodiscard]] static unsigned chunks(unsigned visible) { return (visible + chunk - 1) / chunk; }
  static std::size_t shared_bytes(const Params& p) { return layout(p.shape).bytes; }
  static Grid grid(const Params& p) { return {p.max_chunks, p.shape.n_kv_heads, p.rows.n_run}; }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    const Layout at = layout(p.shape);
    const unsigned i = t.block().z, head = t.block().y;
    const auto visible = static_cast<unsigned>(t.load(p.rows.visible + i));
    const unsigned first = t.block().x * chunk;
    if (first >= visible) return;  // the whole block
    const unsigned n = visible - first < chunk ? visible - first : chunk;
    const auto slot = static_cast<unsigned>(t.load(p.rows.slots + i));
    const std::size_t entries = p.cache.at(slot, p.layer, head, first);
    const bool alone = visible <= chunk;

    load_queries(t, p, at, i, head);
    t.sync();
    scores(t, p, at, p.cache.k + entries, n);
    t.sync();
    softmax(t, p, at, n);
    t.sync();
    float* out = p.out + static_cast<std::size_t>(i) * p.shape.q_dim() + head * group(p) * p.shape.head_dim;
    float* part = p.partial + partial_at(p, i, head, t.block().x);
    weigh_values(t, p, at, p.cache.v + entries, n, alone ? out : part, alone);
    if (alone) return;
    if (last_of_row(t, p, i, head, (visible + chunk - 1) / chunk))
      merge(t, p, i, head, (visible + chunk - 1) / chunk, out);
  }

 private:
  // Shared memory: queries [group][head_dim], weights [group][chunk], largest and sum [group][2], a flag, and sums of
  // values [lane groups][group][head_dim].
  struct Layout {
    std::size_t weights, extremes, flag, sums, bytes;
    unsigned lanes;  // that read one entry, 16 bytes each at a time
  };
  LITESTAGE_HOST_DEVICE static Layout layout(const HeadShape& s) {
    Layout at{};
    const std::size_t group = s.n_heads / s.n_kv_heads;
    const unsigned vectors = (s.head_dim + per_vector<T> - 1) / per_vector<T>;
    at.lanes = 1;
    while (at.lanes < vectors && at.lanes < warp_size) at.lanes *= 2;
    at.weights = group * s.head_dim * 4;
    at.extremes = at.weights + group * chunk * 4;
    at.flag = at.extremes + group * 2 * 4;
    at.sums = at.flag + 4;
    at.bytes = at.sums + std::size_t{threads} / at.lanes * s.head_dim * 4;
    return at;
  }
  LITESTAGE_DEVICE static unsigned group(const Params& p) { return p.shape.n_heads / p.shape.n_kv_heads; }
  LITESTAGE_DEVICE static std::size_t partial_at(const Params& p, unsigned i, unsigned head, unsigned c) {
    const std::size_t index = (static_cast<std::size_t>(i) * p.shape.n_kv_heads + head) * p.max_chunks + c;
    return index * group(p) * (p.shape.head_dim + 2);
  }

  template <class C>
  LITESTAGE_DEVICE static void load_queries(C& t, const Params& p, const Layout&, unsigned i, unsigned head) {
    const unsigned n = group(p) * p.shape.head_dim;
    const float* q = p.q + static_cast<std::size_t>(i) * p.shape.q_dim() + head * n;
    for (unsigned j = t.thread(); j < n; j += threads) t.template shared<float>(0)[j] = t.load(q + j);
  }

  // weights[g][e] = scale <q_g, k_e>. `lanes` threads to an entry.
  template <class C>
  LITESTAGE_DEVICE static void scores(C& t, const Params& p, const Layout& at, const T* k, unsigned n) {
    const float* q = t.template shared<float>(0);
    float* weights = t.template shared<float>(at.weights);
    const unsigned d = p.shape.head_dim, groups = threads / at.lanes, mine = t.thread() % at.lanes;
    for (unsigned first = 0; first < n; first += groups) {
      const unsigned e = first + t.thread() / at.lanes;
      for (unsigned g = 0; g < group(p); ++g) {
        float dot = 0;
        for (unsigned v = mine; v * per_vector<T> < d && e < n; v += at.lanes) {
          dot = add_products(t, k + static_cast<std::size_t>(e) * d, v, d, q + g * d, dot);
        }
        for (unsigned mask = at.lanes / 2; mask > 0; mask /= 2) dot += t.shfl_xor(dot, mask);
        if (mine == 0 && e < n) weights[g * chunk + e] = p.scale * dot;
      }
    }
  }
  template <class C>
  LITESTAGE_DEVICE static float add_products(C& t, const T* entry, unsigned v, unsigned, const float* q, float dot) {
    const Vector16 bits = t.load(reinterpret_cast<const Vector16*>(entry) + v);
    LITESTAGE_UNROLL
    for (unsigned j = 0; j < per_vector<T>; ++j) dot = fmaf(stored_element<T>(bits, j), q[v * per_vector<T> + j], dot);
    return dot;
  }

  // A warp to a query head: its largest score, the exponentials, their sum.
  template <class C>
  LITESTAGE_DEVICE static void softmax(C& t, const Params& p, const Layout& at, unsigned n) {
    float* extremes = t.template shared<float>(at.extremes);
    for (unsigned g = warp(t); g < group(p); g += warps) {
      float* weights = t.template shared<float>(at.weights) + g * chunk;
      float largest = -HUGE_VALF;
      for (unsigned e = lane(t); e < n; e += warp_size) largest = weights[e] > largest ? weights[e] : largest;
      largest = warp_max(t, largest);
      float sum = 0;
      for (unsigned e = lane(t); e < n; e += warp_size) {
        weights[e] = exponential(weights[e] - largest);
        sum += weights[e];
      }
      sum = warp_sum(t, sum);
      if (lane(t) == 0) {
        extremes[2 * g] = largest;
        extremes[2 * g + 1] = sum;
      }
    }
  }

  // to[g] = sum of weights[g][e] v_e (divided by the sum of weights if this is all of it), then largest and sum.
  template <class C>
  LITESTAGE_DEVICE static void weigh_values(C& t, const Params& p, const Layout& at, const T* v, unsigned n, float* to,
                                            bool alone) {
    const unsigned d = p.shape.head_dim, groups = threads / at.lanes, mine = t.thread() % at.lanes;
    const float* extremes = t.template shared<float>(at.extremes);
    float* sums = t.template shared<float>(at.sums);
    for (unsigned g = 0; g < group(p); ++g) {
      const float* weights = t.template shared<float>(at.weights) + g * chunk;
      for (unsigned u = mine; u * per_vector<T> < d; u += at.lanes) {
        float sum[per_vector<T>] = {};
        for (unsigned e = t.thread() / at.lanes; e < n; e += groups) {
          const Vector16 bits = t.load(reinterpret_cast<const Vector16*>(v + static_cast<std::size_t>(e) * d) + u);
          LITESTAGE_UNROLL
          for (unsigned j = 0; j < per_vector<T>; ++j) sum[j] = fmaf(weights[e], stored_element<T>(bits, j), sum[j]);
        }
        LITESTAGE_UNROLL
        for (unsigned j = 0; j < per_vector<T>; ++j) sums[t.thread() / at.lanes * d + u * per_vector<T> + j] = sum[j];
      }
      t.sync();
      for (unsigned j = t.thread(); j < d; j += threads) {
        float sum = 0;
        for (unsigned k = 0; k < groups; ++k) sum += sums[k * d + j];
        t.store(to + g * (alone ? d : d + 2) + j, alone ? sum / extremes[2 * g + 1] : sum);
      }
      if (!alone && t.thread() < 2) t.store(to + g * (d + 2) + d + t.thread(), extremes[2 * g + t.thread()]);
      t.sync();  // before the sums of the next head
    }
  }

  // Whether this block is the last of `n` to get here; the counter is then zero again.
  template <class C>
  LITESTAGE_DEVICE static bool last_of_row(C& t, const Params& p, unsigned i, unsigned head, unsigned n) {
    int* last = t.template shared<int>(layout(p.shape).flag);
    int* counter = p.finished + i * p.shape.n_kv_heads + head;
    if (t.thread() == 0) {
      t.fence();  // what all threads of this block stored, for the barrier before was passed
      *last = t.atomic_add(counter, 1) == static_cast<int>(n) - 1;
      if (*last != 0) t.atomic_add(counter, -static_cast<int>(n));
      t.fence();
    }
    t.sync();
    return *last != 0;
  }

  template <class C>
  LITESTAGE_DEVICE static void merge(C& t, const Params& p, unsigned i, unsigned head, unsigned n, float* out) {
    const unsigned d = p.shape.head_dim;
    for (unsigned index = t.thread(); index < group(p) * d; index += threads) {
      const unsigned g = index / d, j = index % d;
      float largest = -HUGE_VALF;
      for (unsigned c = 0; c < n; ++c) {
        const float other = t.load_fresh(p.partial + partial_at(p, i, head, c) + g * (d + 2) + d);
        largest = other > largest ? other : largest;
      }
      float value = 0, sum = 0;
      for (unsigned c = 0; c < n; ++c) {
        const float* part = p.partial + partial_at(p, i, head, c) + g * (d + 2);
        const float factor = exponential(t.load_fresh(part + d) - largest);
        value = fmaf(factor, t.load_fresh(part + j), value);
        sum = fmaf(factor, t.load_fresh(part + d + 1), sum);
      }
      t.store(out + index, value / sum);
    }
  }
};

}  // namespace litestage::kernels
