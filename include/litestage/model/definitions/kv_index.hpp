// The bookkeeping of the K/V cache.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/core/error.hpp"
#include "litestage/model/kv_index.hpp"

namespace litestage {

LITESTAGE_INLINE KvIndex::KvIndex(std::size_t slots, std::size_t layers, std::size_t capacity)
    : layers_(static_cast<int>(layers)),
      capacity_(capacity),
      slots_(slots, Slot{.positions = {}, .stored = std::vector<std::vector<int>>(layers)}) {}

LITESTAGE_INLINE int KvIndex::stored_position(int slot, int layer, int entry) const {
  return list(slot, layer).at(entry);
}

LITESTAGE_INLINE int KvIndex::token(int slot, int position) const {
  return at(slot).positions.at(position).token;
}

LITESTAGE_INLINE int KvIndex::append(int slot, int token, int decisions) {
  Slot& s = at(slot);
  LITESTAGE_ASSERT(s.positions.size() < capacity_, "slot ", slot, " is full with ", capacity_, " positions");
  s.positions.push_back({token, decisions});
  return static_cast<int>(s.positions.size()) - 1;
}

LITESTAGE_INLINE int KvIndex::store(int slot, int layer, int position) {
  std::vector<int>& l = list(slot, layer);
  LITESTAGE_ASSERT(l.empty() || l.back() < position, "position ", position, " after ", l.back());
  l.push_back(position);
  return static_cast<int>(l.size()) - 1;
}

LITESTAGE_INLINE int KvIndex::stored_before(int slot, int layer, int position) const {
  const std::vector<int>& l = list(slot, layer);
  return static_cast<int>(std::lower_bound(l.begin(), l.end(), position) - l.begin());
}

LITESTAGE_INLINE EntryCopy KvIndex::entry_below(int slot, int layer, int position, const LayerKinds& kinds) const {
  for (int below = layer - 1; below >= 0; --below) {
    if (kinds[below].rope != kinds[layer].rope) continue;
    const std::vector<int>& l = list(slot, below);
    const auto found = std::lower_bound(l.begin(), l.end(), position);
    if (found != l.end() && *found == position) {
      return {.from_slot = slot,
              .from_layer = below,
              .from_entry = static_cast<int>(found - l.begin()),
              .to_slot = slot,
              .to_layer = layer};
    }
  }
  return {.from_slot = slot, .to_slot = slot, .to_layer = layer, .count = 0};
}

LITESTAGE_INLINE void KvIndex::truncate(int slot, int length) {
  Slot& s = at(slot);
  LITESTAGE_ASSERT(length >= 0 && length <= this->length(slot), length, " of ", this->length(slot));
  s.positions.resize(length);
  for (std::vector<int>& l : s.stored) l.erase(std::lower_bound(l.begin(), l.end(), length), l.end());
}

LITESTAGE_INLINE std::vector<EntryCopy> KvIndex::fork(int from, int to, int length) {
  LITESTAGE_ASSERT(from != to, "a slot is not forked into itself");
  at(to) = at(from);
  truncate(to, length);
  std::vector<EntryCopy> copies;
  for (int l = 0; l < layers_; ++l) {
    if (stored(to, l) == 0) continue;
    copies.push_back({.from_slot = from, .from_layer = l, .to_slot = to, .to_layer = l, .count = stored(to, l)});
  }
  return copies;
}

LITESTAGE_INLINE int KvIndex::reuse(int slot, std::span<const int> tokens, int decisions) {
  const std::vector<Position>& held = at(slot).positions;
  int n = 0;
  while (n < std::ssize(tokens) && n < std::ssize(held) && held[n] == Position{tokens[n], decisions}) ++n;
  truncate(slot, n);
  return n;
}

LITESTAGE_INLINE std::vector<int>& KvIndex::list(int slot, int layer) {
  return at(slot).stored.at(layer);
}

LITESTAGE_INLINE const std::vector<int>& KvIndex::list(int slot, int layer) const {
  return at(slot).stored.at(layer);
}

}  // namespace litestage
