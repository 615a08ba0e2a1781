// What a calibration is asked for, and what its phases find.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "litestage/calibrate/importance/importance.hpp"
#include "litestage/calibrate/search/baselines.hpp"
#include "litestage/calibrate/search/exit_candidates.hpp"
#include "litestage/calibrate/search/search.hpp"
#include "litestage/calibrate/trials/metric.hpp"
#include "litestage/calibrate/trials/staged_evaluation.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/step/types.hpp"

namespace litestage::calibrate {

struct CalibrationSettings {
  Metric metric = Metric::letter;
  double max_loss = 0.04;                     // accuracy that a plan may lose; the paper: less than 4 points
  std::optional<double> least_accuracy = {};  // accuracy that a plan must have, in place of max_loss
  int step = 1;                               // budgets tried: 0, step, 2 step, ...
  std::optional<int> most = {};               // largest budget; by default all sub-layers but one layer's
  CosineOf rank_by = CosineOf::requests;
  Phases phase = Phases::both;
  KvOnSkip kv = KvOnSkip::none;
  confidence::Standard criterion = {};  // of the early exit
  ExitGrid exits = {};                  // without windows no exit is searched
  bool baselines = true;                // also search how far each baseline can go
  double probe_seconds = 15;            // that measuring the latency model takes
  std::size_t batch = 16;               // stages in flight
  std::size_t context = 0;              // positions of one branch; 0: context_or_default
  KvType cache = KvType::f16;           // type of the K/V cache
};

// Full depth on every question: what the budgets are judged and ordered by.
struct FullDepth {
  Judge judge;                             // knows the right answers; for the metric agreement they are full depth's
  std::vector<int> predicted;              // [questions]
  std::vector<double> stage_seconds;       // [stages] means, predicted
  std::vector<std::size_t> slowest_first;  // [stages]

  // The value of SearchSpace::rerun: a stage's share of the time is its own and that of the stages after it.
  [[nodiscard]] std::vector<double> rerun() const {
    std::vector<double> shares(stage_seconds.size());
    std::partial_sum(stage_seconds.rbegin(), stage_seconds.rend(), shares.rbegin());
    const double all = shares.front();
    for (double& share : shares) share = all > 0 ? std::clamp(share / all, 0.01, 1.0) : 1;
    return shares;
  }
};

// One baseline at its largest setting within the target.
struct BaselineChoice {
  std::string name;
  BaselineSetting setting;
  Point point;  // its cost is the share of sub-layers that run
};
struct ExitChoice {
  std::optional<LowConfidence> exit;  // none where generating to the end is the fastest within the target
  std::vector<std::pair<std::optional<LowConfidence>, Point>> curve;  // everything that was tried
};

// What a setting makes of every question.
struct Score {
  std::vector<int> predicted;        // [questions]
  std::vector<Outcome> outcomes;     // [questions]
  std::vector<double> stage_tokens;  // [stages] generated, mean over the questions
};

// What all searches of a calibration took. A trial is one question under one candidate.
struct SearchWork {
  std::size_t trials = 0;
  std::int64_t tokens_of_trials = 0;  // that would have been generated without a memory
  GenerationCounts generated;         // by this process
  GenerationCounts restored;          // by earlier ones, from the journal
  std::size_t left_out = 0;           // records of the journal that do not hold for this run's context
};

}  // namespace litestage::calibrate
