// How the tokens of a run or of a stage are chosen. The sampler itself: engine/sampler.hpp.
#pragma once

#include <cstdint>

namespace litestage {

struct SamplerOptions {
  double temperature = 0;  // 0: greedy
  int top_k = 0;           // keep the k likeliest tokens; 0: all
  double top_p = 1;        // keep the likeliest tokens until their probabilities reach p
  std::uint64_t seed = 0;  // of the run; every (question, stage, branch) has its own random stream

  [[nodiscard]] bool greedy() const { return temperature <= 0; }
  friend bool operator==(const SamplerOptions&, const SamplerOptions&) = default;
};

}  // namespace litestage
