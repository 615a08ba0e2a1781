// What some families do after a product: norm the result of a residual branch before it is added to the stream, and
// keep logits within a bound.
#pragma once

#include <cstddef>

#include "litestage/kernels/rows/four.cuh"
#include "litestage/kernels/rows/row_norm.cuh"
#include "litestage/kernels/scalar.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

// x[rows[i]] += multiplier * y[i] * norm / sqrt(mean(y[i]^2) + eps)
struct AddNormedRows {
  static constexpr const char* name = "add_normed_rows";
  static constexpr unsigned threads = 128;
  struct Params {
    float* x = nullptr;           // [tokens, columns]
    const float* y = nullptr;     // [n, columns]
    const int* rows = nullptr;    // [n], all different
    const float* norm = nullptr;  // [columns]
    unsigned columns = 0, n = 0;
    float multiplier = 1, eps = 0;
    friend bool operator==(const Params&, const Params&) = default;
  };
  static std::size_t shared_bytes(const Params&) { return threads / warp_size * sizeof(float); }
  static Grid grid(const Params& p) { return {p.n}; }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    float* x = p.x + static_cast<std::size_t>(t.load(p.rows + t.block().x)) * p.columns;
    const float* y = p.y + static_cast<std::size_t>(t.block().x) * p.columns;
    const float factor = row_norm_factor<threads>(t, y, p.columns, p.eps);
    for (unsigned v = t.thread(); 4 * v < p.columns; v += threads) {
      const Four branch = load_four(t, y, v, p.columns), norm = load_four(t, p.norm, v, p.columns);
      Four sum = load_four_fresh(t, x, v, p.columns);
      LITESTAGE_UNROLL
      for (unsigned j = 0; j < 4; ++j) {
        sum.value[j] = fmaf(p.multiplier, branch.value[j] * factor * norm.value[j], sum.value[j]);
      }
      store_four(t, x, v, p.columns, sum);
    }
  }
};

// z = cap * tanh(z / cap). A number that is not finite stays, because capped it would look like a result.
struct CapNumbers {
  static constexpr const char* name = "cap_numbers";
  static constexpr unsigned threads = 256;
  struct Params {
    float* z = nullptr;  // [n], aligned to 16 bytes if n is a multiple of 4
    unsigned n = 0;
    float cap = 1;
    friend bool operator==(const Params&, const Params&) = default;
  };
  static std::size_t shared_bytes(const Params&) { return 0; }
  static Grid grid(const Params& p) { return {(p.n + 4 * threads - 1) / (4 * threads)}; }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    const unsigned v = t.block().x * threads + t.thread();
    Four z = load_four_fresh(t, p.z, v, p.n);
    LITESTAGE_UNROLL
    for (unsigned j = 0; j < 4; ++j) z.value[j] = capped(z.value[j], p.cap);
    store_four(t, p.z, v, p.n, z);
  }

 private:
  // tanh(u) = (1 - e) / (1 + e) with e = exp(-2 |u|), which does not overflow.
  LITESTAGE_DEVICE static float capped(float z, float cap) {
    if (!(z - z == 0.0f)) return z;
    const float u = z / cap;
    const float e = exponential(u < 0.0f ? 2.0f * u : -2.0f * u);
    const float size = cap * ((1.0f - e) / (1.0f + e));
    return u < 0.0f ? -size : size;
  }
};

}  // namespace litestage::kernels
