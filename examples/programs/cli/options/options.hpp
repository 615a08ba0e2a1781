// The options that programs which answer questions have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/options/chat_options.hpp"
#include "cli/options/command.hpp"
#include "cli/options/machine_options.hpp"
#include "cli/terminal/interrupt.hpp"
#include "litestage/core/error.hpp"
#include "litestage/pipeline/pipeline.hpp"
#include "litestage/stages/standard.hpp"

namespace litestage::cli {

inline constexpr std::size_t all_questions = std::size_t{1} << 40;

struct Options {
  std::string model, quantize;
  std::vector<std::string> lora;  // PATH or PATH:SCALE
  ChatWords chat;
  std::string task = "choice", data;
  std::size_t questions = 16;
  std::vector<std::string> exclude;  // files whose questions are left out
  std::string stages = "tinythinker", skip = "never", exit = "never";
  bool stages_given = true;                        // if not, the stages are those of the plan, or `single` for a prompt
  std::optional<stages::Standard> planned_stages;  // the plan's, in place of the SPEC
  std::string plan;                                // in place of skip and exit
  std::string metric = "both";
  bool metric_given = false;
  std::string backend = "cpu", kv = "f16";
  int threads = 0;
  bool no_pack = false;
  std::size_t batch = 1;
  std::size_t context = 0;  // 0: not given; a Job has the actual value
  double temperature = 0, top_p = 1;
  int top_k = 0;
  std::uint64_t seed = 0;
  std::string json, method;
  bool quiet = false, profile = false;
  std::optional<std::string> prompt;  // a free text that replaces the questions
  int max_new_tokens = 0;             // length of the answer to `prompt`; 0: not given
  bool ignore_eos = false;
};

// The following add options to a command line, which are read into `o`.
void add_model_options(CLI::App& app, Options& o);
// The source of the questions; `data_help` names the default file. A program with several tasks is given one, and its
// data, each time that the option is used.
void add_source_options(CLI::App& app, std::string& task, std::string& data, const std::string& data_help);
void add_source_options(CLI::App& app, std::vector<std::string>& task, std::vector<std::string>& data,
                        const std::string& data_help);
// The choice of questions, and how many run at a time.
void add_choice_options(CLI::App& app, Options& o);
void add_metric_option(CLI::App& app, std::string& metric, const std::vector<std::string>& accepted,
                       const std::string& help);

// The command line of `ask`.
[[nodiscard]] Command ask_command(Options& o);

// What is scored after the last stage.
[[nodiscard]] inline Scored scored_of(const Options& o) {
  if (o.prompt || o.metric == "extracted") return Scored::nothing;
  return o.metric == "gold_log_prob" ? Scored::golds : Scored::letters;
}

[[nodiscard]] inline PipelineOptions pipeline_options(const Options& o) {
  PipelineOptions p;
  p.batch = o.batch;
  p.context = o.context;
  p.kv = kv_type(o.kv);
  p.generation.sampler = {.temperature = o.temperature, .top_k = o.top_k, .top_p = o.top_p, .seed = o.seed};
  p.generation.ignore_eos = o.ignore_eos;
  p.score_letters = scored_of(o) == Scored::letters;
  p.keep_going = [] { return !interrupted(); };
  return p;
}

}  // namespace litestage::cli
