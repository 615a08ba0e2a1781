// Converts the options of `calibrate` to settings, and prints its results.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <map>
#include <string>

#include "cli/job.hpp"
#include "cli/options/calibrate_options.hpp"
#include "litestage/calibrate/calibrate.hpp"
#include "litestage/calibrate/check_latency.hpp"
#include "litestage/calibrate/search/strategy.hpp"

namespace litestage::cli {

// Throws Error if the exit cannot be tuned.
[[nodiscard]] early_exit::Standard read_exit(const std::string& spec);
[[nodiscard]] confidence::Standard read_criterion(const std::string& spec);
[[nodiscard]] calibrate::Standard read_strategy(const std::string& spec);
// `context`: the actual number of positions.
[[nodiscard]] calibrate::CalibrationSettings calibration_settings(const CalibrateOptions& options, std::size_t context);
// Fills in values that other options imply, and checks everything that can be checked before a model is opened.
void settle(CalibrateOptions& options);
// Throws an Error if --most exceeds the number of the model's sub-layers.
void check_most(const CalibrateOptions& options, const Job& job);

// Prints the ranking, and writes it to the file of --json. Returns the exit code.
int report_importance(const calibrate::Importance& importance, calibrate::CosineOf rank_by, const Job& job);
void report_full_depth(std::ostream& out, const Job& job, const calibrate::Score& full, calibrate::Metric metric);
void report_plan(std::ostream& out, const calibrate::Plan& plan, const calibrate::SearchWork& work);
// Reports questions that some setting left without an answer, if there are any.
void report_without_room(std::ostream& out, const Job& job, const std::map<std::size_t, NoRoom>& questions);
void report_latency(std::ostream& out, const calibrate::LatencyCheck& check);
void next_steps(std::ostream& out, const CalibrateOptions& options);

}  // namespace litestage::cli
