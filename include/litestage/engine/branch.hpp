// One of the parallel branches of a stage, while it is generated.
#pragma once

#include <cstddef>
#include <vector>

#include "litestage/engine/report.hpp"
#include "litestage/engine/sampler.hpp"
#include "litestage/engine/segment.hpp"
#include "litestage/engine/stop_text.hpp"

namespace litestage {

struct Branch {
  int slot = 0;  // in the K/V cache
  Segment segment;
  StopText text;
  Sampler sampler;
  std::vector<int> kept = {};
  std::vector<float> trace = {};  // [chosen]
  int chosen = 0;                 // generated tokens, including one that was not kept
  bool done = false;
  StopReason stop = StopReason::cap;
};

// The rows that a branch has in a step: n from `first_row` on.
struct RowSlice {
  std::size_t branch, first_row, n;
};

}  // namespace litestage
