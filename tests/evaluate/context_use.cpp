// Records of finished work are used under every context under which the same would be generated, and under no other.
#include "litestage/evaluate/context_use.hpp"

#include <doctest/doctest.h>

#include "common/error_of.hpp"

using namespace litestage;
using evaluate::ContextUse;
using evaluate::holds;

namespace {

Form record(const ContextUse& use) {
  Form f = Form().add("question", "q");
  evaluate::add_context_use(f, use);
  return f;
}

}  // namespace

TEST_CASE("what did not fill its context holds where it fits, what filled it holds there only") {
  for (const std::size_t context : {1, 9, 10, 11, 1000}) {
    CAPTURE(context);
    CHECK(holds(record({10, false}), "j:2", false, {context, 0}) == (context >= 10));
    CHECK(holds(record({10, true}), "j:2", true, {context, 0}) == (context == 10));
    CHECK(holds(record({10, true}), "j:2", false, {context, 7}) == (context == 10));  // the record itself says it
  }
  CHECK(holds(record({10, true}), "j:2", true, {}));
}

TEST_CASE("records of earlier versions hold for the context of their journal, and for more where it was not filled") {
  const Form old = Form().add("question", "q");
  for (const std::size_t context : {9, 10, 11}) {
    CAPTURE(context);
    CHECK(holds(old, "j:2", false, {context, 10}) == (context >= 10));
    CHECK(holds(old, "j:2", true, {context, 10}) == (context == 10));
    CHECK(holds(old, "j:2", true, {context, 0}));
  }
}

TEST_CASE("a record that is damaged there is one sentence") {
  const auto error = [](const Form& f) {
    return test::error_of([&] { static_cast<void>(holds(f, "j:2", false, {8, 0})); });
  };
  CHECK(error(Form().add("positions", -1)) == "j:2, positions: found -1, expected an integer from 0 to 2147483647");
  CHECK(error(Form().add("positions", 1).add("filled", 1)).find("j:2, filled: found 1, expected true or false") == 0);
}

TEST_CASE("a question's use is that of its longest branch, filled if any branch was cut off") {
  QuestionReport report;
  report.positions = 33;
  report.stages.resize(2);
  report.stages[0].branches.push_back({"", {}, StopReason::cap, 1, {}});
  report.stages[1].branches.push_back({"", {}, StopReason::eos, 1, {}});
  CHECK(evaluate::context_use(report).positions == 33);
  CHECK(!evaluate::context_use(report).filled);
  report.stages[0].branches.push_back({"", {}, StopReason::context, 1, {}});
  CHECK(evaluate::context_use(report).filled);
}
