// Compares methods on the same questions, on one engine, in one run (litestage/compare/compare.hpp). Finished work is
// written to a journal; if the program is killed at any moment, the same command continues.
#include <cstddef>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/backend.hpp"
#include "cli/files/journal_note.hpp"
#include "cli/files/plan_file.hpp"
#include "cli/load.hpp"
#include "cli/options/command.hpp"
#include "cli/options/compare_options.hpp"
#include "cli/reports/compare_report.hpp"
#include "cli/terminal/search_view.hpp"
#include "litestage/compare/compare.hpp"
#include "litestage/compare/comparison_facts.hpp"

using namespace litestage;
using cli::CompareJob;

namespace {

// Opens the journals of all tasks. An Error is thrown before any work.
std::vector<std::unique_ptr<io::JournalFile>> open_journals(const std::vector<CompareJob>& jobs,
                                                            const calibrate::PlanFacts& facts, bool packs) {
  std::vector<std::unique_ptr<io::JournalFile>> journals;
  for (const CompareJob& c : jobs) {
    compare::require_valid_plan(c.task, facts);  // here, because the model is loaded next
    if (c.task.plan) cli::warn_of_sampled_model(c.task.plan->plan, facts, c.task.plan->path);
    const Form identity = compare::journal_identity(facts, packs, c.task, c.settings);
    journals.push_back(cli::open_journal(c.options.journal, identity, facts, c.options.common.quiet));
  }
  return journals;
}

template <Backend B>
compare::Comparison compare_task(const LanguageModel<B>& model, const CompareJob& c, io::JournalFile* journal,
                                 const std::string& name) {
  const bool quiet = c.options.common.quiet;
  cli::SearchView view(quiet);
  return compare::compare(model, c.task, c.settings, cli::journal_of(journal), view.progress(), name,
                          [&](std::size_t left_out) { cli::tell_of_left_out(journal, left_out, quiet); });
}

int stopped(const io::JournalFile* journal) {
  std::cerr << "\ncompare: stopped; "
            << (journal != nullptr ? "the same command continues from " + journal->path()
                                   : "with --journal FILE a stopped run can be continued")
            << std::endl;
  return cli::interrupted_exit_code();
}

template <Backend B>
int compare_all(std::shared_ptr<B> backend, const std::vector<CompareJob>& jobs, const std::string& markdown) {
  const cli::Job& job = jobs[0].job;  // all tasks share one model
  const auto facts =
      calibrate::plan_facts(job.model.identity(), calibrate::kernels_of(*backend, jobs[0].settings.cache));
  const auto journals = open_journals(jobs, facts, !job.options.no_pack);
  const LanguageModel<B> model = cli::load_model(job.model, std::move(backend), job.options.quiet);
  std::vector<compare::Comparison> comparisons;
  cli::Failures failures;
  for (std::size_t t = 0; t < jobs.size(); ++t) {
    const bool alone = jobs.size() == 1;
    try {
      comparisons.push_back(
          compare_task(model, jobs[t], journals[t].get(), alone ? std::string() : jobs[t].task.questions.task));
    } catch (const Stopped&) {
      const int code = stopped(journals[t].get());
      failures.report();
      return code;
    }
    cli::report_comparison(jobs[t], facts, alone, comparisons.back(), failures);
  }
  cli::report_run(jobs, comparisons, markdown, failures);
  failures.report();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  cli::CompareOptions o;
  cli::Command command = cli::compare_command(o);
  return command.run(argc, argv, [&] {
    o.common.metric_given = command.given("--metric");
    const std::vector<CompareJob> jobs = cli::prepare_comparisons(o, command.given("--stages"));
    return cli::with_backend(o.common.backend, o.common.threads, !o.common.no_pack,
                             [&](const auto& backend) { return compare_all(backend, jobs, o.markdown); });
  });
}
