// The projections of a step other than Q, K and V, either through our own kernels or through cuBLAS.
//
// Our own kernels fuse the norm, the product and the operation after it into one launch, and read the weights once for
// up to 16 rows, or as many as have inputs that fit into shared memory. Operations on GpuOptions::gemm_from_rows rows
// or more go through cuBLAS, with separate launches for the norm before the product and for the operation after it.
// Logits always use our own kernels.
#pragma once

#include <cstddef>

#include "litestage/backend/gpu/operations/gemm_products.hpp"
#include "litestage/core/view.hpp"
#include "litestage/kernels/products/gate_up.cuh"
#include "litestage/kernels/products/logits.cuh"
#include "litestage/kernels/products/project_add.cuh"
#include "litestage/kernels/rows/post_norm.cuh"
#include "litestage/kernels/rows/rows.cuh"

namespace litestage::gpu {

// Rows of the stream as the inputs of a product, which norms them.
template <class Vector>
[[nodiscard]] kernels::InputRows normed_rows(View<const float, 2> x, View<const int, 1> rows, const Vector& norm,
                                             float eps) {
  kernels::InputRows in;
  in.x = x.data();
  in.stride = static_cast<unsigned>(x.stride(0));
  in.rows = rows.data();
  in.n = static_cast<unsigned>(rows.extent(0));
  in.columns = static_cast<unsigned>(x.extent(1));
  in.norm = norm.data();
  in.eps = eps;
  return in;
}

template <Runtime R>
class Projections {
 public:
  using Matrix = DeviceMatrix<R>;

  Projections(Device<R>& device, const GpuOptions& options) : device_(&device), options_(options), product_(device) {}

  // x[rows[i]] += multiplier * W in[i], normed first if post_norm [rows of w] is not null.
  //                                                    x [tokens, rows of w], in [n, columns of w], rows [n]
  void project_add(GemmProducts<R>& gemm, View<float, 2> x, View<const int, 1> rows, View<const float, 2> in,
                   const Matrix& w, float multiplier, const float* post_norm, float eps);
  // h[i] = act(Wg m_i) * (Wu m_i), m = rmsnorm(in).    h [in.n, rows of gate]
  void gate_up(GemmProducts<R>& gemm, View<float, 2> h, const kernels::InputRows& in, const Matrix& gate,
               const Matrix& up, Activation activation);
  // out[i] = multiplier * W rmsnorm(in)_i, through own kernels for any number of rows; without norm, W in_i.
  //                                                    out [in.n, rows of w]
  void normed_products(float* out, const kernels::InputRows& in, const Matrix& w, float multiplier);

 private:
  // Launches Product<type of w, N> for pieces of `in`. fill(p, first) sets the parameters other than p.in for the piece
  // that begins at input `first`.
  template <template <DType, unsigned> class Product, class Fill>
  void launch_in_pieces(const Matrix& w, const kernels::InputRows& in, const Fill& fill) {
    in_pieces(device_->facts(), w, in.n, [&]<unsigned N>(std::size_t first, std::size_t n) {
      with_type_of(w, [&]<DType type>() {
        using Kernel = Product<type, N>;
        typename Kernel::Params p;
        p.in = piece_of(in, first, n);
        fill(p, first);
        device_->template launch<Kernel>(Kernel::grid(p, blocks_at_once<Kernel>(device_->facts(), p)), p);
      });
    });
  }
  // x[rows[i]] += multiplier * product[i]
  void add_rows(View<float, 2> x, View<const int, 1> rows, const float* product, float multiplier);
  // x[rows[i]] += multiplier * rmsnorm(product[i])
  void add_normed_rows(View<float, 2> x, View<const int, 1> rows, const float* product, float multiplier,
                       const float* norm, float eps);

  Device<R>* device_;
  GpuOptions options_;
  Scratch<R, float> product_;  // [n, rows of w]; of gate and up one after the other: [2, n, ffn]
};

template <Runtime R>
void Projections<R>::project_add(GemmProducts<R>& gemm, View<float, 2> x, View<const int, 1> rows,
                                 View<const float, 2> in, const Matrix& w, float multiplier, const float* post_norm,
                                 float eps) {
  const std::size_t n = rows.extent(0);
  kernels::InputRows inputs;  // without norm
  inputs.x = in.data();
  inputs.stride = static_cast<unsigned>(in.stride(0));
  inputs.n = static_cast<unsigned>(n);
  inputs.columns = static_cast<unsigned>(w.columns());
  if (options_.through_cublas(n) || post_norm != nullptr) {
    float* product = product_.grow(n * w.rows());
    if (options_.through_cublas(n)) {
      gemm.set_inputs(inputs);
      gemm.multiply(product, w.rows(), w);
    } else {
      normed_products(product, inputs, w, 1);
    }
    if (post_norm == nullptr) return add_rows(x, rows, product, multiplier);
    return add_normed_rows(x, rows, product, multiplier, post_norm, eps);
  }
  launch_in_pieces<kernels::ProjectAdd>(w, inputs, [&](auto& p, std::size_t first) {
    p.w = w.matrix();
    p.x = x.data();
    p.stride = static_cast<unsigned>(x.stride(0));
    p.rows = rows.data() + first;
    p.multiplier = multiplier;
  });
}

template <Runtime R>
void Projections<R>::add_rows(View<float, 2> x, View<const int, 1> rows, const float* product, float multiplier) {
  kernels::AddRows::Params p;
  p.x = x.data();
  p.y = product;
  p.rows = rows.data();
  p.columns = static_cast<unsigned>(x.extent(1));
  p.n = static_cast<unsigned>(rows.extent(0));
  p.multiplier = multiplier;
  device_->template launch<kernels::AddRows>(kernels::AddRows::grid(p), p);
}

template <Runtime R>
void Projections<R>::add_normed_rows(View<float, 2> x, View<const int, 1> rows, const float* product, float multiplier,
                                     const float* norm, float eps) {
  kernels::AddNormedRows::Params p;
  p.x = x.data();
  p.y = product;
  p.rows = rows.data();
  p.norm = norm;
  p.columns = static_cast<unsigned>(x.extent(1));
  p.n = static_cast<unsigned>(rows.extent(0));
  p.multiplier = multiplier;
  p.eps = eps;
  device_->template launch<kernels::AddNormedRows>(kernels::AddNormedRows::grid(p), p);
}

template <Runtime R>
void Projections<R>::gate_up(GemmProducts<R>& gemm, View<float, 2> h, const kernels::InputRows& in, const Matrix& gate,
                             const Matrix& up, Activation activation) {
  const std::size_t n = in.n, ffn = gate.rows();
  const bool through_cublas = options_.through_cublas(n);
  const bool two_types = gate.type() != up.type();  // rare; the fused kernel expects one type
  if (through_cublas || two_types) {
    float* of_gate = product_.grow(2 * n * ffn);
    float* of_up = of_gate + n * ffn;
    if (through_cublas) {
      gemm.set_inputs(in);
      gemm.multiply(of_gate, ffn, gate);
      gemm.multiply(of_up, ffn, up);
    } else {
      normed_products(of_gate, in, gate, 1);
      normed_products(of_up, in, up, 1);
    }
    const kernels::Gate::Params p{of_gate, of_up, h.data(), static_cast<unsigned>(n * ffn), activation};
    device_->template launch<kernels::Gate>(kernels::Gate::grid(p), p);
    return;
  }
  launch_in_pieces<kernels::GateUp>(gate, in, [&](auto& p, std::size_t first) {
    p.gate = gate.matrix();
    p.up = up.matrix();
    p.h = h.data() + first * h.stride(0);
    p.stride = static_cast<unsigned>(h.stride(0));
    p.activation = activation;
  });
}

template <Runtime R>
void Projections<R>::normed_products(float* out, const kernels::InputRows& in, const Matrix& w, float multiplier) {
  launch_in_pieces<kernels::Logits>(w, in, [&](auto& p, std::size_t first) {
    p.head = w.matrix();
    p.logits = out + first * w.rows();
    p.multiplier = multiplier;
  });
}

}  // namespace litestage::gpu
