// The numbers computed from the answers of a run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "litestage/engine/report.hpp"
#include "litestage/evaluate/metrics.hpp"
#include "litestage/evaluate/recorded_answer.hpp"
#include "litestage/evaluate/stage_means.hpp"
#include "litestage/settings/field.hpp"

namespace litestage::evaluate {

// Means over the questions that ran this stage.
struct StageSummary : StageCounts<double>, StageTimes {
  static constexpr bool written_only = true;
  std::size_t questions = 0;

  static constexpr auto fields() {
    using S = StageSummary;
    return Fields(field_of(&S::name), Field("questions", &S::questions, "number of questions that ran the stage"),
                  field_of(&S::prompt_tokens), field_of(&S::generated_tokens), field_of(&S::look_ahead_tokens),
                  field_of(&S::injected_tokens), field_of(&S::sublayers_skipped), field_of(&S::sublayers_skipped_mean),
                  field_of(&S::prefill_s), field_of(&S::decode_s), field_of(&S::look_ahead_s));
  }
};

struct Summary {
  static constexpr bool written_only = true;
  std::size_t questions = 0;
  std::size_t answered = 0;  // questions with a prediction
  Proportion accuracy;       // over the questions with known gold
  double seconds = 0;
  std::int64_t prompt_tokens = 0;
  std::int64_t tokens = 0;  // chosen by the model, those of look-aheads included
  // Time, tokens and their quotient belong together: a model that skips layers needs less time per token but may write
  // more tokens. The time is that of whole questions, including prefills. A quotient is 0 if its divisor is 0.
  double tokens_per_s = 0;
  double questions_per_minute = 0;
  double seconds_per_question = 0;
  double tokens_per_question = 0;
  std::vector<StageSummary> stages;  // in order of first occurrence

  static constexpr auto fields() {
    using S = Summary;
    return Fields(Field("questions", &S::questions, "number of questions"),
                  Field("answered", &S::answered, "number of questions with a prediction"),
                  ComputedField("scored", [](const S& s) { return s.accuracy.trials; }),
                  ComputedField("correct", [](const S& s) { return s.accuracy.hits; }),
                  ComputedField("accuracy", [](const S& s) { return s.accuracy.value; }),
                  ComputedField("low", [](const S& s) { return s.accuracy.low; }),
                  ComputedField("high", [](const S& s) { return s.accuracy.high; }),
                  Field("seconds", &S::seconds, "seconds of the run"),
                  Field("prompt_tokens", &S::prompt_tokens, "tokens of all prompts"),
                  Field("tokens", &S::tokens, "tokens generated"),
                  Field("tokens_per_s", &S::tokens_per_s, "tokens generated per second"),
                  Field("questions_per_minute", &S::questions_per_minute, "60 questions / seconds"),
                  Field("seconds_per_question", &S::seconds_per_question, "seconds / questions"),
                  Field("tokens_per_question", &S::tokens_per_question, "mean tokens generated per question"),
                  Field("stages", &S::stages, "means of each stage"));
  }
};

namespace detail {

[[nodiscard]] inline double quotient(double a, double b) {
  return b > 0 ? a / b : 0;
}

inline void add_stage(std::vector<StageSummary>& sums, const StageReport& stage) {
  std::size_t at = 0;
  while (at < sums.size() && sums[at].name != stage.name) ++at;
  if (at == sums.size()) sums.emplace_back();
  ++sums[at].questions;
  add_counts(sums[at], stage);
  add_times(sums[at], stage);
}

}  // namespace detail

// `clock_s`: RunInfo::clock_s.
[[nodiscard]] inline Summary summarize(const std::vector<RecordedAnswer>& answers, double clock_s) {
  Summary s;
  std::vector<Answer> predicted;
  std::vector<Gold> gold;
  for (const RecordedAnswer& answer : answers) {
    predicted.push_back(answer.predicted);
    gold.push_back(answer.gold);
    s.seconds += answer.seconds;
    if (!answer.predicted.empty()) ++s.answered;
    for (const StageReport& stage : answer.stages) {
      s.prompt_tokens += stage.prompt_tokens;
      s.tokens += stage.chosen_tokens();
      detail::add_stage(s.stages, stage);
    }
  }
  for (StageSummary& stage : s.stages) {
    divide_by<StageCounts<double>>(stage, static_cast<double>(stage.questions));
    divide_by<StageTimes>(stage, static_cast<double>(stage.questions));
  }
  if (clock_s > 0) s.seconds = clock_s;
  s.questions = answers.size();
  s.accuracy = accuracy(predicted, gold);
  const auto questions = static_cast<double>(s.questions), tokens = static_cast<double>(s.tokens);
  s.tokens_per_s = detail::quotient(tokens, s.seconds);
  s.questions_per_minute = detail::quotient(60 * questions, s.seconds);
  s.seconds_per_question = detail::quotient(s.seconds, questions);
  s.tokens_per_question = detail::quotient(tokens, questions);
  return s;
}

}  // namespace litestage::evaluate
