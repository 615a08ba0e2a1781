// The options of `calibrate` beyond those of all programs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/options/command.hpp"
#include "cli/options/options.hpp"

namespace litestage::cli {

struct CalibrateOptions {
  Options common;
  std::string metric = "letter", strategy = "racing", rank_by = "requests", phase = "both", kv_on_skip = "none";
  std::string exit = "low_confidence", criterion = "max_prob";
  double probe_seconds = 15;
  std::optional<double> max_loss, least_accuracy;
  int step = 1;
  std::optional<int> most;
  std::vector<int> windows = {4, 8, 16};
  int thresholds = 8;
  std::string plan = "plan.json", journal;
  bool importance_only = false, no_baselines = false;
  int check_latency = 3;
};

// The command line of `calibrate`.
[[nodiscard]] Command calibrate_command(CalibrateOptions& o);

}  // namespace litestage::cli
