// Reading of answers from texts and reports.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/prompt/answer_format.hpp"
#include "litestage/prompt/option_letter.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/prompt/vote_weight.hpp"
#include "litestage/tasks/answer_kinds.hpp"
#include "litestage/tasks/read_answer.hpp"
#include "litestage/tasks/reading/stated_answer.hpp"
#include "litestage/tasks/trace_score.hpp"
#include "litestage/tasks/vote.hpp"

namespace litestage::tasks {

namespace detail {

// The letter of the first "the answer is option X.". Hand-written, because std::regex recurses once per character.
[[nodiscard]] inline std::optional<char> tiny_thinker_letter(std::string_view text) {
  constexpr std::string_view lead = "the answer is option ";
  for (std::size_t at = text.find(lead); at != std::string_view::npos; at = text.find(lead, at + 1)) {
    const std::string_view rest = text.substr(at + lead.size());
    if (rest.size() >= 2 && rest[0] >= 'A' && rest[0] <= 'Z' && rest[1] == '.') return rest[0];
  }
  return std::nullopt;
}

// The weight of branch `b` of the last stage: that of the tokens of this branch in all stages with as many branches.
[[nodiscard]] inline double vote_weight(VoteWeight weight, std::span<const StageReport* const> stages, std::size_t b) {
  std::vector<float> trace;
  for (const StageReport* stage : stages) {
    if (stage->branches.size() != stages.back()->branches.size()) continue;
    const BranchReport& branch = stage->branches[b];
    if (std::ssize(branch.trace) != branch.generated_tokens)
      throw Error(concat("stage ", shown(stage->name),
                         ": the votes of its branches are weighted by confidence, but none was traced, expected "
                         "StageRunOptions::trace"));
    trace.insert(trace.end(), branch.trace.begin(), branch.trace.end());
  }
  return trace_score(trace, weight);
}

}  // namespace detail

LITESTAGE_INLINE int written_option(const AnswerFormat& format, std::string_view text,
                                    std::span<const std::string> options) {
  if (format.rule == AnswerRule::stated) return stated_answer(text, options, format.opening);
  const std::optional<char> letter = detail::tiny_thinker_letter(text);
  return letter && *letter - 'A' < std::ssize(options) ? *letter - 'A' : no_answer;
}

LITESTAGE_INLINE Answer written_answer(const AnswerFormat& format, std::string_view text, const Question& question) {
  if (question.kind == AnswerKind::letter) return letter_answer(written_option(format, text, question.options));
  return read_as(question.kind, format, text, question.percent_is_number);
}

LITESTAGE_INLINE int best_letter(std::span<const float> letter_logits) {  // [options]
  int best = no_answer;
  for (int i = 0; i < std::ssize(letter_logits); ++i) {
    const float logit = letter_logits[i];
    if (logit == logit && (best == no_answer || logit > letter_logits[best])) {
      best = i;
    }
  }
  return best;
}

LITESTAGE_INLINE Answer extracted_answer(const AnswerFormat& format, std::span<const StageReport* const> stages,
                                         const Question& question) {
  const std::size_t branches = stages.empty() ? 0 : stages.back()->branches.size();
  std::vector<Answer> answers;
  std::vector<SampleVote> votes;
  for (std::size_t b = 0; b < branches; ++b) {
    answers.push_back(written_answer(format, stages.back()->branches[b].text, question));
    if (branches == 1) return answers[0];
    const bool found = !answers[b].empty();
    votes.push_back({found ? std::optional(answers[b].text) : std::nullopt,
                     format.vote == VoteWeight::one ? 1 : detail::vote_weight(format.vote, stages, b)});
  }
  const VoteRule rule = format.vote == VoteWeight::one ? VoteRule::most_votes : VoteRule::largest_weight;
  const std::optional<std::size_t> won = winner(votes, rule);
  return won ? answers[*won] : Answer{};
}

LITESTAGE_INLINE Answer extracted_answer(const AnswerFormat& format, const QuestionReport& report,
                                         const Question& question) {
  std::vector<const StageReport*> stages;
  for (const StageReport& stage : report.stages) stages.push_back(&stage);
  return extracted_answer(format, stages, question);
}

LITESTAGE_INLINE Answer scored_answer(const QuestionReport& report) {
  return letter_answer(best_letter(report.letter_logits));
}

}  // namespace litestage::tasks
