// What `compare` makes of its options, and what it says and writes of its comparisons.
#pragma once

#include <string>
#include <vector>

#include "cli/files/save.hpp"
#include "cli/job.hpp"
#include "cli/options/compare_options.hpp"
#include "litestage/calibrate/plan/plan_facts.hpp"
#include "litestage/compare/comparison.hpp"
#include "litestage/compare/comparison_settings.hpp"

namespace litestage::cli {

// One task of a run: what it was asked for, and what the library compares.
struct CompareJob {
  CompareOptions options;
  Job job;
  compare::ComparedTask task;
  compare::ComparisonSettings settings;
};

[[nodiscard]] std::string compare_help();
// What --methods stands for, each name once; an Error if there is no such method.
[[nodiscard]] std::vector<std::string> method_names(const std::vector<std::string>& given);

// Reads and checks everything that a task needs before a model is loaded. `stages_given`: not those of the plan.
[[nodiscard]] CompareJob prepare_comparison(CompareOptions options, bool stages_given);
// The tasks of a run, whose files are checked together: what one writes may be what another one reads.
[[nodiscard]] std::vector<CompareJob> prepare_comparisons(const CompareOptions& options, bool stages_given);

// Prints the tables, then writes the files that were asked for; what cannot be written is one of the failures. `alone`:
// the run has no other task.
void report_comparison(const CompareJob& job, const calibrate::PlanFacts& facts, bool alone,
                       const compare::Comparison& comparison, Failures& failures);
// The same for the table of all tasks, where there are several; its file is `markdown`, or none. Then what to do next.
void report_run(const std::vector<CompareJob>& jobs, const std::vector<compare::Comparison>& comparisons,
                const std::string& markdown, Failures& failures);

}  // namespace litestage::cli
