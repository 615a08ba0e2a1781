// Compares recorded steps with plain launches: the same decoded tokens must have the same bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "litestage/backend/gpu/operations/gpu_options.hpp"
#include "litestage/engine/session.hpp"
#include "litestage/validate/check_progress.hpp"
#include "litestage/validate/checks/workload.hpp"
#include "litestage/validate/small_config.hpp"
#include "litestage/validate/synthetic_model.hpp"

namespace litestage::validation {

// Records the logits of a small model over many steps. The context grows past one chunk of attention and the decisions
// change, so that there are several recordings, and each is replayed after others were.
struct DecodeTrace {
  std::vector<std::vector<float>> logits;  // [steps]
  std::size_t replays = 0;
};
template <class Make>
[[nodiscard]] DecodeTrace trace_decode(const Make& make, DType type, std::size_t recorded_steps, int steps,
                                       const CheckProgress& progress) {
  GpuOptions options;
  options.recorded_steps = recorded_steps;
  auto backend = make(options);
  const ModelConfig config = small_config(type);
  const auto model = load(backend, synthetic_model(config, type, has_head_norms(type), has_post_norms(type)));
  Session session(backend, model, {.capacity = static_cast<std::size_t>(steps)});
  SplitMix64 random(11);
  int numbers[4];
  for (int& number : numbers) {
    Decisions decisions = random_decisions(random, config.n_layers);
    for (SkipDecision& d : decisions)
      d.kv = d.kv == KvOnSkip::copy_below ? KvOnSkip::none : d.kv;  // such steps are never recorded
    number = session.decisions().number_of(decisions);
  }
  numbers[0] = session.skip_nothing();
  DecodeTrace trace;
  for (int t = 0; t < steps; ++t) {
    progress.ask();
    const int token = static_cast<int>(random.below(config.vocab));
    session.step(std::vector<StepRow>{{.token = token, .decisions = numbers[random.below(4)], .wants_logits = true}});
    session.read_logits(0, trace.logits.emplace_back());
  }
  trace.replays = backend.replays();
  return trace;
}

struct ReplayCheck {
  int steps = 0;
  std::size_t replays = 0;
  bool same_bits = false;
  [[nodiscard]] bool passed() const { return same_bits && replays > 0; }
};
// make(options) makes a GPU backend, emulated or real.
template <class Make>
[[nodiscard]] ReplayCheck check_replays(const Make& make, DType type, int steps, const CheckProgress& progress) {
  const DecodeTrace recorded = trace_decode(make, type, GpuOptions{}.recorded_steps, steps, progress);
  const DecodeTrace plain = trace_decode(make, type, 0, steps, progress);
  return {.steps = steps, .replays = recorded.replays, .same_bits = recorded.logits == plain.logits};
}

}  // namespace litestage::validation
