// RMSNorm of one row.
#pragma once

#include <cmath>
#include <cstddef>

namespace litestage::cpu {

// out_j = x_j * weight_j / sqrt(mean(x^2) + eps). out may be x. The squares are summed in float within lanes and in
// double across them; the root is computed in double. If the sum overflows, out is NaN, because 0 would look like a
// result.
template <class Kernels>
void rms_norm(float* out, const float* x, const float* weight, float eps, std::size_t n) {
  const double mean = Kernels::sum_squares(x, n) / static_cast<double>(n);
  const double factor = std::isfinite(mean) ? 1.0 / std::sqrt(mean + static_cast<double>(eps)) : mean - mean;
  Kernels::scale_by(out, x, weight, static_cast<float>(factor), n);
}

}  // namespace litestage::cpu
