// The answer to one question of a run, with all that a results file records of it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/evaluate/answer_form.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/settings/field.hpp"

namespace litestage::evaluate {

struct RecordedAnswer {
  static constexpr bool complete = true;
  std::string id;
  Gold gold = {};
  Answer predicted = {};
  double seconds = 0;  // QuestionReport::seconds
  std::vector<StageReport> stages;
  std::optional<NoRoom> no_room = std::nullopt;  // QuestionReport::no_room
  AnswerKind kind = AnswerKind::letter;

  static constexpr auto fields() {
    using A = RecordedAnswer;
    return Fields(Field("id", &A::id, "id of the question"),
                  coded_field<GoldForm>("gold", &A::gold, "the right answer, or several"),
                  coded_field<AnswerForm>("predicted", &A::predicted, "the predicted answer"),
                  Field("seconds", &A::seconds, "seconds of all stages", 0),
                  Field("stages", &A::stages, "report of each stage"),
                  Field("no_room", &A::no_room, "why there is no answer").with(Presence::unless_default),
                  Field("kind", &A::kind, "the kind of the answer").with(Presence::unless_default));
  }
  void check(const Where& where) const {
    if (kind != AnswerKind::letter) return;
    for (const Answer& right : gold) check_letter(right, where.at("gold"));
    check_letter(predicted, where.at("predicted"));
  }
  friend bool operator==(const RecordedAnswer&, const RecordedAnswer&) = default;
};

[[nodiscard]] inline RecordedAnswer recorded_answer(const Question& question, Answer predicted, QuestionReport report) {
  LITESTAGE_ASSERT(question.id == report.id, question.id, " against ", report.id);
  return {.id = question.id,
          .gold = question.gold,
          .predicted = std::move(predicted),
          .seconds = report.seconds,
          .stages = std::move(report.stages),
          .no_room = std::move(report.no_room),
          .kind = question.kind};
}

}  // namespace litestage::evaluate
