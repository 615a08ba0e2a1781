#include "cli/job.hpp"

#include <cmath>
#include <cstddef>
#include <iostream>
#include <optional>
#include <variant>

#include "cli/defaults.hpp"
#include "cli/plan_file.hpp"
#include "cli/results_file.hpp"
#include "litestage/calibrate/check_plan.hpp"
#include "litestage/core/error.hpp"
#include "litestage/evaluate/metrics.hpp"
#include "litestage/evaluate/subset.hpp"
#include "litestage/evaluate/tasks.hpp"
#include "litestage/io/dataset.hpp"
#include "litestage/io/load_model.hpp"
#include "litestage/io/load_vocabulary.hpp"
#include "litestage/policy/check_stages.hpp"

namespace litestage::cli {

namespace {

Policies policies_of(const Options& o) {
  Policies p = read_policies(o.stages, o.skip, o.exit);
  if (!o.prompt) {
    static_cast<void>(p.stages.answer_format());  // an Error where the stages end in no answer
    return p;
  }
  const auto* single = std::get_if<stages::Single>(&p.stages.active());
  if (single == nullptr) {
    throw Error(concat("--prompt: found --stages ", p.stages.active_name(), ", accepted is single"));
  }
  stages::Single free = *single;
  if (o.max_new_tokens > 0) free.max_new_tokens = o.max_new_tokens;
  p.stages = stages::Standard(free);
  return p;
}

std::vector<Question> questions_of(const Options& o, const std::string& path) {
  if (o.prompt) return {Question{"prompt", *o.prompt, {}, evaluate::no_answer}};
  const evaluate::Task& task = evaluate::find_task(o.task);
  std::vector<Question> all = evaluate::parse_questions(task, io::read_records(path));
  for (const std::string& other : o.exclude) {
    all = evaluate::questions_without(all, evaluate::parse_questions(task, io::read_records(other)));
  }
  return evaluate::first_questions(all, o.questions);
}

// A plan holds for its own model, tokenizer and schedule. Of the kernels only its seconds depend, which nobody uses
// here.
void apply_plan(Job& job, const calibrate::Plan& plan) {
  const std::string& path = job.options.plan;
  calibrate::PlanFacts facts = plan_facts(job, {});
  facts.kernels = plan.kernels;
  static_cast<void>(calibrate::check_plan(plan, facts, Where(path)));
  const skip::LiteStage policy = calibrate::lite_stage(plan);
  check_plan_stages(job.policies.stages, plan, path);
  check_stages(policy, job.policies.stages, path);
  job.policies.skip = skip::Standard(policy);
  job.policies.exit = read_value<early_exit::Standard>(plan.exit, Where(path).at("exit"));
  // `compare` refuses these; here one may look at them.
  const auto sentence = calibrate::searched_among(plan, job.questions, path);
  if (sentence) std::cerr << "warning: " << *sentence << ": their accuracy does not judge it" << std::endl;
}

// The first prompts are known already; later ones are as long as what the model writes.
void check_lengths(const Job& job) {
  const std::size_t context = job.options.context;
  const auto limit = static_cast<std::size_t>(job.source.config.max_context);
  if (context > limit) {
    throw Error(concat("--context is ", context, ", accepted are 2 to ", limit, " (the model's context)"));
  }
  for (const Question& q : job.questions) {
    for (const Prompt& prompt : job.policies.stages.prompts(0, {q, {}})) {
      const std::size_t n = job.codec.encode(prompt).size();
      if (n > 0 && n <= context) continue;
      throw Error(concat("question ", q.id, ": the first prompt has ", n, " tokens, accepted are 1 to ", context,
                         " (--context)"));
    }
  }
}

}  // namespace

Job prepare(const Options& o) {
  check_writable(o.json);
  if (o.profile && o.backend == "gpu")
    throw Error("--profile: a gpu works after it was asked; accepted are --backend cpu and reference");
  if (!std::isfinite(o.temperature)) throw Error("--temperature is no number, accepted are 0 to 100");
  if (!std::isfinite(o.top_p)) throw Error("--top-p is no number, accepted are 0 to 1");
  Policies policies = policies_of(o);
  std::optional<calibrate::Plan> plan;
  if (!o.plan.empty()) plan = read_plan(o.plan);
  const std::string data = o.prompt ? std::string() : data_path(o.data), model = model_path(o.model);
  std::vector<Question> questions = questions_of(o, data);
  const io::Gguf file(model);
  Job job{o,
          policies,
          data,
          questions,
          file,
          io::TextCodec(io::load_vocabulary(file), model, o.chat_template),
          io::load_model(file)};
  if (plan) apply_plan(job, *plan);
  check_layers(job.policies, job.source.config.n_layers);
  check_lengths(job);
  return job;
}

void require_questions(const Job& job) {
  const std::size_t there = job.questions.size(), wanted = job.options.questions;
  if (wanted == all_questions || there >= wanted) return;
  throw Error(concat("--questions is ", wanted, ", accepted are 1 to ", there, " (the questions of ", job.data,
                     job.options.exclude.empty() ? ")" : " that are not excluded)"));
}

}  // namespace litestage::cli
