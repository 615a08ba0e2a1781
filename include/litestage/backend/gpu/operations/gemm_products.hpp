// Products through cuBLAS: inputs and weights are rounded to the type of the product, then multiplied. Weights are
// dequantised for every product anew, because a second copy of all weights might not fit into memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "litestage/backend/gpu/memory/scratch.hpp"
#include "litestage/backend/gpu/operations/gpu_options.hpp"
#include "litestage/backend/gpu/operations/kernel_instances.hpp"
#include "litestage/kernels/products/dequantize.cuh"
#include "litestage/kernels/rows/rms_norm.cuh"

namespace litestage::gpu {

template <Runtime R>
class GemmProducts {
 public:
  GemmProducts(Device<R>& device, const GpuOptions& options)
      : device_(&device), type_(options.gemm_type), inputs_(device), weights_(device) {}

  // Rounds the inputs of the products that follow, after their norm if `in` has one.
  void set_inputs(const kernels::InputRows& in) {
    n_ = in.n;
    with_gemm_type([&]<kernels::GemmType type>() {
      using Norm = kernels::RmsNorm<type>;
      typename Norm::Params p;
      p.in = in;
      p.h = inputs_.grow(std::size_t{in.n} * in.columns);
      device_->template launch<Norm>(Norm::grid(p), p);
    });
  }

  // y [n, rows of w] = inputs W^T. Rows of y begin `stride` numbers apart.
  void multiply(float* y, std::size_t stride, const DeviceMatrix<R>& w) {
    with_gemm_type([&]<kernels::GemmType to>() {
      std::uint16_t* weights = weights_.grow(w.rows() * w.columns());
      with_type_of(w, [&]<DType type>() {
        using Dequantize = kernels::Dequantize<type, to>;
        typename Dequantize::Params p;
        p.w = w.matrix();
        p.out = weights;
        device_->template launch<Dequantize>(Dequantize::grid(p), p);
      });
      device_->runtime().gemm(projection(to, y, stride, inputs_.data(), n_, weights, w.rows(), w.columns()));
    });
  }

 private:
  // Calls f.operator()<type>() with the type of the products.
  template <class F>
  void with_gemm_type(const F& f) const {
    if (type_ == kernels::GemmType::f16)
      f.template operator()<kernels::GemmType::f16>();
    else
      f.template operator()<kernels::GemmType::bf16>();
  }

  Device<R>* device_;
  kernels::GemmType type_;
  std::size_t n_ = 0;                  // inputs
  Scratch<R, std::uint16_t> inputs_;   // [n, columns]
  Scratch<R, std::uint16_t> weights_;  // [rows, columns] of the matrix that is multiplied
};

}  // namespace litestage::gpu
