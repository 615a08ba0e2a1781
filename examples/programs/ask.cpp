// Answers questions in stages with the chosen policies, and reports the cost of every stage; or answers
// one free prompt.
#include <cstddef>
#include <iostream>
#include <string>
#include <vector>

#include "cli/backend.hpp"
#include "cli/files/results_file.hpp"
#include "cli/files/save.hpp"
#include "cli/job.hpp"
#include "cli/load.hpp"
#include "cli/options/command.hpp"
#include "cli/options/options.hpp"
#include "cli/reports/ask_report.hpp"
#include "cli/reports/run_report.hpp"
#include "cli/terminal/answer_sheet.hpp"
#include "cli/terminal/progress.hpp"
#include "cli/terminal/stage_view.hpp"
#include "litestage/compiled/standard_policies.hpp"
#include "litestage/confidence/mean_log_prob_top_k.hpp"
#include "litestage/evaluate/results.hpp"
#include "litestage/pipeline/pipeline.hpp"

using namespace litestage;
using cli::Job;

namespace {

template <Backend B>
using AskPipeline = Pipeline<B, skip::Standard, early_exit::Standard, stages::Standard, cli::ViewObserver>;

template <Backend B>
int answer_prompt(const LanguageModel<B>& model, const Job& job) {
  cli::StageView view(std::cout, model.tokenizer(), false, cli::output_is_file());
  cli::StageView* shown = &view;
  Profile profile;
  PipelineOptions options = cli::pipeline_options(job.options);
  if (job.options.profile) options.profile = &profile;
  options.on_stage = [&](std::size_t, const StageReport& stage) { view.stage(stage); };
  AskPipeline<B> pipeline(model, job.policies.skip, job.policies.exit, job.policies.stages, options, {&shown});
  const std::vector<QuestionReport> reports = pipeline.run(job.questions.list);
  if (reports.empty()) {
    std::cout << std::endl;
    std::cerr << "ask: stopped" << std::endl;
    return cli::interrupted_exit_code();
  }
  const evaluate::RecordedAnswer answer = evaluate::recorded_answer(job.questions.list[0], Answer{}, reports[0]);
  if (job.options.profile) cli::print_profile(std::cerr << '\n', profile, answer.seconds);
  if (!job.options.quiet) cli::print_one_stage(std::cerr, answer.stages[0]);
  cli::write_results(job, cli::kernels_of(model, job), "", {answer}, 1, 0);
  return 0;
}

int exit_code(const cli::AnswerSheet& sheet) {
  if (sheet.complete()) return 0;
  std::cout << std::endl;
  std::cerr << "ask: stopped after " << sheet.done() << " of " << sheet.questions().size() << " questions" << std::endl;
  return cli::interrupted_exit_code();
}

template <Backend B>
int answer_questions(const LanguageModel<B>& model, const Job& job) {
  cli::AnswerSheet sheet(job.questions.list, job.policies.stages.answer_format(), job.options.metric);
  const bool quiet = job.options.quiet;
  cli::StageView view(std::cout, model.tokenizer(), true, cli::output_is_file());
  cli::StageView* shown = quiet || job.options.batch > 1 ? nullptr : &view;
  cli::ProgressBar progress(sheet.questions().size(), quiet);
  Profile profile;
  PipelineOptions options = cli::pipeline_options(job.options);
  if (job.options.profile) options.profile = &profile;
  if (job.policies.stages.answer_format().vote != VoteWeight::one)
    options.generation.trace = trace_of(confidence::MeanLogProbTopK{});
  options.on_stage = [&](std::size_t question, const StageReport& stage) {
    if (question != 0 || quiet) return;
    progress.clear();
    view.stage(stage);
  };
  AskPipeline<B> pipeline(model, job.policies.skip, job.policies.exit, job.policies.stages, options, {&shown});
  if (!quiet) cli::print_question(std::cout, sheet.questions()[0]);
  const auto start = Clock::now();
  cli::Failures failures;  // finished answers are reported and saved after any failure
  failures.attempt([&] {
    pipeline.run(sheet.questions(), [&](std::size_t question, const QuestionReport& report) {
      sheet.add(question, report);
      progress.clear();
      if (question == 0) shown = nullptr;
      if (question == 0 && !quiet) std::cout << "answer: " << sheet.verdict(0) << "\n\n" << std::flush;
      progress.update(sheet.done(), sheet.note());
      return true;
    });
  });
  progress.clear();
  const double wall_s = seconds_between(start, Clock::now());
  failures.attempt([&] { cli::conclude(job, sheet, cli::kernels_of(model, job), profile, wall_s); });
  failures.report();
  return exit_code(sheet);
}

int run(const cli::Options& options, bool questions_given) {
  cli::files_of(options).check();
  const Job job = cli::prepare(options);
  if (questions_given) cli::require_questions(job);
  return cli::with_backend(options.backend, options.threads, !options.no_pack, [&](const auto& backend) {
    const auto model = cli::load_model(job.model, backend, options.quiet);
    return options.prompt ? answer_prompt(model, job) : answer_questions(model, job);
  });
}

}  // namespace

int main(int argc, char** argv) {
  cli::Options options;
  cli::Command command = cli::ask_command(options);
  return command.run(argc, argv, [&] {
    options.stages_given = command.given("--stages");
    options.metric_given = command.given("--metric");
    return run(options, command.given("--questions"));
  });
}
