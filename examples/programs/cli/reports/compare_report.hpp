// Converts the options of `compare`, and prints and writes its comparisons.
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

// One task of a run: its options, and the library's description of it.
struct CompareJob {
  CompareOptions options;
  Job job;
  compare::ComparedTask task;
  compare::ComparisonSettings settings;
};

// Reads and checks everything that a task needs before a model is loaded. `stages_given`: the schedule is not the
// plan's.
[[nodiscard]] CompareJob prepare_comparison(CompareOptions options, bool stages_given);
// Prepares the tasks of a run. Their files are checked together, because one task may read a file that a different task
// writes.
[[nodiscard]] std::vector<CompareJob> prepare_comparisons(const CompareOptions& options, bool stages_given);

// Prints the tables, then writes the requested files; a file that cannot be written becomes a failure. `alone`: the run
// has no other task.
void report_comparison(const CompareJob& job, const calibrate::PlanFacts& facts, bool alone,
                       const compare::Comparison& comparison, Failures& failures);
// Prints and writes the table of all tasks, if there are several; its file is `markdown`, if not empty. Then prints
// what to do next.
void report_run(const std::vector<CompareJob>& jobs, const std::vector<compare::Comparison>& comparisons,
                const std::string& markdown, Failures& failures);

}  // namespace litestage::cli
