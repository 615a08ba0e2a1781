// Weight matrices and vectors on the device. Copies of a handle share their memory, and a matrix that two tensors of a
// model share (tied embeddings) is uploaded once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "litestage/backend/gpu/memory/device_memory.hpp"
#include "litestage/backend/gpu/memory/pack.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/quant_blocks.hpp"
#include "litestage/core/tensor.hpp"

namespace litestage::gpu {

template <class R>
class DeviceMatrix {
 public:
  DeviceMatrix() = default;
  DeviceMatrix(R& runtime, const RawTensor& raw) : memory_(std::make_shared<const Memory>(runtime, raw)) {}

  [[nodiscard]] const kernels::Matrix& matrix() const { return memory_->matrix; }
  [[nodiscard]] std::size_t rows() const { return matrix().rows; }
  [[nodiscard]] std::size_t columns() const { return matrix().columns; }
  [[nodiscard]] DType type() const { return matrix().type; }
  [[nodiscard]] const std::string& name() const { return memory_->name; }
  [[nodiscard]] std::size_t bytes() const {
    return memory_->codes.size() * 16 + (memory_->scales.size() + memory_->sub.size()) * 2;
  }

 private:
  template <class>
  friend class MatrixStore;

  struct Memory {
    // Packs and uploads pieces of about 16 MiB, so that the host never holds a second copy of the matrix.
    Memory(R& runtime, const RawTensor& raw) : name(raw.name) {
      const RowSizes sizes = row_sizes(raw.type, raw.columns);
      codes = DeviceMemory<R, kernels::Vector16>(runtime, raw.rows * sizes.vectors);
      scales = DeviceMemory<R, std::uint16_t>(runtime, raw.rows * sizes.scales);
      sub = DeviceMemory<R, std::uint16_t>(runtime, raw.rows * sizes.subs);
      const std::size_t piece =
          std::max<std::size_t>(1, (std::size_t{16} << 20) / std::max<std::size_t>(1, sizes.bytes()));
      for (std::size_t first = 0; first < raw.rows; first += piece) {
        const PackedRows rows = pack_rows(raw, first, std::min(piece, raw.rows - first));
        put(runtime, codes.data() + first * sizes.vectors, rows.codes);
        put(runtime, scales.data() + first * sizes.scales, rows.scales);
        put(runtime, sub.data() + first * sizes.subs, rows.sub);
      }
      matrix.type = raw.type;
      matrix.rows = static_cast<unsigned>(raw.rows);
      matrix.columns = static_cast<unsigned>(raw.columns);
      matrix.units = static_cast<unsigned>(sizes.units);
      matrix.codes = codes.data();
      matrix.scales = scales.data();
      matrix.sub = sub.data();
    }
    template <class T>
    static void put(R& runtime, T* to, const std::vector<T>& from) {
      if (!from.empty()) runtime.copy_to_device(to, from.data(), from.size() * sizeof(T));
    }

    std::string name;
    DeviceMemory<R, kernels::Vector16> codes;
    DeviceMemory<R, std::uint16_t> scales, sub;
    kernels::Matrix matrix;
  };

  explicit DeviceMatrix(std::shared_ptr<const Memory> memory) : memory_(std::move(memory)) {}

  std::shared_ptr<const Memory> memory_;
};

// Uploads matrices. A matrix that is still in use and came from the same bytes of a file is not uploaded again.
template <class R>
class MatrixStore {
 public:
  [[nodiscard]] DeviceMatrix<R> load(R& runtime, const RawTensor& raw) {
    const Key key = key_of(raw);
    if (const auto known = loaded_.find(key); known != loaded_.end()) {
      if (auto memory = known->second.lock()) return DeviceMatrix<R>(std::move(memory));
    }
    std::erase_if(loaded_, [](const auto& known) { return known.second.expired(); });
    DeviceMatrix<R> matrix(runtime, raw);
    loaded_[key] = matrix.memory_;
    return matrix;
  }
  // Throws Error if those of `weights` that are not uploaded yet do not fit into the device's free memory.
  void expect(const R& runtime, std::span<const RawTensor* const> weights) const {
    std::size_t bytes = 0;
    for (const RawTensor* raw : weights) {
      const auto known = loaded_.find(key_of(*raw));
      if (known != loaded_.end() && !known->second.expired()) continue;
      bytes += raw->rows * row_sizes(raw->type, raw->columns).bytes();
    }
    runtime.expect_free(bytes);
  }

 private:
  using Key = std::tuple<const std::byte*, DType, std::size_t, std::size_t>;  // data, type, rows, columns
  [[nodiscard]] static Key key_of(const RawTensor& raw) { return {raw.data, raw.type, raw.rows, raw.columns}; }

  std::map<Key, std::weak_ptr<const typename DeviceMatrix<R>::Memory>> loaded_;
};

// A vector of floats. A tensor that the model does not have gives an empty one.
template <class R>
class DeviceVector {
 public:
  DeviceVector() = default;
  DeviceVector(R& runtime, const RawTensor& raw) {
    if (raw.empty()) return;
    std::vector<float> values(raw.columns);
    dequantize_row(raw.type, raw.data, values.data(), raw.columns);
    memory_ = std::make_shared<DeviceMemory<R, float>>(runtime, raw.columns);
    runtime.copy_to_device(memory_->data(), values.data(), values.size() * sizeof(float));
  }
  [[nodiscard]] bool empty() const { return memory_ == nullptr; }
  [[nodiscard]] const float* data() const { return empty() ? nullptr : memory_->data(); }
  [[nodiscard]] std::size_t size() const { return empty() ? 0 : memory_->size(); }
  [[nodiscard]] std::size_t bytes() const { return size() * sizeof(float); }

 private:
  std::shared_ptr<DeviceMemory<R, float>> memory_;
};

}  // namespace litestage::gpu
