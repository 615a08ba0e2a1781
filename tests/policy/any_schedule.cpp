#include "litestage/policy/any_schedule.hpp"

#include <doctest/doctest.h>

#include "common/error_of.hpp"
#include "litestage/stages/direct.hpp"
#include "litestage/stages/single.hpp"
#include "litestage/stages/standard.hpp"

using namespace litestage;

TEST_CASE("any schedule: does what the schedule does, and copies share it") {
  const stages::Direct direct;
  const Question question{"q", "What melts?", {"a rock", "ice"}, {{"B"}}};
  const AnySchedule any = direct;
  const AnySchedule copy = any;
  REQUIRE(copy.size() == direct.size());
  CHECK(copy.stage(0).name == direct.stage(0).name);
  CHECK(copy.prompts(0, {question, {}}) == direct.prompts(0, {question, {}}));
  CHECK(copy.states_answer());
  CHECK(copy.answer_format().probe == direct.answer_format().probe);
}

TEST_CASE("any schedule: one that states no answers says so") {
  const AnySchedule single = stages::Single{};
  CHECK_FALSE(single.states_answer());
  CHECK(test::error_of([&] { static_cast<void>(single.answer_format()); }) ==
        "this schedule does not state answers, expected one with answer_format()");
  const AnySchedule chosen =
      stages::Standard(stages::Single{});  // the type states answers, its active schedule does not
  CHECK(test::says(test::error_of([&] { static_cast<void>(chosen.answer_format()); }), "found no answer letter"));
}
