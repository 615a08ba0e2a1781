// Heads of queries and keys: their shape, the pairs of numbers that RoPE rotates, and RoPE itself.
#pragma once

#include <cstddef>

#include "litestage/kernels/attention/cache.cuh"
#include "litestage/kernels/scalar.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

struct HeadShape {
  unsigned n_heads = 0, n_kv_heads = 0, head_dim = 0, rotary_dim = 0;
  bool halves = false;  // pairs (i, i + rotary_dim / 2); otherwise (2 i, 2 i + 1)
  float norm_eps = 0;   // of the per-head norms

  LITESTAGE_HOST_DEVICE unsigned q_dim() const { return n_heads * head_dim; }
  LITESTAGE_HOST_DEVICE unsigned kv_dim() const { return n_kv_heads * head_dim; }
  friend bool operator==(const HeadShape&, const HeadShape&) = default;
};

struct RopeAngles {
  const float* cos = nullptr;  // [positions, rotary_dim / 2]
  const float* sin = nullptr;
  friend bool operator==(const RopeAngles&, const RopeAngles&) = default;
};

// Two numbers of a head that RoPE rotates together. Pairs 0 .. head_dim / 2 - 1 cover the head; pairs from rotary_dim /
// 2 on are not rotated.
struct Pair {
  unsigned a = 0, b = 0;  // indices within the head
};
LITESTAGE_HOST_DEVICE Pair pair_of(const HeadShape& shape, unsigned k) {
  const unsigned half = shape.rotary_dim / 2;
  if (shape.halves && k < half) return {k, k + half};
  return {2 * k, 2 * k + 1};
}

// (a, b) becomes (a cos - b sin, a sin + b cos), with the angle of pair k at this position.
template <class C>
LITESTAGE_DEVICE void turn(C& t, const HeadShape& shape, const RopeAngles& rope, unsigned k, int position, float& a,
                           float& b) {
  const unsigned half = shape.rotary_dim / 2;
  if (k >= half) return;
  const std::size_t at = static_cast<std::size_t>(position) * half + k;
  const float cos = t.load(rope.cos + at), sin = t.load(rope.sin + at);
  const float turned = fmaf(a, cos, -(b * sin));
  b = fmaf(a, sin, b * cos);
  a = turned;
}

}  // namespace litestage::kernels
