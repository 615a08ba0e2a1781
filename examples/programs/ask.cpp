// Answers multiple-choice questions in stages with the policies of one's choice, and says what every stage cost; or
// answers one free prompt.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <iostream>
#include <string>
#include <vector>

#include "cli/answer_sheet.hpp"
#include "cli/backend.hpp"
#include "cli/defaults.hpp"
#include "cli/job.hpp"
#include "cli/load.hpp"
#include "cli/options.hpp"
#include "cli/plan_file.hpp"
#include "cli/progress.hpp"
#include "cli/results_file.hpp"
#include "cli/run_main.hpp"
#include "cli/run_report.hpp"
#include "cli/save.hpp"
#include "cli/stage_view.hpp"
#include "litestage/core/outside_text.hpp"
#include "litestage/engine/pipeline.hpp"
#include "litestage/evaluate/results.hpp"
#include "litestage/settings/spec.hpp"
#include "litestage/tasks/tasks.hpp"

using namespace litestage;
using cli::Job;

namespace {

template <Backend B>
using AskPipeline = Pipeline<B, skip::Standard, early_exit::Standard, stages::Standard, cli::ViewObserver>;

template <Backend B>
int answer_prompt(B& backend, const Job& job, const Model<B>& model) {
  cli::StageView view(std::cout, job.codec, false, cli::output_is_file());
  cli::StageView* shown = &view;
  Profile profile;
  PipelineOptions options = cli::pipeline_options(job.options);
  if (job.options.profile) options.profile = &profile;
  options.on_stage = [&](std::size_t, const StageReport& stage) { view.stage(stage); };
  AskPipeline<B> pipeline(backend, model, job.codec, job.policies.skip, job.policies.exit, job.policies.stages, options,
                          {&shown});
  const std::vector<QuestionReport> reports = pipeline.run(job.questions);
  if (reports.empty()) {
    std::cout << std::endl;
    std::cerr << "ask: stopped" << std::endl;
    return cli::interrupted_exit_code();
  }
  const evaluate::Answer answer = evaluate::make_answer(job.questions[0], no_answer, reports[0]);
  if (job.options.profile) cli::print_profile(std::cerr << '\n', profile, answer.seconds);
  const StageReport& stage = answer.stages[0];
  if (!job.options.quiet) {
    std::cerr << stage.prompt_tokens << " prompt tokens in " << cli::fixed(stage.prefill_s, 3) << " s, "
              << stage.generated_tokens << " generated in " << cli::fixed(stage.decode_s, 3) << " s ("
              << cli::fixed(stage.decode_s > 0 ? (stage.generated_tokens - 1) / stage.decode_s : 0, 1)
              << " tokens/s), ended by " << name(stage.branches[0].stop) << std::endl;
  }
  cli::write_results(job, cli::facts_of(backend), "prompt", "", "", {answer}, 1, 0);
  return 0;
}

void print_question(const Question& q) {
  constexpr std::size_t longest = 4000;  // bytes of a text; more would push the answer off the screen
  std::cout << "Question " << shown(q.id) << ": " << shown(q.stem, longest) << '\n';
  for (std::size_t i = 0; i < q.options.size(); ++i) {
    std::cout << "  (" << option_letter(static_cast<int>(i)) << ") " << shown(q.options[i], longest) << '\n';
  }
  std::cout << '\n' << std::flush;
}

// Of how many questions run at once.
std::size_t side_by_side(const Job& job) {
  return std::min(job.options.batch, job.questions.size());
}

void print_report(const Job& job, const cli::AnswerSheet& sheet, double clock_s) {
  const evaluate::Summary summary = evaluate::summarize(sheet.answers(), clock_s);
  cli::print_stages(std::cout, summary, job.source.config.n_sublayers());
  std::cout << '\n';
  cli::print_accuracy(std::cout, sheet);
  cli::print_speed(std::cout, summary, side_by_side(job));
}

void print_next_steps(const Job& job, const cli::AnswerSheet& sheet) {
  if (job.options.quiet || !job.options.json.empty() || !sheet.complete()) return;
  std::cout << "\nNext: --skip static:all=m12-m14 skips sub-layers, --exit low_confidence ends stages early, --stages "
               "direct is the\ncontrol that answers at once. --json FILE keeps every answer and `table FILE...` sets "
               "such files side by side.\nA stronger model: --model \"$(examples/get_model.sh qwen2.5-coder-1.5b)\" "
               "--stages chat. All options: --help.\n";
}

// Prints and writes what there is. The report comes first: whether the file can be written is not known before.
void conclude(const Job& job, const cli::AnswerSheet& sheet, const cli::BackendFacts& backend, const Profile& profile,
              double wall_s) {
  if (sheet.done() == 0) return;
  const double clock_s = side_by_side(job) > 1 ? wall_s : 0;
  print_report(job, sheet, clock_s);
  if (job.options.profile) cli::print_profile(std::cout << '\n', profile, wall_s);
  std::cout << std::flush;
  cli::write_results(job, backend, job.options.task, cli::data_path(job.options.data), sheet.answering(),
                     sheet.answers(), sheet.questions().size(), clock_s);
  if (!job.options.json.empty()) std::cout << "results           " << job.options.json << '\n';
  print_next_steps(job, sheet);
}

int exit_code(const cli::AnswerSheet& sheet) {
  if (sheet.complete()) return 0;
  std::cout << std::endl;
  std::cerr << "ask: stopped after " << sheet.done() << " of " << sheet.questions().size() << " questions" << std::endl;
  return cli::interrupted_exit_code();
}

template <Backend B>
int answer_questions(B& backend, const Job& job, const Model<B>& model) {
  cli::AnswerSheet sheet(job.questions, job.policies.stages.answer_format(), job.options.metric);
  const bool quiet = job.options.quiet;
  cli::StageView view(std::cout, job.codec, true, cli::output_is_file());
  cli::StageView* shown = quiet || job.options.batch > 1 ? nullptr : &view;
  cli::Progress progress(sheet.questions().size(), quiet);
  Profile profile;
  PipelineOptions options = cli::pipeline_options(job.options);
  if (job.options.profile) options.profile = &profile;
  options.on_stage = [&](std::size_t question, const StageReport& stage) {
    if (question != 0 || quiet) return;
    progress.clear();
    view.stage(stage);
  };
  AskPipeline<B> pipeline(backend, model, job.codec, job.policies.skip, job.policies.exit, job.policies.stages, options,
                          {&shown});
  if (!quiet) print_question(sheet.questions()[0]);
  const auto start = Clock::now();
  cli::Failures failures;  // whatever happens, what was answered is reported and kept
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
  failures.attempt([&] { conclude(job, sheet, cli::facts_of(backend), profile, wall_s); });
  failures.report();
  return exit_code(sheet);
}

template <Backend B>
int answer(B& backend, const Job& job) {
  const Model<B> model = cli::load_with_progress(backend, job.source, job.options.quiet);
  return job.options.prompt ? answer_prompt(backend, job, model) : answer_questions(backend, job, model);
}

std::string stages_by_default(const cli::Options& options) {
  if (options.prompt) return "single";
  if (options.plan.empty()) return options.stages;
  return to_spec(cli::plan_stages(cli::read_plan(options.plan), options.plan));
}

int run(const cli::Options& options, bool questions_given) {
  cli::files_of(options).check();
  const Job job = cli::prepare(options);
  if (questions_given) cli::require_questions(job);
  return cli::with_backend(options.backend, options.threads, !options.no_pack,
                           [&](auto& backend) { return answer(backend, job); });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Answers multiple-choice questions in stages; or, with --prompt, continues a text.", "ask");
  cli::Options options;
  cli::add_question_options(app, options);
  cli::add_policy_options(app, options);
  cli::add_model_options(app, options);
  cli::add_output_options(app, options);
  cli::add_prompt_options(app, options);
  cli::add_sampling_options(app, options);
  app.footer(cli::policy_help());
  return cli::run_main(app, argc, argv, [&] {
    if (app.count("--stages") == 0) options.stages = stages_by_default(options);
    return run(options, app.count("--questions") > 0);
  });
}
