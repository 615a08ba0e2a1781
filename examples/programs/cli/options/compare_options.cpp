#include "cli/options/compare_options.hpp"

#include <CLI/CLI.hpp>

#include "cli/options/option_checks.hpp"
#include "cli/reports/compare_report.hpp"

namespace litestage::cli {

namespace {

void add_compared_questions(CLI::App& app, CompareOptions& o) {
  add_source_options(app, o.tasks, o.data, "the project's own test questions");
  add_choice_options(app, o.common);
  app.add_option("--latency-questions", o.latency_questions,
                 "Time the first N questions, one at a time; 0: none (default: 20, or all if there are fewer)")
      ->check(whole_number(0, all_questions))
      ->type_name("N")
      ->group("Questions");
  add_metric_option(app, o.common.metric, {"letter", "extracted"},
                    "Answers are the likeliest option letter (letter), or the option that the text states (extracted)");
}

void add_compared_methods(CLI::App& app, CompareOptions& o) {
  const std::string group = "Methods (below)";
  app.add_option("--methods", o.methods, "Methods to compare: all, or NAME,NAME")
      ->delimiter(',')
      ->capture_default_str()
      ->type_name("NAME")
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
