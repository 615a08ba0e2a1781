#include "cli/options/options.hpp"

#include <CLI/CLI.hpp>

#include "cli/options/chat_options.hpp"
#include "cli/options/machine_options.hpp"
#include "cli/options/option_checks.hpp"
#include "cli/options/policies.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/tasks/standard_tasks.hpp"

namespace litestage::cli {

namespace {

// Task and Data are a string, or a list of strings.
template <class Strings>
void add_source(CLI::App& app, Strings& task, Strings& data, const std::string& data_help) {
  const std::string group = "Questions";
  app.add_option("--task", task,
                 concat("Format of the questions: ", joined(tasks::task_names()), ", or a file (docs/tasks.md)"))
      ->capture_default_str()
      ->allow_extra_args(false)
      ->type_name("NAME|FILE.json")
      ->group(group);
  app.add_option("--data", data, concat("A file of questions (default: ", data_help, ")"))
      ->allow_extra_args(false)
      ->type_name("FILE")
      ->group(group);
}

void add_question_options(CLI::App& app, Options& o) {
  add_source_options(app, o.task, o.data, "the project's own test questions");
  add_choice_options(app, o);
  add_metric_option(
      app, o.metric, {"letter", "extracted", "both"},
      "Answers are the likeliest option letter (letter), what the text states (extracted), or both; where answers are "
      "no letters, always extracted");
}

void add_policy_options(CLI::App& app, Options& o) {
  const std::string group = "Policies (below)";
  app.add_option("--stages", o.stages, "Schedule: the stages and their prompts")
      ->capture_default_str()
      ->type_name("SPEC")
      ->group(group);
  CLI::Option* skip = app.add_option("--skip", o.skip, "Which sub-layers are skipped")
                          ->capture_default_str()
                          ->type_name("SPEC")
                          ->group(group);
  CLI::Option* exit = app.add_option("--exit", o.exit, "When a stage ends early")
                          ->capture_default_str()
                          ->type_name("SPEC")
                          ->group(group);
  app.add_option("--plan", o.plan, "Take skip and exit policies from this plan, written by the program calibrate")
      ->type_name("FILE")
      ->group(group)
      ->excludes(skip)
      ->excludes(exit);
}

void add_sampling_options(CLI::App& app, Options& o) {
  const std::string group = "Sampling";
  app.add_option("--temperature", o.temperature, "Sampling temperature; 0: always the likeliest token")
      ->check(number(0.0, 100.0))
      ->capture_default_str()
      ->type_name("T")
      ->group(group);
  app.add_option("--top-k", o.top_k, "Sample among the K likeliest tokens; 0: among all")
      ->check(whole_number(0, 1 << 24))
      ->capture_default_str()
      ->type_name("K")
      ->group(group);
  app.add_option("--top-p", o.top_p, "Sample among the likeliest tokens that together reach the probability P")
      ->check(number(0.0, 1.0))
      ->capture_default_str()
      ->type_name("P")
      ->group(group);
  app.add_option("--seed", o.seed, "Seed of the random numbers")
      ->check(whole_number(0))
      ->capture_default_str()
      ->type_name("S")
      ->group(group);
}

void add_output_options(CLI::App& app, Options& o) {
  const std::string group = "Output";
  app.add_option("--json", o.json, "Write every answer and the summary to a file (litestage.results/1)")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--method", o.method, "Name of this run in tables (default: made of the policies' names)")
      ->type_name("TEXT")
      ->group(group);
  app.add_flag("--profile", o.profile, "Print the seconds of each operation of the backend")->group(group);
  app.add_flag("--quiet", o.quiet, "Only the report: no progress, no first question")->group(group);
}

void add_prompt_options(CLI::App& app, Options& o) {
  const std::string group = "One free prompt";
  CLI::Option* prompt = app.add_option("--prompt", o.prompt, "Continue this text; the schedule is single")
                            ->type_name("TEXT")
                            ->group(group);
  for (const char* other : {"--data", "--task", "--questions"}) prompt->excludes(other);
  app.add_option("--max-new-tokens", o.max_new_tokens, "Length of the answer to --prompt (default: 64)")
      ->check(whole_number(1, 1'000'000))
      ->type_name("N")
      ->group(group)
      ->needs(prompt);
  app.add_flag("--ignore-eos", o.ignore_eos, "Continue after the model's own end of text")->group(group)->needs(prompt);
}

}  // namespace

void add_model_options(CLI::App& app, Options& o) {
  const std::string group = "Model and machine";
  app.add_option(
         "--model", o.model,
         "A GGUF file, or a folder as on Hugging Face with config.json, tokenizer.json and safetensors (default: "
         "smollm2-135m of examples/get_model.sh)")
      ->type_name("PATH")
      ->group(group);
  add_lora_option(app, o.lora)->group(group);
  add_quantize_option(app, o.quantize)->group(group);
  add_chat_options(app, o.chat, group);
  add_backend_option(app, o.backend)->group(group);
  add_threads_option(app, o.threads)->group(group);
  app.add_flag("--no-pack", o.no_pack, "Do not keep a repacked copy of the weights: less memory, slower, same answers")
      ->group(group);
  app.add_option("--context", o.context,
                 concat("K/V cache positions of a branch, for prompt and answer (default: ", default_context,
                        ", or the model's context where that is smaller)"))
      ->check(whole_number(2, 1 << 24))
      ->type_name("N")
      ->group(group);
  add_kv_option(app, o.kv)->group(group);
}

void add_source_options(CLI::App& app, std::string& task, std::string& data, const std::string& data_help) {
  add_source(app, task, data, data_help);
}
void add_source_options(CLI::App& app, std::vector<std::string>& task, std::vector<std::string>& data,
                        const std::string& data_help) {
  add_source(app, task, data, data_help);
}

void add_choice_options(CLI::App& app, Options& o) {
  const std::string group = "Questions";
  app.add_option("--exclude", o.exclude, "Leave out questions that are also in these files")
      ->type_name("FILE")
      ->group(group);
  const std::string n = o.questions == all_questions ? "all" : concat(o.questions);
  app.add_option("--questions", o.questions,
                 concat("Ask the first N questions of the file, without excluded ones (default: ", n, ")"))
      ->check(whole_number(1, all_questions))
      ->type_name("N")
      ->group(group);
  app.add_option("--batch", o.batch, "Questions that run in parallel: more per minute, each takes longer, same answers")
      ->check(whole_number(1, 4096))
      ->capture_default_str()
      ->type_name("B")
      ->group(group);
}

void add_metric_option(CLI::App& app, std::string& metric, const std::vector<std::string>& accepted,
                       const std::string& help) {
  app.add_option("--metric", metric, help)
      ->check(CLI::IsMember(accepted))
      ->capture_default_str()
      ->type_name("NAME")
      ->group("Questions");
}

Command ask_command(Options& o) {
  Command command("ask", "Answers questions in stages; or, with --prompt, continues a text.");
  CLI::App& app = command.app();
  add_question_options(app, o);
  add_policy_options(app, o);
  add_model_options(app, o);
  add_output_options(app, o);
  add_prompt_options(app, o);
  add_sampling_options(app, o);
  app.footer(policy_help());
  return command;
}

}  // namespace litestage::cli
