// Runs steps, and replays those that come again as one recording.
#pragma once

#include <concepts>
#include <cstddef>

#include "litestage/backend/gpu/memory/scratch.hpp"
#include "litestage/backend/gpu/recording/step_cache.hpp"
#include "litestage/core/error.hpp"

namespace litestage::gpu {

// Outcome: what the host remembers about a step's results. It is kept with the recording, because a replay calls no
// code that would compute it.
template <Runtime R, class Outcome>
class StepRecorder {
 public:
  // `capacity`: recordings that are kept. `verify`: every replay records the step again first, and asserts that it
  // makes the same calls; only on a runtime whose recordings can be compared.
  StepRecorder(Device<R>& device, std::size_t capacity, bool verify)
      : device_(&device), capacity_(capacity), verify_(verify), steps_(capacity) {}

  // Runs work(), which sets `outcome`, or does the same by a replay. The key names everything that the launches of
  // work() depend on except the contents of memory.
  template <class Work>
  void run(const StepKey& key, Outcome& outcome, const Work& work) {
    if (capacity_ == 0) return work();
    drop_stale();
    const auto found = steps_.find(key);
    RecordedStep* step = found.recording;
    if (step == nullptr && !found.seen) return work();
    if (step == nullptr) step = &steps_.put({record(device_->runtime(), work), outcome});
    if constexpr (std::equality_comparable<typename R::Recording>) {
      LITESTAGE_ASSERT(!verify_ || record(device_->runtime(), work) == step->calls,
                       "expected the recorded calls, found other calls of a step with the same key");
    }
    device_->runtime().replay(step->calls);
    outcome = step->outcome;
    ++replays_;
  }

  // The number of replays so far.
  [[nodiscard]] std::size_t replays() const { return replays_; }

 private:
  struct RecordedStep {
    typename R::Recording calls;
    Outcome outcome;
  };

  void drop_stale() {
    if (memory_changes_ == device_->memory_changes()) return;
    memory_changes_ = device_->memory_changes();
    steps_.clear();
  }

  Device<R>* device_;
  std::size_t capacity_;
  bool verify_;
  StepCache<RecordedStep> steps_;
  std::size_t memory_changes_ = 0;  // of the device, when steps_ was last valid
  std::size_t replays_ = 0;
};

}  // namespace litestage::gpu
