#include "cli/job.hpp"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iostream>
#include <optional>
#include <utility>
#include <variant>

#include "cli/files/plan_file.hpp"
#include "cli/files/task_file.hpp"
#include "cli/files/vocabulary_note.hpp"
#include "cli/options/defaults.hpp"
#include "litestage/calibrate/plan/check_plan.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/files/dataset.hpp"
#include "litestage/pipeline/context_needed.hpp"
#include "litestage/policy/any_schedule.hpp"
#include "litestage/policy/check_stages.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/spec.hpp"
#include "litestage/tasks/subset.hpp"
#include "litestage/tasks/tasks.hpp"

namespace litestage::cli {

namespace {

Policies policies_of(const Options& o) {
  Policies p = o.planned_stages ? read_policies(*o.planned_stages, o.skip, o.exit)
                                : read_policies(read_stages(o.stages), o.skip, o.exit);
  if (!o.prompt) {
    static_cast<void>(p.stages.answer_format());  // throws an Error if the stages end without an answer
    return p;
  }
  const auto* single = std::get_if<stages::Single>(&p.stages.active());
  if (single == nullptr) {
    throw Error(concat("--prompt: found --stages ", p.stages.active_name(), ", expected single"));
  }
  stages::Single free = *single;
  if (o.max_new_tokens > 0) free.max_new_tokens = o.max_new_tokens;
  p.stages = stages::Standard(free);
  return p;
}

tasks::QuestionSet questions_of(const Options& o, const std::string& path) {
  if (o.prompt) {
    const Question free{.id = "prompt", .stem = *o.prompt, .options = {}};
    return {.task = "prompt", .file = "", .fingerprint = "", .list = {free}};
  }
  const tasks::TaskFormat task = read_task(o.task);
  std::vector<Question> all = tasks::parse_questions(task, io::read_records(path));
  const std::size_t there = all.size();
  for (const std::string& other : o.exclude) {
    all = tasks::questions_without(all, tasks::parse_questions(task, io::read_records(other)));
  }
  all = tasks::first_questions(all, o.questions);
  if (all.empty()) {
    throw Error(concat("--data ", path, ": none of its ", there, " questions is left, expected one at least",
                       o.exclude.empty() ? "" : concat(" that is not in --exclude ", joined(o.exclude))));
  }
  return {.task = task.name,
          .file = std::filesystem::path(path).filename().string(),
          .fingerprint = file_fingerprint(path),
          .list = std::move(all)};
}

// Letters are scored only where all answers are letters: `both` and a metric that was not asked for become `extracted`.
void settle_metric(Options& o, const tasks::QuestionSet& questions) {
  const auto is_letter = [](const Question& q) { return q.kind == AnswerKind::letter; };
  if (o.prompt || o.metric == "gold_log_prob" || std::all_of(questions.list.begin(), questions.list.end(), is_letter))
    return;
  if (o.metric == "letter" && o.metric_given)
    throw Error(concat("--metric is letter, expected extracted: the answers of task ", shown(questions.task),
                       " are of the kind ", name(questions.list[0].kind), ", so there are no option letters to score"));
  o.metric = "extracted";
}

// A plan is valid only for its own model, tokenizer and schedule. Its kernels are not compared (the facts are given the
// plan's own): they decide its seconds, which are not used here, and its texts only through the last bits of logits.
void apply_plan(Job& job, const calibrate::Plan& plan) {
  const std::string& path = job.options.plan;
  const calibrate::PlanFacts facts = calibrate::plan_facts(job.model.identity(), plan.kernels);
  static_cast<void>(calibrate::check_plan(plan, facts, Where(path)));
  warn_of_sampled_model(plan, facts, path);
  const skip::LiteStage policy = calibrate::lite_stage(plan);
  check_plan_stages(job.policies.stages, plan, path);
  check_stages(policy, job.policies.stages, path);
  job.policies.skip = skip::Standard(policy);
  job.policies.exit = read_value<early_exit::Standard>(plan.exit, Where(path).at("exit"));
  // `compare` refuses these questions; this program only warns.
  const auto sentence = calibrate::searched_among(plan, job.questions.list, path);
  if (sentence) std::cerr << "warning: " << *sentence << ", so their accuracy does not judge the plan" << std::endl;
}

// An upper bound on the tokens that the stages of a question write, over all branches.
std::size_t most_written(const stages::Standard& stages, const Question& q) {
  std::size_t tokens = 0;
  for (std::size_t i = 0; i < stages.size(); ++i) tokens += static_cast<std::size_t>(stages.stage(i).max_new_tokens);
  return tokens * stages.branches(q);
}

// Checks the positions that the prompts need even if nothing is written. The positions needed beyond that depend on the
// model's answers.
void check_lengths(const Job& job) {
  const std::size_t context = job.options.context;
  const auto limit = static_cast<std::size_t>(job.model.config().max_context);
  if (context > limit) {
    throw Error(concat("--context is ", context, ", expected 2 to ", limit, " (the model's context)"));
  }
  const AnySchedule stages = job.policies.stages;
  const Scored scored = scored_of(job.options);
  const auto needed = [&](const Question& q, Writing writing) {
    return context_needed(stages, q, job.model.tokenizer(), writing, scored);
  };
  std::size_t may_fail = 0;
  std::string largest;
  std::size_t most_needed = context;
  for (const Question& q : job.questions.list) {
    const ContextNeeded least = needed(q, Writing::nothing);
    if (least.positions == 0) throw Error(concat("question ", shown(q.id), ": the prompt has no tokens"));
    if (least.positions > context) {
      throw Error(concat("question ", shown(q.id), ": stage ", shown(least.stage), " needs at least ", least.positions,
                         " positions, expected at most ", context, " (--context)"));
    }
    if (least.positions + most_written(job.policies.stages, q) <= context) continue;  // the most common case, and cheap
    const ContextNeeded most = needed(q, Writing::as_much_as_allowed);
    may_fail += most.positions > context ? 1 : 0;
    if (most.positions <= most_needed) continue;
    most_needed = most.positions;
    largest = concat("question ", shown(q.id), " up to about ", most.positions, " in stage ", shown(most.stage));
  }
  if (may_fail == 0) return;
  std::cerr << "warning: --context " << context << " may be too small for " << may_fail << " of "
            << job.questions.list.size() << " questions (" << largest
            << "); what does not fit is cut off or not answered" << std::endl;
}

}  // namespace

Files files_of(const Options& o) {
  Files files;
  files.reads_model(o.model.empty() ? default_model_path() : o.model).reads_adapters(o.lora).reads("--plan", o.plan);
  if (io::is_template_file(o.chat.chat_template)) files.reads("--chat-template", o.chat.chat_template);
  if (!o.prompt) files.reads("--data", data_path(o.data));
  if (!o.prompt && is_task_file(o.task)) files.reads("--task", o.task);
  for (const std::string& other : o.exclude) files.reads("--exclude", other);
  files.reads_spec("--stages", o.stages).reads_spec("--skip", o.skip).reads_spec("--exit", o.exit);
  return files.writes("--json", o.json);
}

Job prepare(Options o) {
  if (o.profile && o.backend == "gpu")
    throw Error(
        "--profile: the gpu backend runs asynchronously, so its operations cannot be timed one by one; expected "
        "--backend cpu or reference");
  std::optional<calibrate::Plan> plan;
  if (!o.plan.empty()) plan = read_plan(o.plan);
  if (!o.stages_given && o.prompt) o.stages = "single";
  if (!o.stages_given && !o.prompt && plan) o.planned_stages = plan_stages(*plan, o.plan);
  Policies policies = policies_of(o);
  const std::string data = o.prompt ? std::string() : data_path(o.data), model = model_path(o.model);
  tasks::QuestionSet questions = questions_of(o, data);
  settle_metric(o, questions);
  Job job{o, policies, data, std::move(questions),
          io::ModelFile(model, o.chat.options(), weight_options(o.lora, o.quantize, o.threads))};
  warn_of_open_splitting(job.model);
  job.options.context = context_or_default(o.context, job.model.config());
  if (plan) apply_plan(job, *plan);
  check_layers(job.policies, job.model.config().n_layers);
  check_lengths(job);
  return job;
}

void require_questions(const Job& job) {
  const std::size_t there = job.questions.list.size(), wanted = job.options.questions;
  if (wanted == all_questions || there >= wanted) return;
  throw Error(concat("--questions is ", wanted, ", expected 1 to ", there, " (the questions of ", job.data,
                     job.options.exclude.empty() ? ")" : " that are not excluded)"));
}

}  // namespace litestage::cli
