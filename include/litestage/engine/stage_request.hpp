// A request to the engine: one stage of one question, or the scoring of its option letters or right answers. Also the
// settings that hold for all requests of a run.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/core/compiled.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/fnv1a.hpp"
#include "litestage/core/split_mix64.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/engine/sampler.hpp"
#include "litestage/policy/any_schedule.hpp"
#include "litestage/prompt/any_tokenizer.hpp"
#include "litestage/prompt/sampler_options.hpp"
#include "litestage/prompt/transcript.hpp"

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
  // [branches] tokens, none empty. If there are any: generate nothing, forward these after each branch's prompt, and
  // report the mean of their log-probabilities.
  std::vector<std::vector<int>> forced = {};
  std::uint64_t stream = 0;  // of its random numbers: request_stream of the question and the stage
};

// A stream of random numbers for each (question, stage) and each (stream, branch): mixed, so that no two of them meet
// whatever the counts are.
[[nodiscard]] inline std::uint64_t stream_of(std::uint64_t first, std::uint64_t second) {
  return SplitMix64(SplitMix64(first).draw() ^ second).draw();
}
// The stream of a stage depends on the question's id, not on its place in a list: a sample is the same in a pipeline,
// in a search and for a part of the questions.
[[nodiscard]] inline std::uint64_t request_stream(std::string_view question, std::size_t stage) {
  Fnv1a id;
  id.add(question);
  return stream_of(id.value(), stage);
}

// The positions that the branch uses in any case: its prompt and its forced tokens but the last, which is not
// forwarded.
[[nodiscard]] inline std::size_t least_positions(const StageRequest& request, std::size_t branch) {
  return request.prompts[branch].size() + (request.forced.empty() ? 0 : request.forced[branch].size() - 1);
}
// Empty if every prompt of the request, with the tokens that are forced after it, fits into `context` positions.
[[nodiscard]] inline std::optional<NoRoom> no_room(const StageRequest& request, std::size_t context) {
  std::size_t longest = 0;
  for (std::size_t b = 0; b < request.prompts.size(); ++b) longest = std::max(longest, least_positions(request, b));
  if (longest <= context) return std::nullopt;
  return NoRoom{request.stage.name, longest, context};
}
// Throws Error if there is no room. Lanes::no_room tells beforehand: pipelines and searches ask it, and start no
// request that would throw here.
inline void check_request(const StageRequest& request, std::size_t context) {
  LITESTAGE_ASSERT(request.slots.size() >= request.prompts.size(), request.prompts.size(), " branches in ",
                   request.slots.size(), " slots");
  LITESTAGE_ASSERT(request.forced.empty() || request.forced.size() == request.prompts.size(), request.forced.size(),
                   " forced texts of ", request.prompts.size(), " branches");
  for (std::size_t b = 0; b < request.prompts.size(); ++b) {
    LITESTAGE_ASSERT(!request.prompts[b].empty(), "a prompt has at least one token");
    LITESTAGE_ASSERT(request.forced.empty() || !request.forced[b].empty(), "a branch has no forced tokens");
  }
  if (const std::optional<NoRoom> none = no_room(request, context)) {
    throw Error(concat("question ", shown(request.question), ", stage ", shown(request.stage.name), ": the prompt has ",
                       none->needed, " tokens, expected at most ", context, " (the context)"));
  }
}

// A function of each chosen token, for BranchReport::trace, for example a confidence.
struct TokenTrace {
  std::function<float(const TokenStats&)> of;  // empty: no trace
  Signal signals = Signal::none;               // signals that `of` reads
};

// The trace of a confidence.
template <Confidence Criterion>
[[nodiscard]] TokenTrace trace_of(const Criterion& criterion) {
  return {[criterion](const TokenStats& token) { return criterion(token); }, signals_read(criterion)};
}

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

  // The sampler of a stage: its own, whose seed is added to the run's, or else the run's.
  [[nodiscard]] SamplerOptions sampler_of(const StageInfo& stage) const {
    if (!stage.sampler) return sampler;
    SamplerOptions own = *stage.sampler;
    own.seed += sampler.seed;
    return own;
  }
};

// The request for a stage, given the texts generated so far.
[[nodiscard]] StageRequest stage_request(const AnySchedule& stages, std::size_t stage, const Transcript& transcript,
                                         const AnyTokenizer& tokenizer);

// The request for the logits of the option letters: the last stage's prompt, with the probe as the beginning of the
// answer. The token of a letter is the one that follows when the letter is appended to this prompt, so that a
// tokenizer's treatment of spaces needs no special case. Throws Error if a letter is not one token of its own.
[[nodiscard]] StageRequest letter_request(const AnySchedule& stages, const Transcript& transcript,
                                          const AnyTokenizer& tokenizer);

// The request for the log-probabilities of the right answers, one branch for each of the question's gold answers. It
// has the last stage's first prompt, after which the answer follows, in its canonical form or as the record writes it
// (Question::gold_as_written): after a space, unless the prompt ends where none belongs, as after an opening bracket. A
// letter follows the probe, as in letter_request. Throws Error if the question has no gold answer, or one that the
// tokenizer writes without a token.
[[nodiscard]] StageRequest gold_request(const AnySchedule& stages, const Transcript& transcript,
                                        const AnyTokenizer& tokenizer);

// What is scored after the last stage of a question.
enum class Scored : std::uint8_t { nothing, letters, golds };

// The request that scores it; `scored` is letters or golds.
[[nodiscard]] inline StageRequest scoring_request(Scored scored, const AnySchedule& stages,
                                                  const Transcript& transcript, const AnyTokenizer& tokenizer) {
  return scored == Scored::golds ? gold_request(stages, transcript, tokenizer)
                                 : letter_request(stages, transcript, tokenizer);
}
// The number of its branches.
[[nodiscard]] inline std::size_t scored_branches(Scored scored, const Question& question) {
  return scored == Scored::golds ? std::max<std::size_t>(question.gold.size(), 1) : 1;
}

}  // namespace litestage

#if LITESTAGE_HEADER_ONLY
#include "litestage/engine/definitions/stage_request.hpp"
#endif
