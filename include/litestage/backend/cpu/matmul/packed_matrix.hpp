// A weight matrix of the `cpu` backend: immutable, shared between copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "litestage/backend/cpu/matmul/panel_memory.hpp"
#include "litestage/core/compiled.hpp"
#include "litestage/core/tensor.hpp"

namespace litestage {
class ThreadTeam;
}

namespace litestage::cpu {

enum class Packing : std::uint8_t {
  at_load,   // a second copy in memory that the kernels read at memory speed
  in_flight  // no copy: a panel is packed into a thread's scratch whenever it is used; slower, same bits
};

// One thread's memory for the panel that it packs.
class PanelScratch {
 public:
  // Room for at least `bytes`; earlier contents may be lost.
  [[nodiscard]] std::byte* room(std::size_t bytes) {
    if (bytes > buffer_.size()) buffer_ = Buffer<std::byte>(bytes);
    return buffer_.data();
  }

 private:
  Buffer<std::byte> buffer_;
};

class PackedMatrix {
 public:
  PackedMatrix() = default;
  // Packs with all threads of the team into `memory`, which matrices of one model share. With Packing::in_flight, `raw`
  // is read as long as this object or a copy lives.
  PackedMatrix(const RawTensor& raw, ThreadTeam& team, PanelMemory& memory, Packing packing = Packing::at_load);

  // Packs into memory of its own.
  PackedMatrix(const RawTensor& raw, ThreadTeam& team, Packing packing = Packing::at_load);

  [[nodiscard]] bool empty() const { return data_ == nullptr; }
  [[nodiscard]] const RawTensor& raw() const { return data_->raw; }
  [[nodiscard]] DType type() const { return data_->raw.type; }
  [[nodiscard]] std::size_t rows() const { return data_->raw.rows; }
  [[nodiscard]] std::size_t columns() const { return data_->raw.columns; }
  [[nodiscard]] std::size_t panels() const { return data_->panels; }  // of 16 rows
  // Bytes allocated, beyond the mapped file.
  [[nodiscard]] std::size_t bytes() const { return empty() || data_->packed == nullptr ? 0 : stream_bytes(); }
  // Bytes that one product reads.
  [[nodiscard]] std::size_t stream_bytes() const { return data_->panels * data_->panel_bytes; }
  // Panel p, from memory or packed now.
  [[nodiscard]] const std::byte* panel(std::size_t p, PanelScratch& scratch) const;

 private:
  struct Data {
    RawTensor raw;
    std::size_t panels = 0, panel_bytes = 0;
    std::shared_ptr<std::byte> packed;  // [panels][panel_bytes]; null if panels are packed in flight
  };
  std::shared_ptr<const Data> data_;
};

}  // namespace litestage::cpu

#if LITESTAGE_HEADER_ONLY
#include "litestage/backend/cpu/matmul/definitions/packed_matrix.hpp"
#endif
