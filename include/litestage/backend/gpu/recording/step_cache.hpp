// Recordings of steps by their keys, the most recently used ones.
//
// The key of a step is everything that its launches depend on except the contents of memory. A step is recorded when
// its key comes for the second time: by then the buffers that it needs have been allocated, and a step that comes only
// once (a prefill) is not recorded at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "litestage/core/fnv1a.hpp"

namespace litestage::gpu {

using StepKey = std::vector<std::uint64_t>;

template <class Recording>
class StepCache {
 public:
  explicit StepCache(std::size_t capacity) : capacity_(capacity) {}

  struct Found {
    Recording* recording = nullptr;  // nullptr: there is none yet
    bool seen = false;               // the key came before, so the step is worth recording
  };
  // Looks up `key`, and remembers that it came. A new key replaces the least recently used one.
  [[nodiscard]] Found find(const StepKey& key) {
    const auto at = index_.find(key);
    if (at == index_.end()) {
      entries_.emplace_front(key, std::nullopt);
      index_[key] = entries_.begin();
      if (entries_.size() > capacity_) {
        index_.erase(entries_.back().first);
        entries_.pop_back();
      }
      return {};
    }
    entries_.splice(entries_.begin(), entries_, at->second);
    std::optional<Recording>& recording = at->second->second;
    return {.recording = recording ? &*recording : nullptr, .seen = true};
  }
  // Stores the recording of the key that `find` was last called with.
  Recording& put(Recording recording) { return entries_.front().second.emplace(std::move(recording)); }
  // Call after a reallocation: recordings hold stale pointers.
  void clear() {
    entries_.clear();
    index_.clear();
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Hash {
    [[nodiscard]] std::size_t operator()(const StepKey& key) const {
      Fnv1a hash;
      hash.add(std::as_bytes(std::span(key)));
      return static_cast<std::size_t>(hash.value());
    }
  };
  using Entry = std::pair<StepKey, std::optional<Recording>>;

  std::size_t capacity_;
  std::list<Entry> entries_;  // the most recently used first
  std::unordered_map<StepKey, typename std::list<Entry>::iterator, Hash> index_;
};

}  // namespace litestage::gpu
