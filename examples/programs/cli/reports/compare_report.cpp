#include "cli/reports/compare_report.hpp"

#include <algorithm>
#include <iostream>
#include <optional>
#include <ostream>
#include <sstream>
#include <utility>

#include "cli/files/plan_file.hpp"
#include "cli/options/machine_options.hpp"
#include "cli/options/options.hpp"
#include "cli/options/policies.hpp"
#include "litestage/calibrate/plan/check_plan.hpp"
#include "litestage/compare/compared_methods.hpp"
#include "litestage/compare/comparison_facts.hpp"
#include "litestage/compare/comparison_form.hpp"
#include "litestage/compare/comparison_table.hpp"
#include "litestage/compare/tasks_table.hpp"
#include "litestage/core/error.hpp"
#include "litestage/evaluate/bootstrap.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/policy/any_schedule.hpp"
#include "litestage/policy/check_stages.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/spec.hpp"
#include "litestage/tasks/tasks.hpp"

namespace litestage::cli {

using compare::Comparison;

namespace {

void print_title(std::ostream& out, const CompareJob& c, const calibrate::PlanFacts& facts) {
  const calibrate::PlanKernels& k = facts.kernels;
  const tasks::QuestionSet& set = c.task.questions;
  out << "# Methods on " << set.list.size() << " questions of " << set.file << "\n\n"
      << "- model: " << c.job.model.name() << ", fingerprint " << facts.model << "\n"
      << "- questions: task " << set.task << ", the first " << set.list.size() << " of " << set.file << ", fingerprint "
      << set.fingerprint << "; answers by " << metric_name(c.settings) << "\n"
      << "- kernels: " << k.backend << ", " << k.instruction_set << ", " << k.threads
      << (k.threads == 1 ? " thread" : " threads") << "\n"
      << "- stages: " << schedule_words(c.task.stages) << "\n";
  if (c.task.plan) {
    const calibrate::Plan& plan = c.task.plan->plan;
    out << "- plan: calibrated on " << plan.data.ids.size() << " questions of " << plan.data.file << " by "
        << name(plan.search.metric) << "\n";
  }
  out << '\n';
}

void print_next_steps(std::ostream& out, const CompareOptions& o) {
  if (o.common.quiet) return;
  out << "Next: ";
  if (o.common.plan.empty()) {
    out << "calibrate --plan plan.json makes a plan, and compare --plan plan.json compares it.\n";
  } else if (o.common.json.empty()) {
    out << "--json FILE --resume saves everything (and continues after Ctrl-C), --markdown FILE saves the tables.\n";
  } else {
    out << "examples/plot.py " << o.common.json << ' ' << o.common.plan << " --out FOLDER draws this"
        << (o.traces == 0 ? "; --traces 4 adds the model's confidence in each token.\n" : ".\n");
  }
  out << "Intervals shrink with the root of the number of questions: --data and --questions for answers, "
         "--latency-questions for times.\n";
}

// Whether stages of one's own end with an answer and fit the questions. `where`: their file or option, for messages.
void check_schedule(const AnySchedule& stages, const std::vector<Question>& questions, const std::string& where) {
  try {
    static_cast<void>(stages.answer_format());  // throws an Error if the stages end without an answer
    for (const Question& q : questions) stages.check_question(q);
  } catch (const Error& error) {
    throw Error(concat(where, ": ", error.what()));
  }
}

// Checks a method of one's own before a model runs. `where`: its file or option, for messages.
// The schedule of --direct, read before a model is loaded.
std::optional<stages::Standard> direct_stages(const CompareOptions& o) {
  if (o.direct.empty()) return {};
  if (std::find(o.methods.begin(), o.methods.end(), "direct") == o.methods.end())
    throw Error(concat("--direct: found --methods ", joined(o.methods), ", expected the method direct among them"));
  stages::Standard direct = read_stages(o.direct, "--direct");
  check_schedule(direct, {}, "--direct");  // the questions are not read yet
  return direct;
}

void check_own(const compare::OwnMethod& own, const Job& job, const std::string& where) {
  const Policies p{own.stages ? *own.stages : job.policies.stages, own.skip, own.exit};
  p.skip.visit([&](const auto& policy) { check_stages(policy, p.stages, Where(where).at("skip")); });
  check_stages(p.exit, p.stages, Where(where).at("exit"));
  check_schedule(p.stages, job.questions.list, where);
  try {
    check_layers(p, job.model.config().n_layers);
  } catch (const Error& error) {
    throw Error(concat(where, ": ", error.what()));
  }
}

// The methods of --exit and --own-method.
std::vector<compare::OwnMethod> own_methods(const CompareOptions& o, const Job& job) {
  std::vector<compare::OwnMethod> methods;
  for (const std::string& spec : o.exits) {
    methods.push_back({.exit = read_spec<early_exit::Standard>(spec, "--exit", io::read_json_file), .controls = true});
    check_own(methods.back(), job, "--exit");
  }
  for (const std::string& path : o.own_methods) {
    methods.push_back(read_fields<compare::OwnMethod>(io::read_json_file(path), Where(path)));
    check_own(methods.back(), job, path);
  }
  return methods;
}

void check_compared(const CompareJob& c) {
  require_questions(c.job);
  const std::vector<Question>& questions = c.task.questions.list;
  if (c.options.latency_questions.value_or(0) > questions.size())
    throw Error(concat("--latency-questions is ", *c.options.latency_questions, ", expected 0 to ", questions.size(),
                       " (the questions compared)"));
  if (c.settings.direct) check_schedule(*c.settings.direct, questions, "--direct");
  // Throws an Error if two methods have one name.
  static_cast<void>(compare::ComparedMethods(c.settings.methods, c.task.plan ? &c.task.plan->plan : nullptr,
                                             c.task.stages, c.job.model.config().n_layers, questions, c.settings.own,
                                             c.settings.direct));
  if (!c.task.plan) return;
  check_plan_stages(c.task.stages, c.task.plan->plan, c.task.plan->path);
  calibrate::check_apart(c.task.plan->plan, questions, c.task.plan->path);
}

}  // namespace

CompareJob prepare_comparison(CompareOptions o, bool stages_given) {
  const std::string path = o.common.plan;
  std::optional<compare::ComparedPlan> plan;
  if (!path.empty()) {
    plan = {read_plan(path), path, file_fingerprint(path)};
    if (!stages_given) o.common.planned_stages = plan_stages(plan->plan, path);
  }
  Options common = o.common;
  common.plan.clear();  // each method has its own policies
  compare::ComparisonSettings settings;
  settings.methods = o.methods;
  settings.direct = direct_stages(o);
  const Job job = prepare(common);
  const std::size_t n = job.questions.list.size();
  settings.own = own_methods(o, job);
  settings.letters = job.options.metric == "letter";
  settings.timed = o.latency_questions.value_or(std::min(evaluate::enough_questions, n));
  settings.traces = o.traces;
  settings.batch = o.common.batch;
  settings.context = job.options.context;
  settings.cache = kv_type(o.common.kv);
  CompareJob c{.options = o,
               .job = job,
               .task = {.questions = job.questions, .stages = job.policies.stages, .plan = std::move(plan)},
               .settings = settings};
  check_compared(c);
  return c;
}

std::vector<CompareJob> prepare_comparisons(const CompareOptions& options, bool stages_given) {
  CompareOptions o = options;
  o.methods = method_names(o.methods);
  const std::vector<CompareOptions> tasks = by_task(o);
  Files files;
  for (const CompareOptions& t : tasks) {
    files.add(files_of(t.common)).writes("--markdown", t.markdown).goes_on_with("--journal", t.journal);
    for (const std::string& spec : t.exits) files.reads_spec("--exit", spec);
    for (const std::string& path : t.own_methods) files.reads("--own-method", path);
    files.reads_spec("--direct", t.direct);
  }
  if (tasks.size() > 1) files.writes("--markdown", o.markdown);  // the table of all tasks
  files.check();
  std::vector<CompareJob> jobs;
  for (const CompareOptions& t : tasks) jobs.push_back(prepare_comparison(t, stages_given));
  return jobs;
}

void report_comparison(const CompareJob& c, const calibrate::PlanFacts& facts, bool alone, const Comparison& found,
                       Failures& failures) {
  if (!alone) std::cout << "\nTask " << c.task.questions.task << ", " << c.task.questions.file << "\n\n";
  compare::print_comparison(std::cout, found);
  std::cout << std::flush;
  const CompareOptions& o = c.options;
  failures.attempt([&] {
    if (o.markdown.empty()) return;
    std::ostringstream text;
    print_title(text, c, facts);
    compare::print_comparison(text, found, evaluate::TableStyle::markdown);
    save("--markdown", o.markdown, text.str());
    std::cout << "tables   " << o.markdown << '\n';
  });
  failures.attempt([&] {
    if (o.common.json.empty()) return;
    const Form made_with =
        compare::facts_form(c.job.model.identity(), c.job.model.config().n_layers, facts, c.task, c.settings);
    save("--json", o.common.json, io::to_json(compare::to_form(found, made_with), 1) + "\n");
    std::cout << "results  " << o.common.json << '\n';
  });
}

void report_run(const std::vector<CompareJob>& jobs, const std::vector<Comparison>& comparisons,
                const std::string& markdown, Failures& failures) {
  if (jobs.size() > 1) {
    std::vector<compare::TaskComparison> all;
    for (std::size_t t = 0; t < jobs.size(); ++t) all.push_back({jobs[t].task.questions.task, &comparisons[t]});
    std::cout << '\n';
    compare::print_tasks(std::cout, all);
    std::cout << std::flush;
    failures.attempt([&] {
      if (markdown.empty()) return;
      std::ostringstream text;
      compare::print_tasks(text, all, evaluate::TableStyle::markdown);
      save("--markdown", markdown, text.str());
      std::cout << "all tasks  " << markdown << '\n';
    });
  }
  print_next_steps(std::cout, jobs[0].options);
}

}  // namespace litestage::cli
