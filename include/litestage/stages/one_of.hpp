// A stage schedule chosen at run time, read from --stages SPEC.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/policy/any_schedule.hpp"
#include "litestage/policy/concepts.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/settings/choice.hpp"

namespace litestage::stages {

template <StageSchedule... Ss>
struct OneOf : Choice<Ss...> {
  using Choice<Ss...>::Choice;
  OneOf(Choice<Ss...> choice) : Choice<Ss...>(std::move(choice)) {}

  [[nodiscard]] std::size_t size() const {
    return this->visit([](const auto& s) -> std::size_t { return s.size(); });
  }
  [[nodiscard]] StageInfo stage(std::size_t i) const {
    return this->visit([&](const auto& s) { return s.stage(i); });
  }
  [[nodiscard]] std::vector<Prompt> prompts(std::size_t i, const Transcript& transcript) const {
    return this->visit([&](const auto& s) { return s.prompts(i, transcript); });
  }

  [[nodiscard]] std::size_t branches(const Question& question) const {
    return this->visit([&](const auto& s) { return branches_of(s, question); });
  }
  void check_question(const Question& question) const {
    this->visit([&](const auto& s) { check_question_of(s, question); });
  }

  // Throws Error if the active schedule does not end in an option letter.
  [[nodiscard]] AnswerFormat answer_format() const requires(StatesAnswer<Ss> || ...) {
    return this->visit([]<class S>(const S& s) -> AnswerFormat {
      if constexpr (StatesAnswer<S>) {
        return s.answer_format();
      } else {
        std::vector<std::string_view> stating;
        ((StatesAnswer<Ss> ? stating.push_back(Ss::name) : void()), ...);
        throw Error(concat("stages ", S::name, ": found no answer letter, expected ", joined(stating)));
      }
    });
  }
};

}  // namespace litestage::stages
