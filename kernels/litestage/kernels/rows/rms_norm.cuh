// RMSNorm as a separate launch, before a cuBLAS product: h_j = x_j norm_j / sqrt(mean(x^2) + eps), rounded to the type
// of the product.
#pragma once

#include <cstddef>

#include "litestage/kernels/products/gemm_type.cuh"
#include "litestage/kernels/products/inputs.cuh"
#include "litestage/kernels/rows/four.cuh"
#include "litestage/kernels/rows/row_norm.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

template <GemmType type>
struct RmsNorm {
  static constexpr const char* name = "rms_norm";
  static constexpr unsigned threads = 128;
  using Number = typename GemmNumber<type>::Type;
  struct Params {
    InputRows in;         // without norm (nullptr), rows are only rounded
    Number* h = nullptr;  // [n, columns]
    friend bool operator==(const Params&, const Params&) = default;
  };
  static std::size_t shared_bytes(const Params&) { return threads / warp_size * sizeof(float); }
  static Grid grid(const Params& p) { return {p.in.n}; }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    const float* x = p.in.row(t, t.block().x);
    const float factor = p.in.norm == nullptr ? 1.0f : row_norm_factor<threads>(t, x, p.in.columns, p.in.eps);
    for (unsigned v = t.thread(); 4 * v < p.in.columns; v += threads) {
      const Four four = load_four(t, x, v, p.in.columns);
      const Four norm = p.in.norm == nullptr ? Four{} : load_four(t, p.in.norm, v, p.in.columns);
      LITESTAGE_UNROLL
      for (unsigned j = 0; j < 4; ++j) {
        if (4 * v + j >= p.in.columns) continue;
        const float value = p.in.norm == nullptr ? four.value[j] : four.value[j] * factor * norm.value[j];
        t.store(p.h + static_cast<std::size_t>(t.block().x) * p.in.columns + 4 * v + j, GemmNumber<type>::of(value));
      }
    }
  }
};

}  // namespace litestage::kernels
