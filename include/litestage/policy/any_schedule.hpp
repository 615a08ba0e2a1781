// A type-erased stage schedule, so that the code that walks questions through stages is compiled once for all
// schedules. Copies share one schedule.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/policy/concepts.hpp"

namespace litestage {

// The largest number of branches that a stage has for the question: what the schedule's branches(question) says, and
// without this function one per option.
template <StageSchedule S>
[[nodiscard]] std::size_t branches_of(const S& schedule, const Question& question) {
  if constexpr (requires {
                  { schedule.branches(question) } -> std::convertible_to<std::size_t>;
                })
    return std::max<std::size_t>(schedule.branches(question), 1);
  else
    return std::max<std::size_t>(question.options.size(), 1);
}
// Throws Error if the schedule has check_question(question) and finds something missing, such as options.
template <StageSchedule S>
void check_question_of(const S& schedule, const Question& question) {
  if constexpr (requires { schedule.check_question(question); }) schedule.check_question(question);
}

class AnySchedule {
 public:
  // Stores a copy of the schedule. Implicit, so that a function that takes AnySchedule takes every schedule.
  template <class S>
  requires(!std::same_as<S, AnySchedule> && StageSchedule<S>) AnySchedule(S schedule)
      : calls_(std::make_shared<const CallsTo<S>>(std::move(schedule))) {}

  // The member functions of the concept StageSchedule.
  [[nodiscard]] std::size_t size() const { return calls_->size(); }
  [[nodiscard]] StageInfo stage(std::size_t i) const { return calls_->stage(i); }
  [[nodiscard]] std::vector<Prompt> prompts(std::size_t i, const Transcript& transcript) const {
    return calls_->prompts(i, transcript);
  }

  [[nodiscard]] std::size_t branches(const Question& question) const { return calls_->branches(question); }
  void check_question(const Question& question) const { calls_->check_question(question); }

  // Whether the type of the schedule satisfies StatesAnswer.
  [[nodiscard]] bool states_answer() const { return calls_->states_answer(); }
  // Throws Error unless states_answer(), or if the active schedule of a run-time choice does not state answers.
  [[nodiscard]] AnswerFormat answer_format() const { return calls_->answer_format(); }

 private:
  struct Calls {
    virtual ~Calls() = default;
    [[nodiscard]] virtual std::size_t size() const = 0;
    [[nodiscard]] virtual StageInfo stage(std::size_t i) const = 0;
    [[nodiscard]] virtual std::vector<Prompt> prompts(std::size_t i, const Transcript& transcript) const = 0;
    [[nodiscard]] virtual std::size_t branches(const Question& question) const = 0;
    virtual void check_question(const Question& question) const = 0;
    [[nodiscard]] virtual bool states_answer() const = 0;
    [[nodiscard]] virtual AnswerFormat answer_format() const = 0;
  };

  template <class S>
  struct CallsTo final : Calls {
    explicit CallsTo(S of) : schedule(std::move(of)) {}
    [[nodiscard]] std::size_t size() const override { return schedule.size(); }
    [[nodiscard]] StageInfo stage(std::size_t i) const override { return schedule.stage(i); }
    [[nodiscard]] std::vector<Prompt> prompts(std::size_t i, const Transcript& transcript) const override {
      return schedule.prompts(i, transcript);
    }
    [[nodiscard]] std::size_t branches(const Question& question) const override {
      return branches_of(schedule, question);
    }
    void check_question(const Question& question) const override { check_question_of(schedule, question); }
    [[nodiscard]] bool states_answer() const override { return StatesAnswer<S>; }
    [[nodiscard]] AnswerFormat answer_format() const override {
      if constexpr (StatesAnswer<S>)
        return schedule.answer_format();
      else
        throw Error("this schedule does not state answers, expected one with answer_format()");
    }

    S schedule;
  };

  std::shared_ptr<const Calls> calls_;
};

}  // namespace litestage
