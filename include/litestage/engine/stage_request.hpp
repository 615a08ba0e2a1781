// A request to the engine: one stage of one question, or the scoring of its option letters. Also the settings that hold
// for all requests of a run.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/split_mix64.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/engine/sampler.hpp"
#include "litestage/policy/concepts.hpp"
#include "litestage/prompt/any_tokenizer.hpp"

namespace litestage {

using Clock = std::chrono::steady_clock;

[[nodiscard]] inline double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

struct StageRequest {
  std::string question;  // id of the question, for messages
  int index = 0;         // position of the stage in the schedule
  StageInfo stage;
  std::vector<std::vector<int>> prompts;  // [branches] tokens, none empty
  std::vector<int> slots;                 // [branches] slots of the cache; a prefix that they hold may be reused
  std::vector<int> score_tokens;          // if not empty: generate nothing, report their logits after the prompt
  std::uint64_t stream = 0;               // seed of this request's random numbers (stream_of)
};

// A stream of random numbers for each (question, stage) and each (stream, branch): mixed, so that no two of them meet
// whatever the counts are.
[[nodiscard]] inline std::uint64_t stream_of(std::uint64_t first, std::uint64_t second) {
  return SplitMix64(SplitMix64(first).draw() ^ second).draw();
}

// Empty if every prompt of the request fits into `context` positions.
[[nodiscard]] inline std::optional<NoRoom> no_room(const StageRequest& request, std::size_t context) {
  std::size_t longest = 0;
  for (const std::vector<int>& prompt : request.prompts) longest = std::max(longest, prompt.size());
  if (longest <= context) return std::nullopt;
  return NoRoom{request.stage.name, longest, context};
}

// A function of each chosen token, for BranchReport::trace, for example a confidence.
struct TokenTrace {
  std::function<float(const TokenStats&)> of;  // empty: no trace
  Signal signals = Signal::none;               // signals that `of` reads
};

// The results of one step, for all requests that took part in it.
template <class Real>
struct StepResults {
  std::vector<TokenStats> tokens;            // [rows that requested logits]
  std::vector<Moments<Real>> moments;        // [2 * n_layers, n_rows], or empty
  std::vector<Moments<Real>> layer_moments;  // [n_layers, n_rows], or empty
  std::size_t n_rows = 0;
};

// Settings that hold for all requests of a run.
struct StageRunOptions {
  SamplerOptions sampler;
  bool ignore_eos = false;  // continue past end-of-generation tokens, to the cap
  TokenTrace trace = {};
};

// The request for a stage, given the texts generated so far. `stream` distinguishes the random numbers of requests.
template <StageSchedule Stages>
[[nodiscard]] StageRequest stage_request(const Stages& stages, std::size_t stage, const Transcript& transcript,
                                         const AnyTokenizer& tokenizer, std::uint64_t stream) {
  StageRequest request;
  request.question = transcript.question.id;
  request.index = static_cast<int>(stage);
  request.stage = stages.stage(stage);
  for (const Prompt& prompt : stages.prompts(stage, transcript)) request.prompts.push_back(tokenizer.encode(prompt));
  request.stream = stream;
  return request;
}

// The request for the logits of the option letters: the last stage's prompt, with the probe as the beginning of the
// answer. The token of a letter is the one that follows when the letter is appended to this prompt, so that a
// tokenizer's treatment of spaces needs no special case.
template <StatesAnswer Stages>
[[nodiscard]] StageRequest letter_request(const Stages& stages, const Transcript& transcript,
                                          const AnyTokenizer& tokenizer) {
  const AnswerFormat format = stages.answer_format();
  const std::string& id = transcript.question.id;
  StageRequest request;
  request.question = id;
  request.index = static_cast<int>(stages.size()) - 1;
  request.stage = stages.stage(stages.size() - 1);
  const std::vector<Prompt> prompts = stages.prompts(stages.size() - 1, transcript);
  std::vector<int> probe;
  std::vector<int>& letters = request.score_tokens;
  for (std::size_t i = 0; i < transcript.question.options.size(); ++i) {
    Prompt prompt = prompts.at(0);
    prompt.continuation += format.probe + format.letter_prefix + option_letter(i);
    std::vector<int> tokens = tokenizer.encode(prompt);
    if (tokens.size() < 2) throw Error(concat("question ", shown(id), ": the prompt to score has no tokens"));
    letters.push_back(tokens.back());
    tokens.pop_back();
    if (i == 0) probe = tokens;
    if (tokens != probe || std::count(letters.begin(), letters.end(), letters.back()) != 1) {
      throw Error(concat("question ", shown(id),
                         ": option letters cannot be scored, since the tokenizer does not "
                         "write each as one token of its own after \"",
                         format.probe, format.letter_prefix, "\""));
    }
  }
  if (letters.empty()) throw Error(concat("question ", shown(id), " has no options, so no letter can be scored"));
  request.prompts.push_back(std::move(probe));
  return request;
}

}  // namespace litestage
