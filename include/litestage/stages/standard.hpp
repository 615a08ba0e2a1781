// Every stage schedule of the library, chosen at run time.
#pragma once

#include <concepts>
#include <string>

#include "litestage/stages/chat.hpp"
#include "litestage/stages/cot.hpp"
#include "litestage/stages/custom.hpp"
#include "litestage/stages/direct.hpp"
#include "litestage/stages/one_of.hpp"
#include "litestage/stages/plan_solve.hpp"
#include "litestage/stages/single.hpp"
#include "litestage/stages/tiny_thinker.hpp"

namespace litestage::stages {

using Standard = OneOf<TinyThinker, Chat, PlanSolve, Cot, Direct, Single, Custom>;

// The direct answer that is the control of a schedule: with its chat markup, its system message and the words that it
// puts into the model's mouth for the statement.
[[nodiscard]] inline Direct direct_answer_of(const Standard& schedule) {
  return schedule.visit([]<class S>(const S& s) {
    Direct direct;
    const auto follow = [&](const Custom& custom) {
      const CustomStage &first = custom.stages.at(0), &last = custom.stages.back();
      direct.chat = first.is_conversation();
      if (!direct.chat) return;
      const CustomMessage& opening = first.messages[0];
      direct.system = opening.role == Speaker::system ? opening.content : "";
      if (last.continuation.find('{') == std::string::npos) direct.continuation = last.continuation;
    };
    if constexpr (std::same_as<S, Custom>)
      follow(s);
    else if constexpr (requires { s.schedule(); })
      follow(s.schedule());
    return direct;
  });
}

}  // namespace litestage::stages
