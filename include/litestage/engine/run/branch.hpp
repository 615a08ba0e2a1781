// One of the parallel branches of a stage, while it is generated.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "litestage/engine/report.hpp"
#include "litestage/engine/run/reading_ahead.hpp"
#include "litestage/engine/sampler.hpp"
#include "litestage/engine/segment.hpp"
#include "litestage/engine/stop_text.hpp"

namespace litestage {

struct Branch {
  int slot = 0;  // in the K/V cache
  Segment segment;
  StopText text;
  Sampler sampler;
  int most = 0;                                      // tokens that it may choose
  std::vector<int> kept = {};                        // injected ones included
  std::vector<float> trace = {};                     // [chosen]
  int chosen = 0;                                    // generated tokens, including one that was not kept
  int injected = 0;                                  // tokens that the exit policy put into the text
  int injected_at = 0;                               // tokens chosen before that
  bool closed = false;                               // whether it has done so and is not asked again
  std::optional<ReadingAhead> ahead = std::nullopt;  // the look-ahead that is being read
  std::vector<LookAheadReport> look_aheads = {};     // those before it
  int positions = 0;                                 // most positions of the slot that it has used
  std::optional<StopReason> stop = std::nullopt;     // why it has ended; empty while it goes on
};

// The rows that a branch has in a step: n from `first_row` on.
struct RowSlice {
  std::size_t branch, first_row, n;
};

}  // namespace litestage
