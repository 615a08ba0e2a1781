// Bias, norm of each head, RoPE and the way into the cache, of products that are already there: after a cuBLAS product,
// and where a model norms every head. One warp to a head.
#pragma once

#include <cstddef>

#include "litestage/kernels/cache.cuh"
#include "litestage/kernels/heads.cuh"
#include "litestage/kernels/project_qkv.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

template <class T>
struct FinishHeads {
  static constexpr const char* name = "finish_heads";
  static constexpr unsigned threads = 128;
  struct Params {
    const float* raw = nullptr;  // [n, q_dim + 2 kv_dim]: Q, K, V side by side
    unsigned n = 0;
    const float* bias[3] = {nullptr, nullptr, nullptr};  // or nullptr
    const float* norm[2] = {nullptr, nullptr};           // of Q's and K's heads: [head_dim] or nullptr
    AttentionInputs rows;
    HeadShape shape;
    RopeAngles rope;
    float* q = nullptr;  // [n_run, q_dim]
    Cache<T> cache;
    unsigned layer = 0;
  };
  static std::size_t shared_bytes(const Params&) { return 0; }
  static Grid grid(const Params& p) {
    const unsigned heads = p.n * (p.shape.n_heads + 2 * p.shape.n_kv_heads);
    return {(heads + threads / warp_size - 1) / (threads / warp_size)};
  }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    const unsigned per_row = p.shape.n_heads + 2 * p.shape.n_kv_heads;
    const unsigned index = t.block().x * (threads / warp_size) + warp(t);
    const bool real = index < p.n * per_row;
    const unsigned i = real ? index / per_row : 0, which = real ? index % per_row : 0;
    const unsigned m = which < p.shape.n_heads ? 0 : which < p.shape.n_heads + p.shape.n_kv_heads ? 1 : 2;
    const unsigned head = which - (m == 0 ? 0 : p.shape.n_heads + (m - 1) * p.shape.n_kv_heads);
    const unsigned first = head * p.shape.head_dim;  // of this head in its bias
    const float* raw = p.raw + static_cast<std::size_t>(i) * per_row * p.shape.head_dim + which * p.shape.head_dim;
    const float factor = m == 2 || p.norm[m] == nullptr ? 1.0f : head_factor(t, p, m, raw, first);
    if (!real || (m == 0 && i >= p.rows.n_run)) return;
    for (unsigned k = lane(t); k < p.shape.head_dim / 2; k += warp_size) {
      const Pair pair = pair_of(p.shape, k);
      float a = number(t, p, m, raw, first, pair.a, factor), b = number(t, p, m, raw, first, pair.b, factor);
      if (m != 2) turn(t, p.shape, p.rope, k, t.load(p.rows.positions + i), a, b);
      store(t, p, m, i, head, pair, a, b);
    }
  }

 private:
  template <class C>
  LITESTAGE_DEVICE static float biased(C& t, const Params& p, unsigned m, const float* raw, unsigned first,
                                       unsigned j) {
    const float value = t.load(raw + j);
    return p.bias[m] == nullptr ? value : value + t.load(p.bias[m] + first + j);
  }
  template <class C>
  LITESTAGE_DEVICE static float number(C& t, const Params& p, unsigned m, const float* raw, unsigned first, unsigned j,
                                       float factor) {
    const float value = biased(t, p, m, raw, first, j);
    return m == 2 || p.norm[m] == nullptr ? value : value * factor * t.load(p.norm[m] + j);
  }
  template <class C>
  LITESTAGE_DEVICE static float head_factor(C& t, const Params& p, unsigned m, const float* raw, unsigned first) {
    float squares = 0;
    for (unsigned j = lane(t); j < p.shape.head_dim; j += warp_size) {
      const float value = biased(t, p, m, raw, first, j);
      squares = fmaf(value, value, squares);
    }
    squares = warp_sum(t, squares);
    return 1.0f / sqrtf(squares / static_cast<float>(p.shape.head_dim) + p.shape.norm_eps);
  }
  template <class C>
  LITESTAGE_DEVICE static void store(C& t, const Params& p, unsigned m, unsigned i, unsigned head, const Pair& pair,
                                     float a, float b) {
    if (m == 0) {
      float* to = p.q + static_cast<std::size_t>(i) * p.shape.q_dim() + head * p.shape.head_dim;
      t.store(to + pair.a, a);
      t.store(to + pair.b, b);
      return;
    }
    T* to = (m == 1 ? p.cache.k : p.cache.v) + p.cache.at(static_cast<unsigned>(t.load(p.rows.slots + i)), p.layer,
                                                          head, static_cast<unsigned>(t.load(p.rows.entries + i)));
    t.store(to + pair.a, to_stored<T>(a));
    t.store(to + pair.b, to_stored<T>(b));
  }
};

}  // namespace litestage::kernels
