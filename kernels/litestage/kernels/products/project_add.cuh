// The end of a residual branch: x[rows[i]] += multiplier * W in[i]. Used for the output projection of the attention and
// for the down projection of the MLP.
#pragma once

#include <cstddef>

#include "litestage/kernels/products/inputs.cuh"
#include "litestage/kernels/products/matvec.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

template <DType type, unsigned N>
struct ProjectAdd {
  static constexpr const char* name = "project_add";
  static constexpr unsigned threads = matvec_threads;
  static constexpr unsigned resident = matvec_resident(format_of(type), N);
  struct Params {
    Matrix w;
    InputRows in;        // n <= N rows of [w.columns], without norm
    float* x = nullptr;  // [tokens, w.rows] at `stride`
    unsigned stride = 0;
    const int* rows = nullptr;  // [n] of x, all different
    float multiplier = 1;
    friend bool operator==(const Params&, const Params&) = default;
  };
  static std::size_t shared_bytes(const Params& p) { return staged_bytes(format_of(type), N, p.w.columns, threads); }
  // `blocks_at_once` is the number of blocks of this kernel that the device holds at a time.
  static Grid grid(const Params& p, unsigned blocks_at_once) {
    return {matvec_blocks(p.w.rows, p.w.units, blocks_at_once)};
  }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    const StagedInputs<type, N> in(p.w.columns);
    in.fill(t, p.in);
    for_each_product<type, N>(t, p.w, in, p.in.n, [&](unsigned row, unsigned i, float product) {
      float* at = p.x + static_cast<std::size_t>(t.load(p.rows + i)) * p.stride + row;
      t.store(at, fmaf(p.multiplier, product, t.load_fresh(at)));
    });
  }
};

}  // namespace litestage::kernels
