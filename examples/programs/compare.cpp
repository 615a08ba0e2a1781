// Compares methods on the same questions, on one engine, in one run: full depth, LiteStage's plan without and with its
// early exit, other ways to skip layers at equal accuracy and at equal skipping, and controls. Answers come from
// batched runs; times from one question at a time, the methods in turn on each.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cli/backend.hpp"
#include "cli/compare_options.hpp"
#include "cli/compare_report.hpp"
#include "cli/job.hpp"
#include "cli/journal_note.hpp"
#include "cli/load.hpp"
#include "cli/plan_file.hpp"
#include "cli/run_main.hpp"
#include "cli/search_view.hpp"
#include "litestage/calibrate/trials/replay_exit.hpp"
#include "litestage/compare/compared_methods.hpp"
#include "litestage/compare/comparison_run.hpp"
#include "litestage/io/files/journal_file.hpp"
#include "litestage/settings/spec.hpp"

using namespace litestage;
using cli::CompareOptions;
using cli::CompareSetting;
using cli::Job;

namespace {

// Of the criterion that the plan's exit reads, else of the likeliest token's probability.
TokenTrace confidence_trace(const calibrate::Plan* plan) {
  if (plan != nullptr) {
    const auto exit = read_value<early_exit::Standard>(plan->exit, Where("--plan").at("exit"));
    using LowConfidence = early_exit::LowConfidence<confidence::Standard>;
    if (const auto* low = std::get_if<LowConfidence>(&exit.active())) return calibrate::trace_of(low->criterion);
  }
  return calibrate::trace_of(confidence::MaxProb{});
}

// How much is left to do, for the time to go.
struct Ahead {
  std::size_t done = 0, open = 0;
};

template <Backend B>
class Comparing {
 public:
  Comparing(B& backend, const Model<B>& model, const CompareSetting& setting, compare::FinishedWork& finished)
      : setting_(&setting),
        finished_(&finished),
        view_(setting.options->common.quiet),
        methods_(setting.options->methods, setting.plan, setting.job->policies.stages, model.config.n_layers,
                 setting.job->questions),
        run_(backend, model, setting.job->codec, setting.job->questions, options(), finished) {}

  // False where it was stopped.
  bool answers() {
    view_.begin(named("answers"), "answers");
    ahead_ = {};
    std::vector<compare::ComparedMethod>& list = methods_.list();
    for (const compare::ComparedMethod& m : list) {
      for (const Question& q : setting_->job->questions)
        ahead_.open += finished_->outcome(m.method.name, q.id) == nullptr ? 1 : 0;
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
      methods_.settle(i);
      if (list[i].policies && !run_.answer(list[i].method, *list[i].policies)) return false;
      if (!list[i].policies) ahead_.open -= std::min(ahead_.open, setting_->job->questions.size());
    }
    return true;
  }
  bool times() {
    view_.begin(named("times"), "answers");
    ahead_ = {};
    std::vector<typename Run::Contender> contenders;
    for (compare::ComparedMethod& m : methods_.list()) {
      if (!m.policies) continue;
      contenders.push_back({&m.method, &*m.policies});
      for (std::size_t q = 0; q < setting_->timed; ++q)
        ahead_.open += finished_->timing(m.method.name, setting_->job->questions[q].id) == nullptr ? 1 : 0;
    }
    return run_.time(contenders, setting_->timed);
  }
  [[nodiscard]] compare::Comparison comparison() {
    view_.clear();
    compare::Comparison c;
    for (const Question& q : setting_->job->questions) c.questions.push_back({q.id, q.gold});
    c.methods = methods_.methods();
    c.warnings = cli::plan_warnings(*setting_);
    for (std::string& w : cli::answer_warnings(c, setting_->job->questions)) c.warnings.push_back(std::move(w));
    return c;
  }

 private:
  using Run = compare::ComparisonRun<B, compare::MethodPolicies>;

  [[nodiscard]] std::string named(const std::string& what) const {
    return setting_->alone ? what : concat(setting_->data.task, ": ", what);
  }
  [[nodiscard]] compare::ComparisonOptions options() {
    compare::ComparisonOptions o;
    o.pipeline = cli::pipeline_options(setting_->job->options);
    o.traced = setting_->options->traces;
    o.trace = confidence_trace(setting_->plan);
    o.on_finished = [this](const compare::Method&) {
      ++ahead_.done;
      ahead_.open -= std::min<std::size_t>(ahead_.open, 1);
      view_.walks(ahead_.done, ahead_.done + ahead_.open);
    };
    return o;
  }

  const CompareSetting* setting_;
  compare::FinishedWork* finished_;
  cli::SearchView view_;
  Ahead ahead_;
  compare::ComparedMethods methods_;
  Run run_;
};

// Nothing where it was stopped.
template <Backend B>
std::optional<compare::Comparison> compare_task(B& backend, const Model<B>& model, const CompareSetting& setting,
                                                io::JournalFile* journal) {
  compare::FinishedWork finished =
      journal != nullptr
          ? compare::FinishedWork(journal->records(), [&](const Form& record) { journal->append(record); },
                                  {setting.job->options.context, cli::context_of_journal(*journal)})
          : compare::FinishedWork();
  cli::tell_of_left_out(journal, finished.left_out(), setting.options->common.quiet);
  Comparing<B> comparing(backend, model, setting, finished);
  if (comparing.answers() && comparing.times()) return comparing.comparison();
  std::cerr << "\ncompare: stopped; "
            << (journal != nullptr ? "the same command goes on from " + journal->path()
                                   : "with --journal FILE it could go on from where it was")
            << std::endl;
  return std::nullopt;
}

template <Backend B>
int compare(B& backend, std::vector<CompareSetting>& tasks, const std::string& markdown) {
  std::vector<std::unique_ptr<io::JournalFile>> journals;
  const calibrate::PlanFacts facts = cli::plan_facts(*tasks[0].job, cli::facts_of(backend));  // one model
  for (CompareSetting& s : tasks) {  // an Error, if any, before the work
    s.facts = facts;
    s.data = cli::plan_data(*s.job);
    static_cast<void>(cli::plan_warnings(s));
    if (s.plan != nullptr) cli::warn_of_sampled_model(*s.plan, s.facts, s.options->common.plan);
    journals.push_back(
        cli::open_journal(s.options->journal, cli::compare_identity(s), s.facts, s.options->common.quiet));
  }
  const Job& job = *tasks[0].job;
  const Model<B> model = cli::load_with_progress(backend, job.source, job.options.quiet);
  std::vector<compare::Comparison> comparisons;
  cli::Failures failures;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    std::optional<compare::Comparison> comparison = compare_task(backend, model, tasks[t], journals[t].get());
    if (!comparison) {
      failures.report();
      return cli::interrupted_exit_code();
    }
    cli::report_comparison(tasks[t], *comparison, failures);
    comparisons.push_back(std::move(*comparison));
  }
  cli::report_run(tasks, comparisons, markdown, failures);
  failures.report();
  return 0;
}

// What a CompareSetting points to.
struct Task {
  CompareOptions options;
  std::optional<calibrate::Plan> plan;
  Job job;
};

Task prepare(CompareOptions o, bool stages_given) {
  std::optional<calibrate::Plan> plan;
  if (!o.common.plan.empty()) {
    plan = cli::read_plan(o.common.plan);
    if (!stages_given) o.common.stages = to_spec(cli::plan_stages(*plan, o.common.plan));
  }
  cli::Options common = o.common;
  common.plan.clear();  // each method has policies of its own
  return {o, plan, cli::prepare(common)};
}

// All tasks together: what one of them writes may be what another one reads.
void check_files(const std::vector<CompareOptions>& tasks, const std::string& markdown) {
  cli::Files files;
  for (const CompareOptions& t : tasks) {
    files.add(cli::files_of(t.common)).writes("--markdown", t.markdown).goes_on_with("--journal", t.journal);
  }
  if (tasks.size() > 1) files.writes("--markdown", markdown);  // the table of all
  files.check();
}

int run(CompareOptions o, bool stages_given) {
  o.methods = cli::method_names(o.methods);
  std::vector<CompareOptions> by_task = cli::by_task(o);
  check_files(by_task, o.markdown);
  std::vector<Task> tasks;
  for (CompareOptions& of_task : by_task) tasks.push_back(prepare(std::move(of_task), stages_given));
  std::vector<CompareSetting> settings;
  for (const Task& t : tasks) {
    CompareSetting s{&t.job, &t.options, t.plan ? &*t.plan : nullptr, {}, {}, 0, tasks.size() == 1};
    cli::check_compared(s);
    s.timed = o.latency_questions.value_or(std::min(evaluate::enough_questions, t.job.questions.size()));
    settings.push_back(s);
  }
  return cli::with_backend(o.common.backend, o.common.threads, !o.common.no_pack,
                           [&](auto& backend) { return compare(backend, settings, o.markdown); });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Compares methods on the same questions: answers, times, tokens and skipped sub-layers.", "compare");
  CompareOptions o;
  o.common.questions = cli::all_questions;
  o.common.batch = 4;
  o.common.metric = "letter";
  cli::add_compared_questions(app, o);
  cli::add_compared_methods(app, o);
  cli::add_model_options(app, o.common);
  cli::add_compare_output(app, o);
  app.footer(cli::compare_help());
  return cli::run_main(app, argc, argv, [&] { return run(o, app.count("--stages") > 0); });
}
