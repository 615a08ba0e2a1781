// The results file of a run (litestage.results/1), with the settings that this run had.
#pragma once

#include <string>
#include <vector>

#include "cli/job.hpp"
#include "litestage/calibrate/plan/plan_facts.hpp"
#include "litestage/evaluate/results.hpp"

namespace litestage::cli {

// `asked`: how many questions, also those that have no answer yet. Does nothing where no --json was given. Where the
// file cannot be written, an Error says where the results lie instead (cli/files/save.hpp): what is to be printed is
// printed before.
void write_results(const Job& job, const calibrate::PlanKernels& kernels, const std::string& task,
                   const std::string& data, const std::string& answering, std::vector<evaluate::Answer> answers,
                   std::size_t asked, double clock_s);

}  // namespace litestage::cli
