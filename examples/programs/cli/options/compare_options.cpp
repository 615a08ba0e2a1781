#include "cli/options/compare_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <string_view>

#include "cli/files/task_file.hpp"
#include "cli/options/option_checks.hpp"
#include "litestage/calibrate/search/baselines.hpp"
#include "litestage/compare/compared_methods.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/early_exit/standard.hpp"
#include "litestage/settings/describe.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/stages/standard.hpp"

namespace litestage::cli {

namespace {

constexpr std::string_view methods_before_baselines =
    "Methods:\n"
    "  full_depth        skips nothing; the reference, always included\n"
    "  lite_stage        the plan's budgets\n"
    "  lite_stage_exit   the plan's budgets and its early exit\n";
constexpr std::string_view methods_after_baselines =
    "                    baselines, each twice: the largest setting within the plan's target on the calibration\n"
    "                    questions (equal accuracy), and the one that skips as many sub-layers per token as "
    "lite_stage\n"
    "                    does here (equal skipping)\n"
    "  majority          control: always the most frequent letter of these questions\n"
    "  direct            control: the answer at once, without stages\n"
    "  forced            control: direct, with \"The answer is\" put into the model's mouth\n"
    "  one_stage         control: one stage of reasoning, then the answer (the stages cot)\n"
    "  cap               control, twice: full depth and lite_stage, capped so that branches are as long in the\n"
    "                    mean as under lite_stage_exit\n"
    "  cap_then_close    control: full depth, capped likewise, with closing words at the cap and 8 tokens after them\n"
    "Methods that others depend on are added: lite_stage for baselines, lite_stage_exit for the caps.\n"
    "Each --exit is a method at full depth, followed by cap and cap_then_close with as many tokens.\n"
    "An --own-method is a JSON object with skip, exit and stages as `ask` takes them in JSON, a name for the tables, "
    "and\n"
    "controls (true: cap and cap_then_close with as many tokens follow it); each key may be absent.\n"
    "Several tasks: --task A --data A.jsonl --plan A.json --task B --data B.jsonl --plan B.json. Each has files named\n"
    "after it (c.json is c.A.json); the table of all tasks goes into the file of --markdown itself.\n";

std::string compare_help() {
  return concat(methods_before_baselines, "  ", joined(calibrate::baseline_names()), "\n", methods_after_baselines,
                "SPEC: NAME or NAME:KEY=VALUE,KEY=VALUE, or @FILE with the same in JSON. Stages:\n",
                describe<stages::Standard>(), "Early exits:\n", describe<early_exit::Standard>());
}

// Example: "c.json" becomes "c.obqa.json".
std::string named_after(const std::string& path, const std::string& task) {
  if (path.empty()) return path;
  const std::filesystem::path p(path);
  return (p.parent_path() / concat(p.stem().string(), ".", task, p.extension().string())).string();
}

void add_compared_questions(CLI::App& app, CompareOptions& o) {
  add_source_options(app, o.tasks, o.data, "the project's own test questions");
  add_choice_options(app, o.common);
  app.add_option("--latency-questions", o.latency_questions,
                 "Time the first N questions, one at a time; 0: none (default: 20, or all if there are fewer)")
      ->check(whole_number(0, all_questions))
      ->type_name("N")
      ->group("Questions");
  add_metric_option(
      app, o.common.metric, {"letter", "extracted"},
      "Answers are the likeliest option letter (letter), or what the text states (extracted; where answers are "
      "no letters, always)");
}

void add_compared_methods(CLI::App& app, CompareOptions& o) {
  const std::string group = "Methods (below)";
  app.add_option("--methods", o.methods, "Methods to compare: all, or NAME,NAME")
      ->delimiter(',')
      ->capture_default_str()
      ->type_name("NAME")
      ->group(group);
  app.add_option("--exit", o.exits, "Compare full depth with this early exit too (SPEC, below); may be repeated")
      ->allow_extra_args(false)
      ->type_name("SPEC")
      ->group(group);
  app.add_option("--own-method", o.own_methods, "Compare the method in this file too (JSON, below); may be repeated")
      ->allow_extra_args(false)
      ->type_name("FILE")
      ->group(group);
  app.add_option("--direct", o.direct,
                 "Stages of the method direct, such as an answer with the same examples (SPEC, below)")
      ->type_name("SPEC")
      ->group(group);
  app.add_option("--plan", o.plans, "Plan written by the program calibrate; most methods need it")
      ->allow_extra_args(false)
      ->type_name("FILE")
      ->group(group);
  app.add_option("--stages", o.common.stages,
                 "Schedule: the stages and their prompts (default: the plan's, else tinythinker)")
      ->type_name("SPEC")
      ->group(group);
}

void add_compare_output(CLI::App& app, CompareOptions& o) {
  const std::string group = "Output";
  app.add_option("--json", o.common.json, "Write everything to a file (litestage.comparison/1)")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--markdown", o.markdown, "Write the tables to a file")->type_name("FILE")->group(group);
  app.add_option("--traces", o.traces, "Keep the confidence of every token in the first N questions (in --json)")
      ->check(whole_number(0))
      ->capture_default_str()
      ->type_name("N")
      ->group(group);
  CLI::Option* journal =
      app.add_option("--journal", o.journal, "Keep finished work in this file, and continue from it if it exists")
          ->type_name("FILE")
          ->group(group);
  app.add_flag("--resume", o.resume, "Keep a journal in the file of --json with .journal appended")
      ->group(group)
      ->needs("--json")
      ->excludes(journal);
  app.add_flag("--quiet", o.common.quiet, "Only the report, no progress")->group(group);
}

}  // namespace

std::vector<std::string> method_names(const std::vector<std::string>& given) {
  const std::vector<std::string> known = compare::ComparedMethods::names();
  std::vector<std::string> names;
  for (const std::string& name : given) {
    if (name != "all" && std::find(known.begin(), known.end(), name) == known.end())
      throw Error(concat("--methods: found ", in_quotes(name), ", expected all, ", joined(known)));
  }
  for (const std::string& name : known) {
    for (const std::string& g : given) {
      if (g != "all" && g != name) continue;
      names.push_back(name);
      break;
    }
  }
  return names;
}

std::vector<CompareOptions> by_task(const CompareOptions& o) {
  const std::size_t n = o.tasks.size();
  if (o.data.size() != n && !(o.data.empty() && n == 1))
    throw Error(concat("--data: found ", o.data.size(), o.data.size() == 1 ? " file" : " files", ", expected ", n,
                       ", one for each --task"));
  if (o.plans.size() > 1 && o.plans.size() != n)
    throw Error(concat("--plan: found ", o.plans.size(), " files, expected 0, 1 or ", n, " (one for each --task)"));
  if (n > 1 && !o.common.exclude.empty()) throw Error("--exclude: found with several --task, expected a single one");
  std::vector<CompareOptions> list(n, o);
  for (std::size_t t = 0; t < n; ++t) {
    const std::string& task = o.tasks[t];
    CompareOptions& own = list[t];
    if (std::count(o.tasks.begin(), o.tasks.end(), task) > 1)
      throw Error(concat("--task: found ", task, " more than once, expected each once"));
    own.common.task = task;
    own.common.data = o.data.empty() ? "" : o.data[t];
    own.common.plan = o.plans.empty() ? "" : o.plans[o.plans.size() == 1 ? 0 : t];
    if (n > 1)
      for (std::string* path : {&own.common.json, &own.markdown, &own.journal})
        *path = named_after(*path, task_label(task));
    if (own.resume) own.journal = own.common.json + ".journal";
  }
  return list;
}

Command compare_command(CompareOptions& o) {
  Command command("compare", "Compares methods on the same questions: answers, times, tokens and skipped sub-layers.");
  CLI::App& app = command.app();
  o.common.questions = all_questions;
  o.common.batch = 4;
  o.common.metric = "letter";
  add_compared_questions(app, o);
  add_compared_methods(app, o);
  add_model_options(app, o.common);
  add_compare_output(app, o);
  app.footer(compare_help());
  return command;
}

}  // namespace litestage::cli
