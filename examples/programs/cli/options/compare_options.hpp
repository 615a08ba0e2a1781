// The options of `compare` beyond those of all programs.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/options/command.hpp"
#include "cli/options/options.hpp"

namespace litestage::cli {

struct CompareOptions {
  Options common;  // its task, data and plan are those of one task (see by_task)
  std::vector<std::string> tasks = {"choice"}, data, plans;
  std::vector<std::string> methods = {"all"}, exits, own_methods;
  std::string direct;  // schedule of the control `direct`; empty: as it follows from the stages
  std::optional<std::size_t> latency_questions;  // default: 20, or all if there are fewer
  std::size_t traces = 0;
  std::string markdown, journal;
  bool resume = false;
};

// The options of each task: it has its own --data and --plan, and its own output files, which are named after it if
// there are several tasks ("c.json" becomes "c.obqa.json"). Throws an Error if the lists do not match.
[[nodiscard]] std::vector<CompareOptions> by_task(const CompareOptions& options);

// The names that --methods stands for, each once. Throws an Error if a method does not exist.
[[nodiscard]] std::vector<std::string> method_names(const std::vector<std::string>& given);

// The command line of `compare`.
[[nodiscard]] Command compare_command(CompareOptions& o);

}  // namespace litestage::cli
