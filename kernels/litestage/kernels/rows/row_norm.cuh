// The factor by which RMSNorm multiplies a row, computed by the threads of a block together.
#pragma once

#include "litestage/kernels/rows/four.cuh"
#include "litestage/kernels/scalar.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

// 1 / sqrt(mean(x^2) + eps) of x [columns], in every thread of a block of `threads`, whose shared memory begins with
// threads / warp_size floats for it.
template <unsigned threads, class C>
LITESTAGE_DEVICE float row_norm_factor(C& t, const float* x, unsigned columns, float eps) {
  float squares = 0;
  for (unsigned v = t.thread(); 4 * v < columns; v += threads) {
    const Four four = load_four(t, x, v, columns);
    LITESTAGE_UNROLL
    for (unsigned j = 0; j < 4; ++j) squares = fmaf(four.value[j], four.value[j], squares);
  }
  squares = warp_sum(t, squares);
  float* partial = t.template shared<float>(0);
  if (lane(t) == 0) partial[warp(t)] = squares;
  t.sync();
  float sum = 0;
  for (unsigned k = 0; k < threads / warp_size; ++k) sum += partial[k];
  return norm_factor(sum / static_cast<float>(columns) + eps);
}

}  // namespace litestage::kernels
