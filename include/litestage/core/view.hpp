// A non-owning, row-major view of numbers: extents outer to inner, the last dimension contiguous, rows at a stride.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>

#include "litestage/core/error.hpp"

namespace litestage {

template <class T, std::size_t Rank>
class View {
  static_assert(Rank >= 1 && Rank <= 3, "litestage::View has one to three dimensions");

 public:
  using Extents = std::array<std::size_t, Rank>;

  View() = default;
  // A contiguous view; `data` holds the product of the extents.
  View(T* data, const Extents& extents) : data_(data), extents_(extents) {
    stride_[Rank - 1] = 1;
    for (std::size_t d = Rank - 1; d-- > 0;) stride_[d] = stride_[d + 1] * extents_[d + 1];
  }
  // A read-only view of the same numbers.
  operator View<const T, Rank>() const requires(!std::is_const_v<T>) {
    return View<const T, Rank>(data_, extents_, stride_);
  }
  View(T* data, const Extents& extents, const Extents& stride) : data_(data), extents_(extents), stride_(stride) {}

  [[nodiscard]] T* data() const { return data_; }
  [[nodiscard]] std::size_t extent(std::size_t dimension) const { return extents_[dimension]; }
  [[nodiscard]] std::size_t stride(std::size_t dimension) const { return stride_[dimension]; }
  [[nodiscard]] const Extents& extents() const { return extents_; }
  [[nodiscard]] std::size_t size() const {
    std::size_t n = 1;
    for (std::size_t e : extents_) n *= e;
    return n;
  }
  [[nodiscard]] bool empty() const { return size() == 0; }

  template <class... Index>
  requires(sizeof...(Index) == Rank) [[nodiscard]] T& operator()(Index... index) const {
    const std::array<std::size_t, Rank> at{static_cast<std::size_t>(index)...};
    std::size_t offset = 0;
    for (std::size_t d = 0; d < Rank; ++d) offset += at[d] * stride_[d];
    return data_[offset];
  }
  // Pointer to the sub-view whose first index is i: row i of a matrix, or element i of a vector.
  [[nodiscard]] T* row(std::size_t i) const { return data_ + i * stride_[0]; }
  // The first n rows.
  [[nodiscard]] View first(std::size_t n) const {
    LITESTAGE_ASSERT(n <= extents_[0], n, " rows of ", extents_[0]);
    Extents extents = extents_;
    extents[0] = n;
    return View(data_, extents, stride_);
  }
  // The elements as a span; only for contiguous views.
  [[nodiscard]] std::span<T> flat() const {
    LITESTAGE_ASSERT(Rank == 1 || empty() || stride_[0] == size() / extents_[0], "strided view");
    return std::span<T>(data_, size());
  }

 private:
  T* data_ = nullptr;
  Extents extents_{};
  Extents stride_{};
};

}  // namespace litestage
