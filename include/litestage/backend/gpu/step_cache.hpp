// Recorded steps: the launches of a step as one, for as long as the same step comes again. The least recently used one
// makes room for a new one.
//
// A step is told by its key: everything that its launches depend on but the numbers in memory. It is recorded when it
// is seen for the second time, so that what comes once (a prefill) costs nothing, and all memory it needs exists by
// then.
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
    Recording* recording = nullptr;  // to be replayed
    bool seen = false;               // the key came before: worth recording
  };
  // Looks `key` up, and remembers that it came.
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
    return {recording ? &*recording : nullptr, true};
  }
  // For the key that was found last.
  Recording& put(Recording recording) { return entries_.front().second.emplace(std::move(recording)); }
  // Where memory has moved, nothing recorded is of use.
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
  std::list<Entry> entries_;  // the latest first
  std::unordered_map<StepKey, typename std::list<Entry>::iterator, Hash> index_;
};

}  // namespace litestage::gpu
