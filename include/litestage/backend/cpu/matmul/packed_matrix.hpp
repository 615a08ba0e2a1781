// A weight matrix as the `cpu` backend keeps it: immutable, shared between copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "litestage/backend/cpu/matmul/pack.hpp"
#include "litestage/backend/cpu/matmul/panel_memory.hpp"
#include "litestage/core/tensor.hpp"
#include "litestage/core/threads/thread_team.hpp"

namespace litestage::cpu {

enum class Packing : std::uint8_t {
  at_load,   // a second copy in memory that the kernels read at memory speed
  in_flight  // no copy: each panel is packed into a thread's scratch whenever it is used; the same bits, slower
};

// One thread's room for the panel it is packing.
class PanelScratch {
 public:
  // At least `bytes`; keeps what it has.
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
  // Packs with all threads of the team into `memory`, which matrices of one model share. Without packing `raw` is read
  // as long as this or a copy lives.
  PackedMatrix(const RawTensor& raw, ThreadTeam& team, PanelMemory& memory, Packing packing = Packing::at_load) {
    LITESTAGE_ASSERT(!raw.empty(), raw.name);
    auto data = std::make_shared<Data>();
    data->raw = raw;
    data->panel_bytes = cpu::panel_bytes(raw.type, raw.columns);
    data->panels = (raw.rows + panel_rows - 1) / panel_rows;
    if (packing == Packing::at_load) {
      data->packed = memory.take(data->panels * data->panel_bytes);
      team.run([&](int thread) {
        const Range mine = share(data->panels, static_cast<std::size_t>(thread), static_cast<std::size_t>(team.size()));
        for (std::size_t p = mine.first; p < mine.last; ++p) {
          pack_panel(raw, p, data->packed.get() + p * data->panel_bytes);
        }
      });
    }
    data_ = std::move(data);
  }

  // In memory of its own.
  PackedMatrix(const RawTensor& raw, ThreadTeam& team, Packing packing = Packing::at_load) {
    PanelMemory memory(panel_bytes(raw.type, raw.columns) * ((raw.rows + panel_rows - 1) / panel_rows));
    *this = PackedMatrix(raw, team, memory, packing);
  }

  [[nodiscard]] bool empty() const { return data_ == nullptr; }
  [[nodiscard]] const RawTensor& raw() const { return data_->raw; }
  [[nodiscard]] DType type() const { return data_->raw.type; }
  [[nodiscard]] std::size_t rows() const { return data_->raw.rows; }
  [[nodiscard]] std::size_t columns() const { return data_->raw.columns; }
  [[nodiscard]] std::size_t panels() const { return data_->panels; }  // of 16 rows
  // Allocated, beyond the mapped file.
  [[nodiscard]] std::size_t bytes() const { return empty() || data_->packed == nullptr ? 0 : stream_bytes(); }
  // What one product reads.
  [[nodiscard]] std::size_t stream_bytes() const { return data_->panels * data_->panel_bytes; }
  // Panel p, from memory or packed now.
  [[nodiscard]] const std::byte* panel(std::size_t p, PanelScratch& scratch) const {
    if (data_->packed != nullptr) return data_->packed.get() + p * data_->panel_bytes;
    std::byte* room = scratch.room(data_->panel_bytes);
    pack_panel(data_->raw, p, room);
    return room;
  }

 private:
  struct Data {
    RawTensor raw;
    std::size_t panels = 0, panel_bytes = 0;
    std::shared_ptr<std::byte> packed;  // [panels][panel_bytes]; none where packing happens in flight
  };
  std::shared_ptr<const Data> data_;
};

}  // namespace litestage::cpu
