// What is asked of the engine at a time: one stage of one question, or a look at the option letters; and the settings
// that hold for all requests of a run.
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
#include "litestage/core/outside_text.hpp"
#include "litestage/core/split_mix64.hpp"
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
  std::string question;  // its id, for messages
  int index = 0;         // of the stage in the schedule
  StageInfo stage;
  std::vector<std::vector<int>> prompts;  // [branches] tokens, none empty
  std::vector<int> slots;                 // [branches] of the cache; whatever they hold may be reused
  std::vector<int> score_tokens;          // not empty: generate nothing, report these tokens' logits after the prompt
  std::uint64_t stream = 0;               // of random numbers (stream_of), for this request alone
};

// A stream of random numbers for each (question, stage) and each (stream, branch): mixed, so that no two of them meet
// whatever the counts are.
[[nodiscard]] inline std::uint64_t stream_of(std::uint64_t first, std::uint64_t second) {
  return SplitMix64(SplitMix64(first).draw() ^ second).draw();
}

// Nothing where every prompt of the request fits into `context` positions.
[[nodiscard]] inline std::optional<NoRoom> no_room(const StageRequest& request, std::size_t context) {
  std::size_t longest = 0;
  for (const std::vector<int>& prompt : request.prompts) longest = std::max(longest, prompt.size());
  if (longest <= context) return std::nullopt;
  return NoRoom{request.stage.name, longest, context};
}

// A number of every chosen token, for BranchReport::trace: a confidence, say.
struct TokenTrace {
  std::function<float(const TokenStats&)> of;  // empty: no trace
  Signal signals = Signal::none;               // what `of` reads
};

// What one step said, for all requests that took part in it.
template <class Real>
struct StepResults {
  std::vector<TokenStats> tokens;            // [rows that wanted logits]
  std::vector<Moments<Real>> moments;        // [2 * n_layers, n_rows], or empty
  std::vector<Moments<Real>> layer_moments;  // [n_layers, n_rows], or empty
  std::size_t n_rows = 0;
};

// Settings that hold for all requests of a run.
struct StageRunOptions {
  SamplerOptions sampler;
  bool ignore_eos = false;  // go on past end-of-generation tokens, to the cap
  TokenTrace trace = {};
};

// The request for a stage, given what was written so far. `stream` tells the random numbers of requests apart.
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

// The request for the logits of the option letters: the last stage's prompt, made to begin its answer with the probe.
// The letters' tokens are what follows it when the letter is written out, so that a tokenizer's treatment of blanks
// needs no special case.
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
