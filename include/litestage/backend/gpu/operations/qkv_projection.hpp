// The projection to Q, K and V with biases, norms of heads and RoPE; K and V are stored in the cache.
//
// Few rows take one launch (kernels/products/project_qkv.cuh). Rows that go through cuBLAS, and models that norm every
// head, need the bare sums of whole heads first: these go into a buffer, and a second launch finishes them
// (kernels/attention/finish_heads.cuh).
#pragma once

#include <cstddef>

#include "litestage/backend/concept.hpp"
#include "litestage/backend/gpu/operations/attention_inputs.hpp"
#include "litestage/backend/gpu/operations/gemm_products.hpp"
#include "litestage/kernels/attention/finish_heads.cuh"
#include "litestage/kernels/products/project_qkv.cuh"

namespace litestage::gpu {

// Where the finished heads of a layer go, and the RoPE angles that they are turned by.
template <class T>
struct HeadTarget {
  kernels::HeadShape shape;
  kernels::RopeAngles rope;
  float* q = nullptr;  // [n_run, q_dim]
  kernels::Cache<T> cache;
  unsigned layer = 0;

  // Numbers of a row of sums: Q, K and V side by side.
  [[nodiscard]] std::size_t row_size() const { return shape.q_dim() + std::size_t{2} * shape.kv_dim(); }
  // Sets the parameters that both kernels have. `rows` begin at row `first`.
  template <class Params>
  void set(Params& p, const kernels::AttentionInputs& rows, std::size_t first) const {
    p.rows = rows;
    p.shape = shape;
    p.rope = rope;
    p.q = q + first * shape.q_dim();
    p.cache = cache;
    p.layer = layer;
  }
};

template <Runtime R>
class QkvProjection {
 public:
  QkvProjection(Device<R>& device, const GpuOptions& options) : device_(&device), options_(options), sums_(device) {}

  // in: rows rows.rows of the stream. B: the backend whose handles `w` holds.
  template <class T, class B>
  void project(GemmProducts<R>& gemm, const HeadTarget<T>& to, const kernels::InputRows& in, const AttentionRows& rows,
               const AttentionWeights<B>& w) {
    const std::size_t n = rows.size();
    const bool through_cublas = options_.through_cublas(n);
    const bool head_norms = !w.q_norm.empty() || !w.k_norm.empty();
    float* sums = through_cublas || head_norms ? sums_.grow(n * to.row_size()) : nullptr;
    if (through_cublas)
      multiply(gemm, to, in, w, sums);
    else
      project_fused(to, in, rows, w, sums);
    if (sums != nullptr) finish(to, rows, w, sums);
  }

 private:
  template <class T, class B>
  void multiply(GemmProducts<R>& gemm, const HeadTarget<T>& to, const kernels::InputRows& in,
                const AttentionWeights<B>& w, float* sums) {
    const std::size_t q_dim = to.shape.q_dim(), kv_dim = to.shape.kv_dim();
    gemm.set_inputs(in);
    gemm.multiply(sums, to.row_size(), w.q);
    gemm.multiply(sums + q_dim, to.row_size(), w.k);
    gemm.multiply(sums + q_dim + kv_dim, to.row_size(), w.v);
  }
  // Writes queries to `to`, and keys and values to the cache; if `sums` is not null, writes only the unfinished sums to
  // it.
  template <class T, class B>
  void project_fused(const HeadTarget<T>& to, const kernels::InputRows& in, const AttentionRows& rows,
                     const AttentionWeights<B>& w, float* sums);
  template <class T, class B>
  void finish(const HeadTarget<T>& to, const AttentionRows& rows, const AttentionWeights<B>& w, const float* sums);

  Device<R>* device_;
  GpuOptions options_;
  Scratch<R, float> sums_;  // [n, q_dim + 2 kv_dim]
};

template <Runtime R>
template <class T, class B>
void QkvProjection<R>::project_fused(const HeadTarget<T>& to, const kernels::InputRows& in, const AttentionRows& rows,
                                     // NOLINTNEXTLINE(readability-non-const-parameter): the kernel writes there.
                                     const AttentionWeights<B>& w, float* sums) {
  // One launch reads all three matrices, so the one whose inputs need most shared memory decides the size of a piece.
  const DeviceMatrix<R>* widest = &w.q;
  for (const DeviceMatrix<R>* other : {&w.k, &w.v}) {
    if (staged_bytes(*other, 1) > staged_bytes(*widest, 1)) widest = other;
  }
  in_pieces(device_->facts(), *widest, in.n, [&]<unsigned N>(std::size_t first, std::size_t n) {
    using Project = kernels::ProjectQkv<N, T>;
    typename Project::Params p;
    p.w[kernels::matrix_q] = w.q.matrix();
    p.w[kernels::matrix_k] = w.k.matrix();
    p.w[kernels::matrix_v] = w.v.matrix();
    p.bias[kernels::matrix_q] = w.q_bias.data();
    p.bias[kernels::matrix_k] = w.k_bias.data();
    p.bias[kernels::matrix_v] = w.v_bias.data();
    p.in = piece_of(in, first, n);
    to.set(p, attention_inputs(rows, first, n), first);
    if (sums != nullptr) p.raw = sums + first * to.row_size();
    const kernels::Grid grid = Project::grid(p, blocks_at_once<Project>(device_->facts(), p));
    device_->template launch<Project>(grid, p);
  });
}

template <Runtime R>
template <class T, class B>
void QkvProjection<R>::finish(const HeadTarget<T>& to, const AttentionRows& rows, const AttentionWeights<B>& w,
                              const float* sums) {
  using Finish = kernels::FinishHeads<T>;
  typename Finish::Params p;
  p.raw = sums;
  p.n = static_cast<unsigned>(rows.size());
  p.bias[kernels::matrix_q] = w.q_bias.data();
  p.bias[kernels::matrix_k] = w.k_bias.data();
  p.bias[kernels::matrix_v] = w.v_bias.data();
  p.norm[kernels::matrix_q] = w.q_norm.data();
  p.norm[kernels::matrix_k] = w.k_norm.data();
  to.set(p, attention_inputs(rows, 0, rows.size()), 0);
  device_->template launch<Finish>(Finish::grid(p), p);
}

}  // namespace litestage::gpu
