// Lists all kernels that the gpu backend launches. The library litestage::cuda compiles them, and
// tests/cuda/kernels.tsv records their registers and occupancy. The list is used by passing a macro that is applied to
// each kernel:
//     LITESTAGE_KERNELS_OF_TYPE(LITESTAGE_COMPILE_KERNEL, q4_k)
// The list has several parts, each of which is compiled in its own file.
#pragma once

#include <cstdint>

#include "litestage/kernels/attention/attend.cuh"
#include "litestage/kernels/attention/attend_tiled.cuh"
#include "litestage/kernels/attention/finish_heads.cuh"
#include "litestage/kernels/cuda_launch.cuh"
#include "litestage/kernels/products/dequantize.cuh"
#include "litestage/kernels/products/gate_up.cuh"
#include "litestage/kernels/products/logits.cuh"
#include "litestage/kernels/products/project_add.cuh"
#include "litestage/kernels/products/project_qkv.cuh"
#include "litestage/kernels/rows/moments.cuh"
#include "litestage/kernels/rows/post_norm.cuh"
#include "litestage/kernels/rows/rms_norm.cuh"
#include "litestage/kernels/rows/rows.cuh"
#include "litestage/kernels/rows/token_stats.cuh"

// The kernels of one weight type, given by its name in DType. A product has instances for up to 1, 2, 4, 8 and 16
// inputs.
#define LITESTAGE_KERNELS_OF_TYPE(apply, type) \
  LITESTAGE_PRODUCTS(apply, type, 1)           \
  LITESTAGE_PRODUCTS(apply, type, 2)           \
  LITESTAGE_PRODUCTS(apply, type, 4)           \
  LITESTAGE_PRODUCTS(apply, type, 8)           \
  LITESTAGE_PRODUCTS(apply, type, 16)          \
  apply(Embed<DType::type>) apply(Dequantize<DType::type, GemmType::f16>) apply(Dequantize<DType::type, GemmType::bf16>)
#define LITESTAGE_PRODUCTS(apply, type, n) \
  apply(ProjectAdd<DType::type, n>) apply(GateUp<DType::type, n>) apply(Logits<DType::type, n>)

// The kernels of one cache type: float, or std::uint16_t for halves. ProjectQkv contains the code of all weight types.
#define LITESTAGE_QKV_KERNELS(apply, n) apply(ProjectQkv<n, float>) apply(ProjectQkv<n, std::uint16_t>)
#define LITESTAGE_CACHE_KERNELS(apply, T)                                                                 \
  apply(FinishHeads<T>) apply(CopyEntries<T>) apply(Attend<T, 1>) apply(Attend<T, 2>) apply(Attend<T, 4>) \
      apply(Attend<T, 8>) apply(AttendTiled<T, 64>) apply(AttendTiled<T, 128>) apply(AttendTiled<T, 256>)

#define LITESTAGE_ROW_KERNELS(apply)                                                                           \
  apply(RmsNorm<GemmType::f16>) apply(RmsNorm<GemmType::bf16>) apply(Gate) apply(ScaleRows) apply(CopyNumbers) \
      apply(AddRows) apply(AddNormedRows) apply(CapNumbers) apply(MeasureRows) apply(TokenSummary) apply(TopLogits)

// Compiles a kernel and its launch function; for use in namespace litestage::kernels of a .cu file.
#define LITESTAGE_COMPILE_KERNEL(...) \
  template void cuda::launch<__VA_ARGS__>(void*, const Grid&, const typename __VA_ARGS__::Params&);
