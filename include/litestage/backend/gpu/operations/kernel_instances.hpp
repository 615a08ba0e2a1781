// Which instance of a product kernel runs: the one for the weights' type, and for as many inputs as fit into the shared
// memory of a block.
#pragma once

#include <algorithm>
#include <cstddef>

#include "litestage/backend/gpu/device/runtime.hpp"
#include "litestage/backend/gpu/memory/matrix.hpp"
#include "litestage/core/error.hpp"
#include "litestage/kernels/products/inputs.cuh"
#include "litestage/kernels/products/matvec.cuh"

namespace litestage::gpu {

// Calls f.operator()<type>() with the type of w. Throws Error if the runtime has no kernels for it.
template <Runtime R, class F>
void with_type_of(const DeviceMatrix<R>& w, const F& f) {
  with_type(w.type(), [&]<DType type>() {
    if constexpr (R::template has_type<type>)
      f.template operator()<type>();
    else
      throw Error(concat("tensor ", w.name(), ": there are no kernels for ", litestage::name(type)));
  });
}

// Bytes of shared memory that a block needs for n inputs of a product with w.
template <Runtime R>
[[nodiscard]] std::size_t staged_bytes(const DeviceMatrix<R>& w, unsigned n) {
  return kernels::staged_bytes(kernels::format_of(w.type()), n, w.matrix().columns, kernels::matvec_threads);
}

// The number of blocks of kernel K that the device holds at a time. A multiprocessor holds K::resident blocks, for
// which registers per thread are limited, or fewer if shared memory has no room for them.
template <class K>
[[nodiscard]] unsigned blocks_at_once(const DeviceFacts& device, const typename K::Params& p) {
  const std::size_t fit = device.shared_bytes / K::shared_bytes(p);
  return device.multiprocessors * static_cast<unsigned>(std::clamp<std::size_t>(fit, 1, K::resident));
}

// Calls f.operator()<N>() for every N that the runtime has product kernels for, in ascending order.
template <Runtime R, class F>
void for_each_column_count(const F& f) {
  const auto call = [&]<unsigned N>() {
    if constexpr (R::template has_columns<N>) f.template operator()<N>();
  };
  call.template operator()<1>();
  call.template operator()<2>();
  call.template operator()<4>();
  call.template operator()<8>();
  call.template operator()<16>();
}

// Cuts n inputs of w into pieces that fit into shared memory, and calls f.operator()<N>(first, size) for each piece
// with the smallest instance that takes it: N >= size.
template <Runtime R, class F>
void in_pieces(const DeviceFacts& device, const DeviceMatrix<R>& w, std::size_t n, const F& f) {
  unsigned most = 1;
  for_each_column_count<R>([&]<unsigned N>() {
    if (staged_bytes(w, N) <= device.shared_bytes) most = N;
  });
  for (std::size_t first = 0; first < n; first += most) {
    const std::size_t size = std::min<std::size_t>(most, n - first);
    bool done = false;
    for_each_column_count<R>([&]<unsigned N>() {
      if (done || size > N) return;
      f.template operator()<N>(first, size);
      done = true;
    });
  }
}

// Inputs [first, first + n) of `in`.
[[nodiscard]] inline kernels::InputRows piece_of(kernels::InputRows in, std::size_t first, std::size_t n) {
  if (in.rows != nullptr)
    in.rows += first;
  else
    in.x += first * in.stride;
  in.n = static_cast<unsigned>(n);
  return in;
}

}  // namespace litestage::gpu
