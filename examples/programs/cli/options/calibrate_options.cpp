#include "cli/options/calibrate_options.hpp"

#include <CLI/CLI.hpp>

#include "cli/options/option_checks.hpp"
#include "litestage/calibrate/search/exit_candidates.hpp"
#include "litestage/calibrate/search/strategy.hpp"
#include "litestage/confidence/standard.hpp"
#include "litestage/core/error.hpp"
#include "litestage/early_exit/standard.hpp"
#include "litestage/settings/describe.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/stages/standard.hpp"

namespace litestage::cli {

namespace {

std::string calibrate_help() {
  return concat("SPEC: NAME or NAME:KEY=VALUE,KEY=VALUE, lists as a/b/c, or @FILE with the same in JSON. Strategies:\n",
                describe<calibrate::Standard>(), "Early exits that can be tuned: ", joined(calibrate::tunable_exits()),
                "; their settings:\n", describe<early_exit::Standard>(), "Criteria:\n",
                describe<confidence::Standard>(), "Stages:\n", describe<stages::Standard>());
}

void add_calibrate_questions(CLI::App& app, CalibrateOptions& o) {
  add_source_options(app, o.common.task, o.common.data, "the project's own calibration questions");
  add_choice_options(app, o.common);
  add_metric_option(
      app, o.metric, {"letter", "extracted", "agreement", "gold_log_prob"},
      "An answer is right if the likeliest option letter is (letter), if what the text states is (extracted), or if it "
      "is that of full depth (agreement); where answers are no letters, what the text states is the answer. "
      "gold_log_prob judges how likely the right answer's tokens are after the last prompt");
  app.add_option("--stages", o.common.stages, "Schedule: the stages and their prompts (SPEC, below)")
      ->capture_default_str()
      ->type_name("SPEC")
      ->group("Questions");
}

void add_target_options(CLI::App& app, CalibrateOptions& o) {
  const std::string group = "Search";
  app.add_option("--strategy", o.strategy, "racing or exhaustive_sweep (SPEC, below)")
      ->capture_default_str()
      ->type_name("SPEC")
      ->group(group);
  CLI::Option* loss = app.add_option("--max-loss", o.max_loss,
                                     "Accuracy that a plan may lose against full depth (default: 0.04), or with "
                                     "gold_log_prob the mean log-probability in nats (default: 0.1)")
                          ->check(number(0.0, 1.0))
                          ->group(group);
  app.add_option("--least-accuracy", o.least_accuracy, "Accuracy that a plan must have, in place of --max-loss")
      ->check(number(0.0, 1.0))
      ->excludes(loss)
      ->group(group);
}

void add_budget_options(CLI::App& app, CalibrateOptions& o) {
  const std::string group = "Search";
  app.add_option("--step", o.step, "Try 0, N, 2N, ... skipped sub-layers")
      ->check(whole_number(1, 2000))
      ->capture_default_str()
      ->type_name("N")
      ->group(group);
  app.add_option("--most", o.most, "Skip at most N sub-layers of a stage (default: all but one layer's)")
      ->check(whole_number(0, 2000))
      ->type_name("N")
      ->group(group);
  app.add_option("--rank-by", o.rank_by,
                 "Rank sub-layers by mean cosine over requests, over tokens, or over the last_token of each prompt")
      ->check(CLI::IsMember({"requests", "tokens", "last_token"}))
      ->capture_default_str()
      ->group(group);
  app.add_option("--phase", o.phase, "Skip in both phases of a stage, or in prefill or decode alone")
      ->check(CLI::IsMember({"both", "prefill", "decode"}))
      ->capture_default_str()
      ->group(group);
  app.add_option("--kv-on-skip", o.kv_on_skip, "K/V entry to store for a skipped attention")
      ->check(CLI::IsMember({"none", "project", "copy_below"}))
      ->capture_default_str()
      ->group(group);
}

void add_exit_options(CLI::App& app, CalibrateOptions& o) {
  const std::string group = "Search";
  app.add_option("--exit", o.exit,
                 "Early exit to tune: low_confidence over --windows and --thresholds, another over its own list of "
                 "settings (SPEC, below)")
      ->capture_default_str()
      ->type_name("SPEC")
      ->group(group);
  app.add_option("--criterion", o.criterion, "Confidence that low_confidence reads (SPEC, below)")
      ->capture_default_str()
      ->type_name("SPEC")
      ->group(group);
  app.add_option("--windows", o.windows, "Windows of low_confidence to try; 0: search for no exit")
      ->delimiter(',')
      ->check(whole_number(0, 4096))
      ->capture_default_str()
      ->group(group);
  app.add_option("--thresholds", o.thresholds, "Number of thresholds to try for each window")
      ->check(whole_number(1, 1000))
      ->capture_default_str()
      ->group(group);
}

void add_search_options(CLI::App& app, CalibrateOptions& o) {
  add_target_options(app, o);
  add_budget_options(app, o);
  add_exit_options(app, o);
  const std::string group = "Search";
  app.add_flag("--no-baselines", o.no_baselines,
               "Do not search the baselines for their largest settings within the target")
      ->group(group);
  app.add_option("--probe-seconds", o.probe_seconds, "Time for measuring the latency model")
      ->check(number(0.1, 3600.0))
      ->capture_default_str()
      ->group(group);
  app.add_option("--check-latency", o.check_latency, "Questions run at batch 1, to check the latency model; 0: none")
      ->check(whole_number(0, 1000))
      ->capture_default_str()
      ->type_name("N")
      ->group(group);
}

void add_plan_options(CLI::App& app, CalibrateOptions& o) {
  const std::string group = "Output";
  app.add_option("--plan", o.plan, "Write the plan to this file")
      ->capture_default_str()
      ->type_name("FILE")
      ->group(group);
  app.add_option("--journal", o.journal,
                 "Keep finished work in this file, and continue from it if it exists (default: PLAN.journal)")
      ->type_name("FILE")
      ->group(group);
  app.add_flag("--importance-only", o.importance_only, "Only rank the sub-layers, stage by stage")->group(group);
  app.add_option("--json", o.common.json, "With --importance-only: write the importance to a file")
      ->type_name("FILE")
      ->group(group);
  app.add_flag("--quiet", o.common.quiet, "Print no progress")->group(group);
}

}  // namespace

Command calibrate_command(CalibrateOptions& o) {
  Command command("calibrate", "Finds the sub-layers of a model that each stage can skip, and writes them to a plan.");
  CLI::App& app = command.app();
  o.common.questions = 32;
  o.common.batch = 16;
  add_calibrate_questions(app, o);
  add_search_options(app, o);
  add_model_options(app, o.common);
  add_plan_options(app, o);
  app.footer(calibrate_help());
  return command;
}

}  // namespace litestage::cli
