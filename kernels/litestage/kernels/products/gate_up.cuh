// The first half of the MLP: h[i] = act(Wg m) * (Wu m), m = rmsnorm(x[rows[i]]). A group of lanes sums the same row of
// both matrices, so it has both sums in registers when it computes the activation.
#pragma once

#include <cstddef>

#include "litestage/kernels/products/inputs.cuh"
#include "litestage/kernels/products/matvec.cuh"
#include "litestage/kernels/rows/activation.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

template <DType type, unsigned N>
struct GateUp {
  static constexpr const char* name = "gate_up";
  static constexpr unsigned threads = matvec_threads;
  static constexpr unsigned resident = matvec_resident(format_of(type), N);
  struct Params {
    Matrix gate, up;     // [ffn, hidden], of the same type
    InputRows in;        // n <= N rows of [hidden], with norm
    float* h = nullptr;  // [n, ffn] at `stride`
    unsigned stride = 0;
    Activation activation = Activation::silu;
    friend bool operator==(const Params&, const Params&) = default;
  };
  static std::size_t shared_bytes(const Params& p) { return staged_bytes(format_of(type), N, p.gate.columns, threads); }
  static Grid grid(const Params& p, unsigned blocks_at_once) {
    return {matvec_blocks(2 * p.gate.rows, p.gate.units, blocks_at_once)};
  }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    const StagedInputs<type, N> in(p.gate.columns);
    in.fill(t, p.in);
    const unsigned lanes = lanes_for(in.units()), step = threads / lanes;
    for (unsigned tile = t.block().x * step; tile < p.gate.rows; tile += t.grid().x * step) {
      const unsigned row = tile + t.thread() / lanes;
      const unsigned kept = row < p.gate.rows ? row : p.gate.rows - 1;
      const RowOf rows[2] = {{p.gate, kept}, {p.up, kept}};
      float sum[2][N];
      multiply<type, N>(t, rows, in, lanes, sum);
      for_each_own<N>(t, sum, row < p.gate.rows ? p.in.n : 0, lanes, [&](unsigned i, float gate, float up) {
        t.store(p.h + static_cast<std::size_t>(i) * p.stride + row, activated(gate, p.activation) * up);
      });
    }
  }
};

}  // namespace litestage::kernels
