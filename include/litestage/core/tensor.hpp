// Memory: `RawTensor` refers to a weight in a model file (not owned); `Buffer` owns aligned numbers on the host.
#pragma once

#include <cstddef>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <type_traits>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "litestage/core/dtype.hpp"
#include "litestage/core/view.hpp"

namespace litestage {

// A matrix [rows, columns] in the type of its file, row-major without gaps. A vector is one row.
struct RawTensor {
  std::string name;  // as in the file, for messages
  DType type = DType::f32;
  std::size_t rows = 0;             // outputs of a projection
  std::size_t columns = 0;          // inputs of a projection
  const std::byte* data = nullptr;  // [rows * row_bytes(type, columns)], valid as long as its file is mapped

  [[nodiscard]] bool empty() const { return data == nullptr; }
  [[nodiscard]] std::size_t bytes() const { return rows * row_bytes(type, columns); }
  [[nodiscard]] const std::byte* row(std::size_t i) const { return data + i * row_bytes(type, columns); }
};

// `size` numbers, initially zero, aligned to 64 bytes. Buffers of 2 MiB and more are mapped lazily and ask for huge
// pages, which on a 2-core EPYC (Zen 4) raise the read bandwidth of one thread from 20..24 to 25..29 GB/s.
template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  static constexpr std::size_t alignment = 64;
  static constexpr std::size_t huge_page = std::size_t{2} << 20;

  Buffer() = default;
  explicit Buffer(std::size_t size) : size_(size) {
    if (size == 0) return;
    if (size > std::numeric_limits<std::size_t>::max() / sizeof(T) - huge_page) throw std::bad_alloc();
    const std::size_t bytes = size * sizeof(T);
#if defined(__linux__)
    if (bytes >= huge_page) {
      map(bytes);
      return;
    }
#endif
    data_.reset(static_cast<T*>(::operator new(bytes, std::align_val_t(alignment))));
    std::memset(static_cast<void*>(data_.get()), 0, bytes);
  }

  [[nodiscard]] T* data() {
    return data_.get();
  }
  [[nodiscard]] const T* data() const {
    return data_.get();
  }
  [[nodiscard]] std::size_t size() const {
    return size_;
  }
  [[nodiscard]] T& operator[](std::size_t i) {
    return data_.get()[i];
  }
  [[nodiscard]] const T& operator[](std::size_t i) const {
    return data_.get()[i];
  }
  [[nodiscard]] View<T, 1> view() {
    return View<T, 1>(data(), {size_});
  }
  [[nodiscard]] View<const T, 1> view() const {
    return View<const T, 1>(data(), {size_});
  }

 private:
  struct Free {
    void* mapping = nullptr;  // start of the mapping, if the buffer is mapped
    std::size_t mapped_bytes = 0;
    void operator()(T* p) const {
#if defined(__linux__)
      if (mapping != nullptr) {
        ::munmap(mapping, mapped_bytes);
        return;
      }
#endif
      ::operator delete(static_cast<void*>(p), std::align_val_t(alignment));
    }
  };

#if defined(__linux__)
  void map(std::size_t bytes) {
    const std::size_t mapped = bytes + huge_page;  // space to align the buffer to a huge page
    void* mapping = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) throw std::bad_alloc();
    void* begin = mapping;
    std::size_t room = mapped;
    data_ =
        std::unique_ptr<T[], Free>(static_cast<T*>(std::align(huge_page, bytes, begin, room)), Free{mapping, mapped});
#if defined(MADV_HUGEPAGE)
    ::madvise(data_.get(), bytes, MADV_HUGEPAGE);  // only a hint: if it is refused, only speed is lost
#endif
  }
#endif

  std::unique_ptr<T[], Free> data_;
  std::size_t size_ = 0;
};

}  // namespace litestage
