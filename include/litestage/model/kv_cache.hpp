// Keys and values of the active sequences: the bookkeeping (KvIndex) and a backend's memory, kept consistent.
#pragma once

#include <optional>
#include <span>

#include "litestage/backend/concept.hpp"
#include "litestage/model/kv_index.hpp"

namespace litestage {

template <Backend B>
class KvCache {
 public:
  KvCache(B& backend, const CacheShape& shape)
      : backend_(&backend),
        type_(shape.type),
        index_(shape.slots, shape.layers, shape.capacity),
        memory_(backend.make_cache(shape)) {}

  [[nodiscard]] KvType type() const { return type_; }

  [[nodiscard]] KvIndex& index() { return index_; }
  [[nodiscard]] const KvIndex& index() const { return index_; }
  [[nodiscard]] typename B::Cache& memory() { return memory_; }

  [[nodiscard]] int length(int slot) const { return index_.length(slot); }
  void truncate(int slot, int length) { index_.truncate(slot, length); }
  int reuse(int slot, std::span<const int> tokens, int decisions) { return index_.reuse(slot, tokens, decisions); }
  // The lowest layer in which the slot holds a key or value that was too large for the cache's type. Reads all of them.
  [[nodiscard]] std::optional<int> overflowed_layer(int slot) {
    for (int l = 0; l < index_.layers(); ++l) {
      if (backend_->kv_overflowed(memory_, slot, l, index_.stored(slot, l))) return l;
    }
    return std::nullopt;
  }
  // Makes `to` hold the first `length` positions of `from`, with their entries.
  void fork(int from, int to, int length) { backend_->copy_entries(memory_, index_.fork(from, to, length)); }

 private:
  B* backend_;
  KvType type_;
  KvIndex index_;
  typename B::Cache memory_;
};

}  // namespace litestage
