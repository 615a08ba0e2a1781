// Packing of weights into panels.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "litestage/backend/cpu/matmul/pack.hpp"
#include "litestage/backend/cpu/matmul/packed_matrix.hpp"
#include "litestage/core/threads/range.hpp"
#include "litestage/core/threads/thread_team.hpp"

namespace litestage::cpu {

LITESTAGE_INLINE PackedMatrix::PackedMatrix(const RawTensor& raw, ThreadTeam& team, PanelMemory& memory,
                                            Packing packing) {
  LITESTAGE_ASSERT(!raw.empty(), raw.name);
  auto data = std::make_shared<Data>();
  data->raw = raw;
  data->panel_bytes = cpu::panel_bytes(raw.type, raw.columns);
  data->panels = (raw.rows + panel_rows - 1) / panel_rows;
  if (packing == Packing::at_load) {
    data->packed = memory.take(data->panels * data->panel_bytes);
    team.for_ranges(data->panels, 1, [&](Range panels, int) {
      for (std::size_t p = panels.first; p < panels.last; ++p) {
        pack_panel(raw, p, data->packed.get() + p * data->panel_bytes);
      }
    });
  }
  data_ = std::move(data);
}

LITESTAGE_INLINE PackedMatrix::PackedMatrix(const RawTensor& raw, ThreadTeam& team, Packing packing) {
  PanelMemory memory(panel_bytes(raw.type, raw.columns) * ((raw.rows + panel_rows - 1) / panel_rows));
  *this = PackedMatrix(raw, team, memory, packing);
}

LITESTAGE_INLINE const std::byte* PackedMatrix::panel(std::size_t p, PanelScratch& scratch) const {
  if (data_->packed != nullptr) return data_->packed.get() + p * data_->panel_bytes;
  std::byte* room = scratch.room(data_->panel_bytes);
  pack_panel(data_->raw, p, room);
  return room;
}

}  // namespace litestage::cpu
