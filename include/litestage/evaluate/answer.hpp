// One question of a run with its answer, as stored in results files.
#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/evaluate/option_letter_form.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/settings/field.hpp"

namespace litestage::evaluate {

struct Answer {
  static constexpr bool complete = true;
  std::string id;
  int gold = no_answer;
  int predicted = no_answer;
  double seconds = 0;  // QuestionReport::seconds
  std::vector<StageReport> stages;
  std::optional<NoRoom> no_room = std::nullopt;  // QuestionReport::no_room

  static constexpr auto fields() {
    using A = Answer;
    return std::tuple(
        Field("id", &A::id, "id of the question"), coded_field<OptionLetterForm>("gold", &A::gold, "the right option"),
        coded_field<OptionLetterForm>("predicted", &A::predicted, "the predicted option"),
        Field("seconds", &A::seconds, "seconds of all stages", 0), Field("stages", &A::stages, "report of each stage"),
        Field("no_room", &A::no_room, "why there is no answer").with(Presence::unless_default));
  }
  friend bool operator==(const Answer&, const Answer&) = default;
};

[[nodiscard]] inline Answer make_answer(const Question& question, int predicted, QuestionReport report) {
  LITESTAGE_ASSERT(question.id == report.id, question.id, " against ", report.id);
  return {question.id, question.gold, predicted, report.seconds, std::move(report.stages), std::move(report.no_room)};
}

}  // namespace litestage::evaluate
