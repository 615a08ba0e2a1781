// Plan files, and the checks of a plan against a run.
#pragma once

#include <string>

#include "litestage/calibrate/plan/check_plan.hpp"
#include "litestage/calibrate/plan/plan.hpp"
#include "litestage/stages/standard.hpp"

namespace litestage::cli {

// A short hash of all bytes of a file of plans or questions. (Models have io::fingerprint.)
[[nodiscard]] std::string file_fingerprint(const std::string& path);

[[nodiscard]] calibrate::Plan read_plan(const std::string& path);
// The schedule that the plan was calibrated for.
[[nodiscard]] stages::Standard plan_stages(const calibrate::Plan& plan, const std::string& path);
// Throws an Error if a different schedule is about to run: stages of the same names may have different prompts.
void check_plan_stages(const stages::Standard& stages, const calibrate::Plan& plan, const std::string& path);
void write_plan(const std::string& path, const calibrate::Plan& plan);

// Warns on standard error if the plan identifies its model as earlier versions did, so that not all weights are
// checked.
void warn_of_sampled_model(const calibrate::Plan& plan, const calibrate::PlanFacts& facts, const std::string& path);

}  // namespace litestage::cli
