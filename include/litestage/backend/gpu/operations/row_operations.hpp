// Operations on rows of the stream without a product: embedding, scaling, copies, and measuring how rows changed.
#pragma once

#include <cstddef>

#include "litestage/backend/concept.hpp"
#include "litestage/backend/gpu/memory/scratch.hpp"
#include "litestage/backend/gpu/operations/kernel_instances.hpp"
#include "litestage/kernels/products/dequantize.cuh"
#include "litestage/kernels/rows/moments.cuh"
#include "litestage/kernels/rows/post_norm.cuh"
#include "litestage/kernels/rows/rows.cuh"

namespace litestage::gpu {

template <Runtime R>
class RowOperations {
 public:
  explicit RowOperations(Device<R>& device) : device_(&device), before_(device) {}

  // x[i] = multiplier * row tokens[i] of the table
  void embed(View<float, 2> x, View<const int, 1> tokens, const DeviceMatrix<R>& table, float multiplier) {
    with_type_of(table, [&]<DType type>() {
      using Embed = kernels::Embed<type>;
      typename Embed::Params p;
      p.table = table.matrix();
      p.tokens = tokens.data();
      p.n = static_cast<unsigned>(tokens.extent(0));
      p.multiplier = multiplier;
      p.x = x.data();
      device_->template launch<Embed>(Embed::grid(p), p);
    });
  }

  // x[rows[i]] *= factors[i]
  void scale(View<float, 2> x, View<const int, 1> rows, View<const float, 1> factors) {
    kernels::ScaleRows::Params p;
    p.x = x.data();
    p.columns = static_cast<unsigned>(x.extent(1));
    p.rows = rows.data();
    p.factors = factors.data();
    p.n = static_cast<unsigned>(rows.extent(0));
    device_->template launch<kernels::ScaleRows>(kernels::ScaleRows::grid(p), p);
  }

  // z = softcap * tanh(z / softcap)
  void cap(View<float, 2> z, float softcap) {
    kernels::CapNumbers::Params p;
    p.z = z.data();
    p.n = static_cast<unsigned>(z.size());
    p.cap = softcap;
    device_->template launch<kernels::CapNumbers>(kernels::CapNumbers::grid(p), p);
  }

  // to = from
  void copy(View<float, 2> to, View<const float, 2> from) {
    kernels::CopyNumbers::Params p;
    p.to = to.data();
    p.from = from.data();
    p.n = static_cast<unsigned>(from.size());
    device_->template launch<kernels::CopyNumbers>(kernels::CopyNumbers::grid(p), p);
  }

  // moments[i] says how row i of `before` became row i of `after`.
  void measure(View<Moments<float>, 1> moments, View<const float, 2> before, View<const float, 2> after) {
    measure(moments, before.data(), after.data(), nullptr, before.extent(0), before.extent(1));
  }

  // Keeps a copy of the stream, which measure_change compares it with after a sub-layer.
  void keep(View<const float, 2> x) {
    float* before = before_.grow(x.size());
    if (!x.empty()) copy(View<float, 2>(before, x.extents()), x);
  }
  // moments[rows[i]] says how row rows[i] has changed since `keep`.
  void measure_change(View<Moments<float>, 1> moments, View<const float, 2> x, View<const int, 1> rows) {
    measure(moments, before_.data(), x.data(), rows.data(), rows.extent(0), x.extent(1));
  }

 private:
  // rows: nullptr for rows 0 to n - 1.
  void measure(View<Moments<float>, 1> moments, const float* before, const float* after, const int* rows, std::size_t n,
               std::size_t columns) {
    static_assert(sizeof(Moments<float>) == 3 * sizeof(float));  // as MeasureRows writes them
    kernels::MeasureRows::Params p;
    p.before = before;
    p.after = after;
    p.rows = rows;
    p.columns = static_cast<unsigned>(columns);
    p.n = static_cast<unsigned>(n);
    p.moments = &moments.data()->dot;
    device_->template launch<kernels::MeasureRows>(kernels::MeasureRows::grid(p), p);
  }

  Device<R>* device_;
  Scratch<R, float> before_;  // [tokens, hidden]
};

}  // namespace litestage::gpu
