// Compares the kernels of a weight type with the reference. A small model of random weights runs under random
// decisions: in steps of one to sixteen rows through our own kernels, and in steps of a whole sequence through cuBLAS.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "litestage/backend/gpu/operations/gpu_options.hpp"
#include "litestage/validate/checks/expectation.hpp"
#include "litestage/validate/small_config.hpp"
#include "litestage/validate/synthetic_model.hpp"

namespace litestage::validation {

struct KernelWork {
  std::size_t length;               // tokens of the longest sequence
  std::span<const int> row_counts;  // row counts of the steps whose bits are compared with steps of one row
};

struct KernelCheck {
  DType type = DType::f32;
  KvType kv = KvType::f16;
  std::string heads;            // "4/2 of 64": query heads, key/value heads, head size
  double own = 0, cublas = 0;   // largest difference as a multiple of the tolerance: own kernels, cuBLAS
  std::vector<int> other_bits;  // row counts whose steps gave different bits than steps of one row

  [[nodiscard]] bool passed() const { return own <= 1 && cublas <= 1 && other_bits.empty(); }
};

// make(options) makes a GPU backend, emulated or real.
template <class Make>
[[nodiscard]] KernelCheck check_kernels(const Make& make, DType type, KvType kv, const KernelWork& work,
                                        const CheckProgress& progress) {
  const ModelConfig config = small_config(type);
  const ModelSource source = synthetic_model(config, type, has_head_norms(type), has_post_norms(type));
  const std::vector<Sequence> sequences = random_sequences(config, work.length, 5);
  const auto run = [&](const GpuOptions& options, std::size_t rows) {
    auto backend = make(options);
    return run_model(backend, source, kv, sequences, steps_of(sequences, rows), progress);
  };
  KernelCheck check;
  check.type = type;
  check.kv = kv;
  check.heads = concat(config.n_heads, "/", config.n_kv_heads, " of ", config.head_dim);
  const Numbers alone = run({}, 1);
  check.own = largest_part(alone, expectation(source, kv, sequences, Products::own_kernels, progress));
  for (const int rows : work.row_counts) {
    if (run({}, rows) != alone) check.other_bits.push_back(rows);
  }
  const Expectation through_cublas = expectation(source, kv, sequences, Products::cublas, progress);
  for (const kernels::GemmType gemm : {kernels::GemmType::bf16, kernels::GemmType::f16}) {
    GpuOptions all;
    all.gemm_from_rows = 1;
    all.gemm_type = gemm;
    check.cublas = std::max(check.cublas, largest_part(run(all, work.length), through_cublas));
  }
  return check;
}

}  // namespace litestage::validation
