// The results file of a run (litestage.results/1), with the settings that this run had.
#pragma once

#include <string>
#include <vector>

#include "cli/job.hpp"
#include "litestage/calibrate/plan/plan_facts.hpp"
#include "litestage/evaluate/results.hpp"

namespace litestage::cli {

// `asked`: number of questions, including those without an answer yet. Does nothing without --json. If the file cannot
// be written, an Error names the file that holds the results instead (cli/files/save.hpp), so print everything before.
void write_results(const Job& job, const calibrate::PlanKernels& kernels, const std::string& answering,
                   std::vector<evaluate::RecordedAnswer> answers, std::size_t asked, double clock_s);

}  // namespace litestage::cli
