// Adds biases to the products, normalises heads, applies RoPE and stores K and V in the cache. Used after cuBLAS
// products and for models that normalise every head. One warp processes one head.
#pragma once

#include <cstddef>

#include "litestage/kernels/attention/cache.cuh"
#include "litestage/kernels/attention/heads.cuh"
#include "litestage/kernels/products/project_qkv.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

template <class T>
struct FinishHeads {
  static constexpr const char* name = "finish_heads";
  static constexpr unsigned threads = 128;
  struct Params {
    const float* raw = nullptr;  // [n, q_dim + 2 kv_dim]: Q, K, V side by side
    unsigned n = 0;
    const float* bias[3] = {nullptr, nullptr, nullptr};  // by QkvMatrix; nullptr: none
    const float* norm[2] = {nullptr, nullptr};           // [head_dim] for heads of Q and K, by QkvMatrix; nullptr: none
    AttentionInputs rows;
    HeadShape shape;
    RopeAngles rope;
    float* q = nullptr;  // [n_run, q_dim]
    Cache<T> cache;
    unsigned layer = 0;
    friend bool operator==(const Params&, const Params&) = default;
  };
  static std::size_t shared_bytes(const Params&) { return 0; }
  static Grid grid(const Params& p) {
    const unsigned heads = p.n * (p.shape.n_heads + 2 * p.shape.n_kv_heads);
    return {(heads + threads / warp_size - 1) / (threads / warp_size)};
  }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    const unsigned index = t.block().x * (threads / warp_size) + warp(t);
    if (index >= p.n * (p.shape.n_heads + 2 * p.shape.n_kv_heads)) return;  // a whole warp returns
    const Head h = head_of(p, index);
    if (h.m == matrix_q && h.i >= p.rows.n_run) return;
    const float factor = h.norm == nullptr ? 1.0f : head_factor(t, p, h);
    const int position = t.load(p.rows.positions + h.i);
    for (unsigned k = lane(t); k < p.shape.head_dim / 2; k += warp_size) {
      const Pair pair = pair_of(p.shape, k);
      float a = normed(t, h, pair.a, factor), b = normed(t, h, pair.b, factor);
      if (h.m != matrix_v) turn(t, p.shape, p.rope, k, position, a, b);
      store_pair<T>(t, p, h.m, h.i, h.index, pair, a, b);
    }
  }

 private:
  struct Head {
    unsigned i, m, index;            // row, QkvMatrix, and the index of the head in that matrix
    const float *raw, *bias, *norm;  // [head_dim]; bias and norm: nullptr if there is none
  };
  // `index` counts the heads of row 0 first: those of Q, then K, then V.
  LITESTAGE_DEVICE static Head head_of(const Params& p, unsigned index) {
    const HeadShape& s = p.shape;
    const unsigned per_row = s.n_heads + 2 * s.n_kv_heads, which = index % per_row;
    Head h;
    h.i = index / per_row;
    h.m = which < s.n_heads ? matrix_q : which < s.n_heads + s.n_kv_heads ? matrix_k : matrix_v;
    h.index = which - (h.m == matrix_q ? 0 : s.n_heads + (h.m - matrix_k) * s.n_kv_heads);
    h.raw = p.raw + static_cast<std::size_t>(index) * s.head_dim;
    h.bias = p.bias[h.m] == nullptr ? nullptr : p.bias[h.m] + h.index * s.head_dim;
    h.norm = h.m == matrix_v ? nullptr : p.norm[h.m];
    return h;
  }
  template <class C>
  LITESTAGE_DEVICE static float biased(C& t, const Head& h, unsigned j) {
    const float sum = t.load(h.raw + j);
    return h.bias == nullptr ? sum : sum + t.load(h.bias + j);
  }
  template <class C>
  LITESTAGE_DEVICE static float normed(C& t, const Head& h, unsigned j, float factor) {
    const float value = biased(t, h, j);
    return h.norm == nullptr ? value : value * factor * t.load(h.norm + j);
  }
  // Returns 1 / sqrt(mean of squares + eps) in all lanes.
  template <class C>
  LITESTAGE_DEVICE static float head_factor(C& t, const Params& p, const Head& h) {
    float squares = 0;
    for (unsigned j = lane(t); j < p.shape.head_dim; j += warp_size) {
      const float value = biased(t, h, j);
      squares = fmaf(value, value, squares);
    }
    squares = warp_sum(t, squares);
    return norm_factor(squares / static_cast<float>(p.shape.head_dim) + p.shape.norm_eps);
  }
};

}  // namespace litestage::kernels
