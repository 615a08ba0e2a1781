// The bookkeeping of the K/V cache: which positions each (slot, layer) stores, and under which decisions each position
// was computed. Skipped attention leaves gaps, so every layer has its own list. This class stores no keys or values.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/core/compiled.hpp"
#include "litestage/core/error.hpp"
#include "litestage/model/source/config.hpp"

namespace litestage {

class KvIndex {
 public:
  KvIndex(std::size_t slots, std::size_t layers, std::size_t capacity);

  [[nodiscard]] std::size_t slots() const { return slots_.size(); }
  [[nodiscard]] int layers() const { return layers_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

  // Number of positions that the slot holds: 0..length-1.
  [[nodiscard]] int length(int slot) const { return static_cast<int>(at(slot).positions.size()); }
  // Number of entries stored in one layer of the slot; at most length(slot).
  [[nodiscard]] int stored(int slot, int layer) const { return static_cast<int>(list(slot, layer).size()); }
  // The position of entry `entry`.
  [[nodiscard]] int stored_position(int slot, int layer, int entry) const;
  [[nodiscard]] int token(int slot, int position) const;

  // Appends a token at the next position; it will be computed under the decision vector with this number.
  int append(int slot, int token, int decisions);
  // Appends an entry to a layer for the slot's newest position. Positions are appended in ascending order.
  int store(int slot, int layer, int position);
  // Number of entries of a layer at positions below `position`.
  [[nodiscard]] int stored_before(int slot, int layer, int position) const;
  // The entry for this position in the nearest lower layer that stores it and turns its keys as this one does: a key
  // with another rotation would be at another position. count == 0 if there is none.
  [[nodiscard]] EntryCopy entry_below(int slot, int layer, int position, const LayerKinds& kinds = {}) const;

  // Drops all positions from `length` on.
  void truncate(int slot, int length);
  // Makes `to` hold the first `length` positions of `from`; returns the entry copies that the backend must make.
  std::vector<EntryCopy> fork(int from, int to, int length);
  // Keeps the longest prefix of the slot that equals `tokens` and was computed under `decisions`; returns its length.
  int reuse(int slot, std::span<const int> tokens, int decisions);

 private:
  struct Position {
    int token = 0;
    int decisions = 0;  // number in the DecisionTable
    friend bool operator==(const Position&, const Position&) = default;
  };
  struct Slot {
    std::vector<Position> positions;
    std::vector<std::vector<int>> stored;  // [layers] positions, ascending
  };

  [[nodiscard]] Slot& at(int slot) { return slots_.at(slot); }
  [[nodiscard]] const Slot& at(int slot) const { return slots_.at(slot); }
  [[nodiscard]] std::vector<int>& list(int slot, int layer);
  [[nodiscard]] const std::vector<int>& list(int slot, int layer) const;

  int layers_;
  std::size_t capacity_;
  std::vector<Slot> slots_;
};

}  // namespace litestage

#if LITESTAGE_HEADER_ONLY
#include "litestage/model/definitions/kv_index.hpp"
#endif
