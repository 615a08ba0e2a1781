#include "cli/compare_report.hpp"

#include "cli/without_room.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <ostream>
#include <sstream>

#include "litestage/compare/compared_methods.hpp"
#include "litestage/compare/comparison_form.hpp"
#include "litestage/compare/comparison_table.hpp"
#include "litestage/compare/tasks_table.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/outside_text.hpp"
#include "litestage/evaluate/controls.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/settings/describe.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/spec.hpp"
#include "litestage/tasks/tasks.hpp"

namespace litestage::cli {

using compare::Comparison;
using evaluate::fixed;

namespace {

constexpr std::string_view methods_help =
    "Methods:\n"
    "  full_depth        nothing is skipped; always there, what the others are compared with\n"
    "  lite_stage        the plan's budgets\n"
    "  lite_stage_exit   the plan's budgets and its early exit\n"
    "  early_exit_depth, unified, skip_decode, ada_skip, short_gpt\n"
    "                    baselines, each twice: the largest setting that kept the plan's target on the calibration\n"
    "                    questions (equal accuracy), and the one that skips as many sub-layers per token as "
    "lite_stage\n"
    "                    does here (equal skipping)\n"
    "  majority          control: always the most frequent letter of these questions\n"
    "  direct            control: the answer at once, without stages\n"
    "  cap               control, twice: full depth and lite_stage, capped so that branches are as long in the\n"
    "                    mean as under lite_stage_exit\n"
    "What others are set by is added: lite_stage to baselines, lite_stage_exit to cap.\n"
    "Several tasks: --task A --data A.jsonl --plan A.json --task B --data B.jsonl --plan B.json. Each has files named\n"
    "after it (c.json is c.A.json); the table of all tasks goes into the file of --markdown itself.\n";

std::string name_of(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

// "c.json" is "c.obqa.json".
std::string named_after(const std::string& path, const std::string& task) {
  if (path.empty()) return path;
  const std::filesystem::path p(path);
  return (p.parent_path() / concat(p.stem().string(), ".", task, p.extension().string())).string();
}

Form plan_form(const CompareSetting& s) {
  if (s.plan == nullptr) return {};
  const calibrate::Plan& plan = *s.plan;
  const std::string& path = s.options->common.plan;
  Form budgets;
  for (const calibrate::PlanBudget& b : plan.budgets) budgets.add(b.stage, b.count);
  Form f;
  f.add("file", name_of(path)).add("fingerprint", file_fingerprint(path));
  f.add("task", plan.data.task).add("data", plan.data.file).add("questions", plan.data.ids.size());
  const Form search = write_fields(plan.search);
  for (const char* key : {"metric", "max_loss", "target", "reached"}) f.add(key, search.at(key, "plan"));
  f.add("budgets", std::move(budgets)).add("exit", plan.exit);
  return f;
}

Form facts_form(const CompareSetting& s) {
  const Options& o = s.options->common;
  const ModelConfig& config = s.job->source.config;
  Form f;
  f.add("model", Form()
                     .add("file", name_of(s.job->file.source()))
                     .add("fingerprint", s.facts.model)
                     .add("tokenizer", s.facts.tokenizer)
                     .add("n_layers", config.n_layers));
  f.add("backend", s.facts.kernels.backend).add("instruction_set", s.facts.kernels.instruction_set);
  f.add("threads", s.facts.kernels.threads)
      .add("kv", o.kv)
      .add("context", s.job->options.context)
      .add("batch", o.batch);
  f.add("task", o.task).add("metric", o.metric);
  f.add("data", Form().add("file", s.data.file).add("fingerprint", s.data.fingerprint));
  f.add("stages", s.job->policies.stages.to_form(true)).add("plan", plan_form(s));
  return f;
}

void print_title(std::ostream& out, const CompareSetting& s, const Comparison& c) {
  const calibrate::PlanKernels& k = s.facts.kernels;
  out << "# Methods on " << c.questions.size() << " questions of " << s.data.file << "\n\n"
      << "- model: " << name_of(s.job->file.source()) << ", fingerprint " << s.facts.model << "\n"
      << "- questions: task " << s.data.task << ", the first " << c.questions.size() << " of " << s.data.file
      << ", fingerprint " << s.data.fingerprint << "; answers by " << s.options->common.metric << "\n"
      << "- kernels: " << k.backend << ", " << k.instruction_set << ", " << k.threads
      << (k.threads == 1 ? " thread" : " threads") << "\n"
      << "- stages: " << to_spec(s.job->policies.stages) << "\n";
  if (s.plan != nullptr) {
    out << "- plan: calibrated on " << s.plan->data.ids.size() << " questions of " << s.plan->data.file << " by "
        << name(s.plan->search.metric) << "\n";
  }
  out << '\n';
}

void print_next_steps(std::ostream& out, const CompareOptions& o) {
  if (o.common.quiet) return;
  out << "Next: ";
  if (o.common.plan.empty()) {
    out << "calibrate --plan plan.json makes a plan, and compare --plan plan.json compares what it gives.\n";
  } else if (o.common.json.empty()) {
    out << "--json FILE --resume keeps everything (and goes on after Ctrl-C), --markdown FILE the tables.\n";
  } else {
    out << "examples/plot.py " << o.common.json << ' ' << o.common.plan << " --out FOLDER draws this"
        << (o.traces == 0 ? "; --traces 4 adds how sure the model was, token by token.\n" : ".\n");
  }
  out << "Intervals shrink with the root of the number of questions: --data and --questions for answers, "
         "--latency-questions for times.\n";
}

}  // namespace

std::vector<std::string> method_names(const std::vector<std::string>& given) {
  constexpr auto& known = compare::ComparedMethods::names;
  std::vector<std::string> names;
  for (const std::string& name : given) {
    if (name != "all" && std::find(known.begin(), known.end(), name) == known.end())
      throw Error(concat("--methods: found ", in_quotes(name), ", accepted are all, ", joined(known)));
  }
  for (const std::string_view name : known) {
    for (const std::string& g : given) {
      if (g != "all" && g != name) continue;
      names.emplace_back(name);
      break;
    }
  }
  return names;
}

std::vector<CompareOptions> by_task(const CompareOptions& o) {
  const std::size_t n = o.tasks.size();
  if (o.data.size() != n && !(o.data.empty() && n == 1))
    throw Error(concat("--data: found ", o.data.size(), " files, accepted are ", n, ", one for each --task"));
  if (o.plans.size() > 1 && o.plans.size() != n)
    throw Error(concat("--plan: found ", o.plans.size(), " files, accepted are 0, 1 or ", n, " (one for each --task)"));
  if (n > 1 && !o.common.exclude.empty()) throw Error("--exclude: accepted with a single --task");
  std::vector<CompareOptions> list(n, o);
  for (std::size_t t = 0; t < n; ++t) {
    const std::string& task = o.tasks[t];
    CompareOptions& own = list[t];
    if (std::count(o.tasks.begin(), o.tasks.end(), task) > 1)
      throw Error(concat("--task: found ", task, " more than once, accepted is each once"));
    own.common.task = task;
    own.common.data = o.data.empty() ? "" : o.data[t];
    own.common.plan = o.plans.empty() ? "" : o.plans[o.plans.size() == 1 ? 0 : t];
    if (n > 1)
      for (std::string* path : {&own.common.json, &own.markdown, &own.journal}) *path = named_after(*path, task);
    if (own.resume) own.journal = own.common.json + ".journal";
  }
  return list;
}

std::string compare_help() {
  return concat(methods_help, "SPEC: NAME or NAME:KEY=VALUE,KEY=VALUE, or @FILE with the same in JSON. Stages:\n",
                describe<stages::Standard>());
}

void check_compared(const CompareSetting& s) {
  const CompareOptions& o = *s.options;
  require_questions(*s.job);
  const std::size_t there = s.job->questions.size();
  if (o.latency_questions.value_or(0) > there)
    throw Error(concat("--latency-questions is ", *o.latency_questions, ", accepted are 0 to ", there,
                       " (the questions compared)"));
  if (s.plan == nullptr) return;
  const std::string& plan = o.common.plan;
  check_plan_stages(s.job->policies.stages, *s.plan, plan);
  calibrate::check_apart(*s.plan, s.job->questions, plan);
}

Form compare_identity(const CompareSetting& s) {
  Form::List names;
  for (const std::string& m : s.options->methods) names.push_back(m);
  Form f;
  f.add("work", "compare/2").add("model", s.facts.model).add("tokenizer", s.facts.tokenizer);
  f.add("task", s.data.task).add("questions", questions_fingerprint(s.job->questions));
  f.add("plan", s.plan == nullptr ? Form() : Form(file_fingerprint(s.options->common.plan)));
  f.add("stages", s.job->policies.stages.to_form(true)).add("metric", s.options->common.metric);
  f.add("methods", std::move(names)).add("timed", s.timed).add("traces", s.options->traces);
  f.add("backend", s.facts.kernels.backend).add("instruction_set", s.facts.kernels.instruction_set);
  f.add("threads", s.facts.kernels.threads).add("kv", s.options->common.kv);
  if (s.options->common.no_pack) f.add("pack", false);
  // Outcomes hold what was read from the texts, so a journal holds for one way of reading them.
  if (s.options->common.metric == "extracted") f.add("reading", "stated/1");
  return f;
}

std::vector<std::string> plan_warnings(const CompareSetting& s) {
  std::vector<std::string> warnings;
  if (s.plan == nullptr) return warnings;
  const calibrate::Plan& plan = *s.plan;
  if (const auto kernels = calibrate::check_plan(plan, s.facts, Where(s.options->common.plan)))
    warnings.push_back(*kernels);
  if (!plan.search.reached)
    warnings.emplace_back(
        "the plan's search did not reach its accuracy target, so its budgets are those of full depth");
  if (plan.data.task != s.data.task)
    warnings.push_back(concat("the plan was calibrated on task ", shown(plan.data.task), ", not on ", s.data.task));
  return warnings;
}

std::vector<std::string> answer_warnings(const Comparison& c, const std::vector<Question>& questions) {
  std::vector<std::string> warnings;
  const auto counts = evaluate::gold_counts(questions);
  const evaluate::MajorityClass majority = evaluate::majority_class(questions);
  const compare::ComparisonRow full = compare::compare_to(c.methods[0], c.methods[0], c.questions);
  if (majority.option == no_answer) {
    warnings.emplace_back("these questions have no answer key: only the agreement with full depth can be judged");
  } else if (std::count(counts.begin(), counts.end(), std::size_t{0}) ==
             static_cast<std::ptrdiff_t>(counts.size()) - 1) {
    warnings.push_back(concat("the right answer to every question is ", option_letter(majority.option),
                              ": accuracy says nothing where one letter is always right"));
  } else if (full.accuracy.value <= majority.accuracy.value) {
    warnings.push_back(concat("full depth is right in ", fixed(100 * full.accuracy.value, 1), " %, always saying ",
                              option_letter(majority.option), " in ", fixed(100 * majority.accuracy.value, 1),
                              " %: accuracy means nothing where the model at full depth cannot do better than that"));
  } else if (full.accuracy.low <= majority.accuracy.value) {
    warnings.push_back(concat("full depth is not clearly better than always saying ", option_letter(majority.option),
                              " (", fixed(100 * majority.accuracy.value, 1),
                              " %): differences of accuracy mean little"));
  }
  for (const compare::Method& m : c.methods) {
    if (!m.missing.empty()) continue;
    const std::size_t unlike = compare::compare_to(c.methods[0], m, c.questions).unlike;
    WithoutRoom without_room;
    for (std::size_t q = 0; q < m.outcomes.size(); ++q) {
      if (m.outcomes[q].no_room) without_room.add(c.questions[q].id, *m.outcomes[q].no_room);
    }
    if (without_room.any()) warnings.push_back(concat(m.name, ": ", without_room.sentence(c.questions.size())));
    if (unlike > 0)
      warnings.push_back(concat(m.name, ": ", unlike, " timed answers are not as long as those of the batched run"));
  }
  return warnings;
}

void report_comparison(const CompareSetting& s, const Comparison& c, Failures& failures) {
  if (!s.alone) std::cout << "\nTask " << s.data.task << ", " << s.data.file << "\n\n";
  compare::print_comparison(std::cout, c);
  std::cout << std::flush;
  const CompareOptions& o = *s.options;
  failures.attempt([&] {
    if (o.markdown.empty()) return;
    std::ostringstream text;
    print_title(text, s, c);
    compare::print_comparison(text, c, evaluate::TableStyle::markdown);
    save("--markdown", o.markdown, text.str());
    std::cout << "tables   " << o.markdown << '\n';
  });
  failures.attempt([&] {
    if (o.common.json.empty()) return;
    save("--json", o.common.json, io::to_json(compare::to_form(c, facts_form(s)), 1) + "\n");
    std::cout << "results  " << o.common.json << '\n';
  });
}

void report_run(const std::vector<CompareSetting>& tasks, const std::vector<Comparison>& comparisons,
                const std::string& markdown, Failures& failures) {
  if (tasks.size() > 1) {
    std::vector<compare::TaskComparison> all;
    for (std::size_t t = 0; t < tasks.size(); ++t) all.push_back({tasks[t].data.task, &comparisons[t]});
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
  print_next_steps(std::cout, *tasks[0].options);
}

}  // namespace litestage::cli
