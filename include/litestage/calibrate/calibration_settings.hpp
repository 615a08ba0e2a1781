// What a calibration is told, where it keeps what it finished, and what it says of early exits and baselines.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "litestage/calibrate/importance/importance.hpp"
#include "litestage/calibrate/search/baselines.hpp"
#include "litestage/calibrate/search/exit_candidates.hpp"
#include "litestage/calibrate/search/search.hpp"
#include "litestage/calibrate/trials/metric.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/settings/record.hpp"
#include "litestage/step/types.hpp"

namespace litestage::calibrate {

struct CalibrationSettings {
  Metric metric = Metric::letter;
  double max_loss = 0.04;                     // v1 of the paper: less than 4 points
  std::optional<double> least_accuracy = {};  // in place of it
  int step = 1;                               // counts 0, step, 2 step, ...
  std::optional<int> most = {};               // up to this many sub-layers; else all but one layer's
  CosineOf rank_by = CosineOf::requests;
  Phases phase = Phases::both;
  KvOnSkip kv = KvOnSkip::none;
  confidence::Standard criterion = {};  // of the early exit
  ExitGrid exits = {};
};

// Where a search writes what it finished. `records` are those of the runs before.
struct Journal {
  std::vector<Record> records;
  std::function<void(const Form&)> append = [](const Form&) {};
  std::size_t context = 0;  // under which those records were made that do not say for which they hold; 0: for any
};

// One baseline at the largest setting within the target.
struct BaselineChoice {
  std::string name;
  BaselineSetting setting;
  Point point;  // its `seconds` are the share of sub-layers that run, which is what the search made small
};
struct ExitChoice {
  std::optional<LowConfidence> exit;  // none where generating to the end is the fastest within the target
  std::vector<std::pair<std::optional<LowConfidence>, Point>> curve;
};

// What a plan makes of every question of the search.
struct Score {
  std::vector<int> predicted;        // [questions]
  std::vector<Outcome> outcomes;     // [questions]
  std::vector<double> stage_tokens;  // [stages] generated, mean over the questions
};

}  // namespace litestage::calibrate
