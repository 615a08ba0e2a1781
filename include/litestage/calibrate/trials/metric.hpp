// What a search judges: whether an answer is correct, or how likely the right answer is.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "litestage/calibrate/trials/stage_memo.hpp"
#include "litestage/core/enum_names.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/engine/stage_request.hpp"
#include "litestage/prompt/answer_format.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/tasks/read_answer.hpp"

namespace litestage::calibrate {

enum class Metric : std::uint8_t {
  letter,     // the most probable option letter is the right one; only for multiple-choice questions
  extracted,  // the answer that the last stage's text gives is right
  // The answer is that of full depth: the most probable option letter of multiple-choice questions, or, for other
  // questions and where the branches of the last stage vote, the answer that its texts give. It needs no gold answers.
  agreement,
  // The mean log-probability of the right answer's tokens after the last stage's prompt, the largest over several right
  // answers. It tells candidates apart on few questions, where right and wrong hide small differences.
  gold_log_prob
};

// The smallest score by gold_log_prob (nats), which a question gets that was not answered because its prompts outgrew
// the context: less than a guess among all tokens of any vocabulary. Without it one question could decide a mean. The
// value is our own.
inline constexpr double least_gold_score = -20;

}  // namespace litestage::calibrate

template <>
struct litestage::EnumNames<litestage::calibrate::Metric> {
  static constexpr std::array<std::string_view, 4> names = {"letter", "extracted", "agreement", "gold_log_prob"};
};

namespace litestage::calibrate {

class Judge {
 public:
  // `questions` outlive this object. Throws an Error if the metric needs gold answers and one is missing, or if it
  // needs option letters and a question has none. For the metric `agreement` no answer is correct; agreeing_with()
  // makes the judge that knows the answers of full depth.
  Judge(Metric metric, const AnswerFormat& format, std::span<const Question> questions)
      : metric_(metric), format_(format), questions_(questions), right_(questions.size()) {
    for (const Question& q : questions) {
      letters_ = letters_ && q.kind == AnswerKind::letter;
      if (letters_ || metric != Metric::letter) continue;
      throw Error(concat("question ", shown(q.id), " has an answer of the kind ", name(q.kind),
                         ", expected the letter of an option (the metric letter needs one; extracted does not)"));
    }
    if (metric == Metric::agreement) return;
    for (std::size_t q = 0; q < questions.size(); ++q) {
      right_[q] = questions[q].gold;
      if (!right_[q].empty()) continue;
      throw Error(concat("question ", shown(questions[q].id),
                         " has no gold answer, expected one (only the metric agreement needs none)"));
    }
  }
  // The judge of the same metric for which, if it is `agreement`, these answers are the right ones.
  [[nodiscard]] Judge agreeing_with(const std::vector<Answer>& full_depth) const {  // [questions] predicted
    Judge judge = *this;
    if (metric_ != Metric::agreement) return judge;
    for (std::size_t q = 0; q < full_depth.size(); ++q) judge.right_.at(q) = {full_depth[q]};
    return judge;
  }

  [[nodiscard]] Metric metric() const { return metric_; }
  // What the path of a question has to hold after its stages.
  [[nodiscard]] Scored scored() const {
    if (metric_ == Metric::gold_log_prob) return Scored::golds;
    return letters_ && metric_ != Metric::extracted ? Scored::letters : Scored::nothing;
  }
  [[nodiscard]] bool needs_letters() const { return scored() == Scored::letters; }
  // Whether score() judges, and not correct().
  [[nodiscard]] bool by_score() const { return metric_ == Metric::gold_log_prob; }

  // The answer in which this path ended. The path's last step holds what scored() says.
  [[nodiscard]] Answer predicted(std::size_t question, std::span<const PathStep> path) const {
    std::vector<const StageReport*> stages;
    for (const PathStep& step : path) stages.push_back(&step.result->report);
    if (scored() != Scored::nothing) stages.pop_back();
    const bool votes = metric_ == Metric::agreement && stages.back()->branches.size() > 1;
    if (needs_letters() && !votes) return letter_answer(tasks::best_letter(path.back().result->letter_logits));
    return tasks::extracted_answer(format_, stages, questions_[question]);
  }
  [[nodiscard]] bool correct(std::size_t question, const Answer& predicted) const {
    return is_right(predicted, right_[question]);
  }
  // The path's score by gold_log_prob; 0 for other metrics.
  [[nodiscard]] double score(std::span<const PathStep> path) const {
    if (!by_score()) return 0;
    double best = least_gold_score;
    for (const float score : path.back().result->gold_scores) best = std::max<double>(best, score);
    return best;
  }

 private:
  Metric metric_;
  AnswerFormat format_;
  std::span<const Question> questions_;
  std::vector<Gold> right_;  // [questions]
  bool letters_ = true;      // whether every question is multiple-choice
};

}  // namespace litestage::calibrate
