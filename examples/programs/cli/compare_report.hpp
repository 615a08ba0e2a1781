// What `compare` says about its run: the facts in its file, the identity of its journal, warnings, tables.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/compare_options.hpp"
#include "cli/job.hpp"
#include "cli/plan_file.hpp"
#include "cli/save.hpp"
#include "litestage/compare/comparison.hpp"

namespace litestage::cli {

// What a comparison was made with.
struct CompareSetting {
  const Job* job = nullptr;
  const CompareOptions* options = nullptr;
  const calibrate::Plan* plan = nullptr;  // null: none was given
  calibrate::PlanFacts facts;
  calibrate::PlanData data;
  std::size_t timed = 0;  // questions
  bool alone = true;      // the only task of this run
};

[[nodiscard]] std::string compare_help();
// What --methods stands for, each name once; an Error if there is no such method.
[[nodiscard]] std::vector<std::string> method_names(const std::vector<std::string>& given);

// An Error where methods, questions or schedule are not what can be compared.
void check_compared(const CompareSetting& setting);

// What the records of a journal depend on. Where anything here differs, another journal is needed. --context is not
// among it: each record says for which contexts it holds.
[[nodiscard]] Form compare_identity(const CompareSetting& setting);
// The plan holds here, or an Error says why not. What else a reader should know comes as sentences.
[[nodiscard]] std::vector<std::string> plan_warnings(const CompareSetting& setting);
// What the answers themselves give reason to doubt.
[[nodiscard]] std::vector<std::string> answer_warnings(const compare::Comparison& comparison,
                                                       const std::vector<Question>& questions);
// Prints the tables, then writes the files that were asked for; what cannot be written is one of the failures.
void report_comparison(const CompareSetting& setting, const compare::Comparison& comparison, Failures& failures);
// The same for the table of all tasks, where there are several; its file is `markdown`, or none. Then what to do next.
void report_run(const std::vector<CompareSetting>& tasks, const std::vector<compare::Comparison>& comparisons,
                const std::string& markdown, Failures& failures);

}  // namespace litestage::cli
