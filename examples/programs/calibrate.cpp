// Makes a plan from a model and questions (litestage/calibrate/calibrate.hpp). Finished work is written to a journal;
// if the program is killed at any moment, the same command continues.
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "cli/backend.hpp"
#include "cli/files/journal_note.hpp"
#include "cli/files/plan_file.hpp"
#include "cli/job.hpp"
#include "cli/load.hpp"
#include "cli/options/calibrate_options.hpp"
#include "cli/options/command.hpp"
#include "cli/reports/calibration_report.hpp"
#include "cli/terminal/search_view.hpp"
#include "litestage/backend/cpu/cpu_backend.hpp"
#include "litestage/calibrate/calibrate.hpp"
#include "litestage/calibrate/check_latency.hpp"

using namespace litestage;
using cli::CalibrateOptions;
using cli::Job;

namespace {

int calibrate_with(std::shared_ptr<CpuBackend> backend, const Job& job, const CalibrateOptions& o) {
  const auto settings = cli::calibration_settings(o, job.options.context);
  const calibrate::PlanFacts facts =
      calibrate::plan_facts(job.model.identity(), calibrate::kernels_of(*backend, settings.cache));
  const stages::Standard& stages = job.policies.stages;
  const Form identity = calibrate::journal_identity(facts, !job.options.no_pack, job.questions, stages, settings);
  const auto file = cli::open_journal(o.journal, identity, facts, job.options.quiet);
  Journal journal = cli::journal_of(file.get());

  const LanguageModel<CpuBackend> model = cli::load_model(job.model, std::move(backend), job.options.quiet);
  cli::SearchView view(job.options.quiet);
  const Progress progress = view.progress();
  calibrate::CalibrationEvents events;
  events.on_journal = [&](const calibrate::SearchWork& work) {
    cli::tell_of_left_out(file.get(), work.left_out, job.options.quiet);
  };
  events.on_full_depth = [&](const calibrate::Score& full) {
    cli::report_full_depth(std::cout, job, full, settings.metric);
  };
  if (o.importance_only) {
    const calibrate::Importance found =
        calibrate::importance(model, job.questions, stages, settings, journal, progress, events);
    return cli::report_importance(found, settings.rank_by, job);
  }
  const calibrate::Calibrated found = calibrate::calibrate(model, job.questions, stages, settings, journal, progress,
                                                           cli::read_strategy(o.strategy), events);
  cli::report_plan(std::cout, found.plan, found.work);
  cli::report_without_room(std::cout, job, found.without_room);
  std::cout << std::flush;
  cli::write_plan(o.plan, found.plan);
  if (o.check_latency > 0) {
    cli::report_latency(
        std::cout, calibrate::check_latency(model, job.questions, stages, found,
                                            static_cast<std::size_t>(o.check_latency), job.options.context, progress));
  }
  cli::next_steps(std::cout, o);
  return 0;
}

int run(CalibrateOptions o, bool questions_given) {
  cli::settle(o);
  const Job job = cli::prepare(o.common);
  if (o.metric == "letter") o.metric = job.options.metric;  // extracted where there are no letters
  if (questions_given) cli::require_questions(job);
  cli::check_most(o, job);
  try {
    return cli::with_cpu(o.common.threads, !o.common.no_pack,
                         [&](const auto& backend) { return calibrate_with(backend, job, o); });
  } catch (const Stopped&) {
    std::cerr << "\ncalibrate: stopped; "
              << (o.journal.empty() ? "with --journal FILE a stopped run can be continued"
                                    : "the same command continues from " + o.journal)
              << std::endl;
    return cli::interrupted_exit_code();
  }
}

}  // namespace

int main(int argc, char** argv) {
  CalibrateOptions o;
  cli::Command command = cli::calibrate_command(o);
  return command.run(argc, argv, [&] {
    o.common.metric_given = command.given("--metric");
    return run(o, command.given("--questions"));
  });
}
