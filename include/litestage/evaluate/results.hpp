// A run over a question set: how it was made, every answer, and the numbers that follow from the answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/evaluate/metrics.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::evaluate {

struct RunInfo {
  std::string method;     // what tables call this run, e.g. "full depth", "litestage"
  std::string model;      // the file's name
  std::string backend;    // "cpu", "reference", ...
  std::string task;       // a name of tasks.hpp
  std::string data;       // the file's name
  std::string answering;  // "extracted" or "letter"
  Form policies;          // {"stages": ..., "skip": ..., "exit": ...}, as the policies write themselves
  std::uint64_t seed = 0;
  std::size_t asked = 0;  // questions; more than there are answers where the run was stopped
  double clock_s = 0;     // of the whole run, where questions ran side by side and their own times overlap; else 0
  friend bool operator==(const RunInfo&, const RunInfo&) = default;
};

struct Answer {
  std::string id;
  int gold = no_answer;
  int predicted = no_answer;
  double seconds = 0;  // QuestionReport::seconds: of the stages
  std::vector<StageReport> stages;
  std::optional<NoRoom> no_room = std::nullopt;  // as in QuestionReport
  friend bool operator==(const Answer&, const Answer&) = default;
};

struct Results {
  RunInfo info;
  std::vector<Answer> answers;
  friend bool operator==(const Results&, const Results&) = default;
};

[[nodiscard]] inline Answer make_answer(const Question& question, int predicted, QuestionReport report) {
  LITESTAGE_ASSERT(question.id == report.id, question.id, " against ", report.id);
  return {question.id, question.gold, predicted, report.seconds, std::move(report.stages), std::move(report.no_room)};
}

// Means over the questions that had this stage.
struct StageSummary {
  std::string name;
  std::size_t questions = 0;
  double prompt_tokens = 0;
  double generated_tokens = 0;
  double sublayers_skipped = 0;
  double sublayers_skipped_mean = 0;
  double prefill_s = 0;
  double decode_s = 0;
};

struct Summary {
  std::size_t questions = 0;
  std::size_t answered = 0;  // predicted something
  Proportion accuracy;       // over the questions of known gold
  double seconds = 0;
  std::int64_t prompt_tokens = 0;
  std::int64_t tokens = 0;  // generated
  // Time, tokens and their quotient belong together: a model that skips layers is faster a token and may write more of
  // them. The time is that of whole questions, prefills included. The quotients are 0 where nothing was measured.
  double tokens_per_s = 0;
  double questions_per_minute = 0;
  double seconds_per_question = 0;
  double tokens_per_question = 0;
  std::vector<StageSummary> stages;  // in the order first met
};

namespace detail {

[[nodiscard]] inline double quotient(double a, double b) {
  return b > 0 ? a / b : 0;
}

inline void add_stage(std::vector<StageSummary>& sums, const StageReport& stage) {
  std::size_t at = 0;
  while (at < sums.size() && sums[at].name != stage.name) ++at;
  if (at == sums.size()) sums.push_back({stage.name});
  StageSummary& sum = sums[at];
  ++sum.questions;
  sum.prompt_tokens += stage.prompt_tokens;
  sum.generated_tokens += stage.generated_tokens;
  sum.sublayers_skipped += stage.sublayers_skipped;
  sum.sublayers_skipped_mean += stage.sublayers_skipped_mean;
  sum.prefill_s += stage.prefill_s;
  sum.decode_s += stage.decode_s;
}

}  // namespace detail

// `clock_s`: as in RunInfo.
[[nodiscard]] inline Summary summarize(const std::vector<Answer>& answers, double clock_s) {
  Summary s;
  std::vector<int> predicted, gold;
  for (const Answer& answer : answers) {
    predicted.push_back(answer.predicted);
    gold.push_back(answer.gold);
    s.seconds += answer.seconds;
    if (answer.predicted != no_answer) ++s.answered;
    for (const StageReport& stage : answer.stages) {
      s.prompt_tokens += stage.prompt_tokens;
      s.tokens += stage.generated_tokens;
      detail::add_stage(s.stages, stage);
    }
  }
  for (StageSummary& stage : s.stages) {
    for (double StageSummary::*sum :
         {&StageSummary::prompt_tokens, &StageSummary::generated_tokens, &StageSummary::sublayers_skipped,
          &StageSummary::sublayers_skipped_mean, &StageSummary::prefill_s, &StageSummary::decode_s}) {
      stage.*sum /= static_cast<double>(stage.questions);
    }
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
