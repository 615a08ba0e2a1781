// The books of the K/V cache: which positions each (slot, layer) stores, and under which decisions each position was
// computed. Skipped attention leaves gaps, so every layer keeps its own list. No numbers of the model live here.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/core/error.hpp"

namespace litestage {

class KvIndex {
 public:
  KvIndex(std::size_t slots, std::size_t layers, std::size_t capacity)
      : layers_(layers), capacity_(capacity), slots_(slots, Slot{{}, std::vector<std::vector<int>>(layers)}) {}

  [[nodiscard]] std::size_t slots() const { return slots_.size(); }
  [[nodiscard]] std::size_t layers() const { return layers_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

  // Positions that the slot holds: 0..length-1.
  [[nodiscard]] int length(int slot) const { return static_cast<int>(at(slot).positions.size()); }
  // Entries stored in one layer of the slot; at most length(slot).
  [[nodiscard]] int stored(int slot, int layer) const { return static_cast<int>(list(slot, layer).size()); }
  // The position that entry `entry` stands for.
  [[nodiscard]] int stored_position(int slot, int layer, int entry) const {
    return list(slot, layer).at(static_cast<std::size_t>(entry));
  }
  [[nodiscard]] int token(int slot, int position) const {
    return at(slot).positions.at(static_cast<std::size_t>(position)).token;
  }

  // Takes the next position for this token, which will be computed under the decision vector with this number.
  int append(int slot, int token, int decisions) {
    Slot& s = at(slot);
    LITESTAGE_ASSERT(s.positions.size() < capacity_, "slot ", slot, " is full with ", capacity_, " positions");
    s.positions.push_back({token, decisions});
    return static_cast<int>(s.positions.size()) - 1;
  }
  // Takes the next entry of a layer for the slot's newest position. Positions come in ascending order.
  int store(int slot, int layer, int position) {
    std::vector<int>& l = list(slot, layer);
    LITESTAGE_ASSERT(l.empty() || l.back() < position, "position ", position, " after ", l.back());
    l.push_back(position);
    return static_cast<int>(l.size()) - 1;
  }
  // The entry of the nearest layer below that stores this position; count == 0 where there is none.
  [[nodiscard]] EntryCopy entry_below(int slot, int layer, int position) const {
    for (int below = layer - 1; below >= 0; --below) {
      const std::vector<int>& l = list(slot, below);
      const auto found = std::lower_bound(l.begin(), l.end(), position);
      if (found != l.end() && *found == position) {
        return {slot, below, static_cast<int>(found - l.begin()), slot, layer, 0, 1};
      }
    }
    return {slot, 0, 0, slot, layer, 0, 0};
  }

  // Drops every position from `length` on.
  void truncate(int slot, int length) {
    Slot& s = at(slot);
    LITESTAGE_ASSERT(length >= 0 && length <= this->length(slot), length, " of ", this->length(slot));
    s.positions.resize(static_cast<std::size_t>(length));
    for (std::vector<int>& l : s.stored) l.erase(std::lower_bound(l.begin(), l.end(), length), l.end());
  }
  // Makes `to` hold the first `length` positions of `from`; returns the copies of entries that this needs.
  std::vector<EntryCopy> fork(int from, int to, int length) {
    LITESTAGE_ASSERT(from != to, "a slot is not forked into itself");
    at(to) = at(from);
    truncate(to, length);
    std::vector<EntryCopy> copies;
    for (int l = 0; l < static_cast<int>(layers_); ++l) {
      if (stored(to, l) > 0) copies.push_back({from, l, 0, to, l, 0, stored(to, l)});
    }
    return copies;
  }
  // Keeps the longest prefix of the slot that equals `tokens` and was computed under `decisions`; returns its length.
  int reuse(int slot, std::span<const int> tokens, int decisions) {
    const std::vector<Position>& held = at(slot).positions;
    std::size_t n = 0;
    while (n < tokens.size() && n < held.size() && held[n] == Position{tokens[n], decisions}) ++n;
    truncate(slot, static_cast<int>(n));
    return static_cast<int>(n);
  }

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

  [[nodiscard]] Slot& at(int slot) { return slots_.at(static_cast<std::size_t>(slot)); }
  [[nodiscard]] const Slot& at(int slot) const { return slots_.at(static_cast<std::size_t>(slot)); }
  [[nodiscard]] std::vector<int>& list(int slot, int layer) {
    return at(slot).stored.at(static_cast<std::size_t>(layer));
  }
  [[nodiscard]] const std::vector<int>& list(int slot, int layer) const {
    return at(slot).stored.at(static_cast<std::size_t>(layer));
  }

  std::size_t layers_, capacity_;
  std::vector<Slot> slots_;
};

}  // namespace litestage
