// The final norm and the output head: logits[i] = multiplier * (W rmsnorm(x[rows[i]])).
#pragma once

#include <cstddef>

#include "litestage/kernels/products/inputs.cuh"
#include "litestage/kernels/products/matvec.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

template <DType type, unsigned N>
struct Logits {
  static constexpr const char* name = "logits";
  static constexpr unsigned threads = matvec_threads;
  static constexpr unsigned resident = matvec_resident(format_of(type), N);
  struct Params {
    Matrix head;              // [vocab, hidden]
    InputRows in;             // n <= N rows of [hidden], with norm
    float* logits = nullptr;  // [n, vocab]
    float multiplier = 1;
    friend bool operator==(const Params&, const Params&) = default;
  };
  static std::size_t shared_bytes(const Params& p) { return staged_bytes(format_of(type), N, p.head.columns, threads); }
  static Grid grid(const Params& p, unsigned blocks_at_once) {
    return {matvec_blocks(p.head.rows, p.head.units, blocks_at_once)};
  }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    const StagedInputs<type, N> in(p.head.columns);
    in.fill(t, p.in);
    for_each_product<type, N>(t, p.head, in, p.in.n, [&](unsigned row, unsigned i, float product) {
      t.store(p.logits + static_cast<std::size_t>(i) * p.head.rows + row, p.multiplier * product);
    });
  }
};

}  // namespace litestage::kernels
