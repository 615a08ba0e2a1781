// When an answer counts as correct in a search.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/calibrate/trials/stage_memo.hpp"
#include "litestage/core/enum_names.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/prompt/answer_format.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/tasks/read_answer.hpp"

namespace litestage::calibrate {

enum class Metric : std::uint8_t {
  letter,     // the most probable option letter is the right one
  extracted,  // the option that the last stage's text gives as its answer is the right one
  agreement   // the most probable option letter is that of full depth; needs no gold labels
};

}  // namespace litestage::calibrate

template <>
struct litestage::EnumNames<litestage::calibrate::Metric> {
  static constexpr std::array<std::string_view, 3> names = {"letter", "extracted", "agreement"};
};

namespace litestage::calibrate {

class Judge {
 public:
  // `questions` outlive this object. Throws an Error if the metric needs gold labels and one is missing. For the metric
  // `agreement` no answer is correct; agreeing_with() makes the judge that knows the answers of full depth.
  Judge(Metric metric, const AnswerFormat& format, std::span<const Question> questions)
      : metric_(metric), format_(format), questions_(questions), right_(questions.size(), no_answer) {
    if (metric == Metric::agreement) return;
    for (std::size_t q = 0; q < questions.size(); ++q) {
      right_[q] = questions[q].gold;
      if (right_[q] != no_answer) continue;
      throw Error(concat("question ", shown(questions[q].id),
                         " has no gold answer, expected one (only the metric agreement needs none)"));
    }
  }
  // The judge of the same metric for which, if it is `agreement`, these answers are the right ones.
  [[nodiscard]] Judge agreeing_with(std::vector<int> full_depth) const {  // [questions] predicted
    Judge judge = *this;
    if (metric_ == Metric::agreement) judge.right_ = std::move(full_depth);
    return judge;
  }

  [[nodiscard]] Metric metric() const { return metric_; }
  [[nodiscard]] bool needs_letters() const { return metric_ != Metric::extracted; }

  // The option in which this path ended. The path's last step holds the option letters if the metric needs them.
  [[nodiscard]] int predicted(std::size_t question, std::span<const PathStep> path) const {
    if (needs_letters()) return tasks::best_letter(path.back().result->letter_logits);
    return tasks::extracted_answer(format_, path.back().result->report, questions_[question]);
  }
  [[nodiscard]] bool correct(std::size_t question, int predicted) const {
    return predicted != no_answer && predicted == right_[question];
  }

 private:
  Metric metric_;
  AnswerFormat format_;
  std::span<const Question> questions_;
  std::vector<int> right_;  // [questions]
};

}  // namespace litestage::calibrate
