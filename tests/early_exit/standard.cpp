#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "common/look_aheads.hpp"
#include "common/verdicts.hpp"
#include "litestage/early_exit/standard.hpp"
#include "litestage/settings/describe.hpp"
#include "litestage/settings/spec.hpp"

using namespace litestage;
using test::drop, test::go, test::keep, test::Verdicts;

namespace {

early_exit::Standard exit_policy(std::string_view spec) {
  return read_spec<early_exit::Standard>(spec, "--exit");
}

}  // namespace

TEST_CASE("any is chosen at run time like the others, each part with settings of its own") {
  const auto both =
      exit_policy("any:first=low_confidence,first.window=2,first.criterion=margin,second=cap,second.tokens=4");
  CHECK(signals_read(both) == Signal::margin);
  CHECK(read_spec<early_exit::Standard>(to_spec(both), "--exit") == both);
  CHECK(read_value<early_exit::Standard>(write_value(both, true), "--exit") == both);
  CHECK(test::verdicts(both, test::tokens(&TokenStats::margin, std::vector<float>{1, 1, 1, 1})) ==
        Verdicts{go, go, go, keep});
  CHECK(test::verdicts(both, test::tokens(&TokenStats::margin, std::vector<float>{0, 0, 1, 0})) ==
        Verdicts{go, drop, go, keep});
  CHECK(signals_read(exit_policy("any")) == Signal::none);
}

TEST_CASE("every exit policy reads back from its SPEC, and reads only its own signals") {
  const struct {
    const char* spec;
    Signal signals;
  } cases[] = {{"never", Signal::none},
               {"cap:tokens=7", Signal::none},
               {"repetition:ngram=3,repeats=2,window=30", Signal::none},
               {"confident_run:criterion=neg_entropy,threshold=-0.25,run=5", Signal::entropy},
               {"group_confidence:window=8,threshold=9.5,k=10", Signal::top_log_probs},
               {"entropy_variance:alpha=0.5,threshold=0.01,min_tokens=4", Signal::entropy},
               {"trial_answer:threshold=0.5,mean=lowest,max_tokens=3,at=line,most=4", Signal::max_prob},
               {"consistent_answer:answers=2,rule=as_released,stop=.,every=8", Signal::none},
               {"entropy_after_marker:threshold=0.5,min_looks=2,marker=\"\\n=\",at=token", Signal::entropy},
               {"cap_then_close:tokens=7,text=so,close_tokens=2", Signal::none}};
  for (const auto& c : cases) {
    const auto policy = exit_policy(c.spec);
    CHECK(to_spec(policy) == c.spec);
    CHECK(signals_read(policy) == c.signals);
  }
}

TEST_CASE("what the parts of any accept is said where they are wrong") {
  CHECK(test::error_of([] { exit_policy("any:first=any"); }) ==
        "--exit any, first: found \"any\", expected one of never, low_confidence, cap, repetition, confident_run, "
        "group_confidence, entropy_variance, trial_answer, consistent_answer, entropy_after_marker, cap_then_close");
  CHECK(test::error_of([] {
          exit_policy("any:second=cap,second.tokens=0");
        }).find("second.tokens: found 0, expected an integer from 1") != std::string::npos);
}

TEST_CASE("the help describes the parts of any once, and any on its own in full") {
  const std::string all = describe<early_exit::Standard>();
  CHECK(all.find("    second.KEY=...: the settings of the chosen policy, as above\n") != std::string::npos);
  CHECK(all.find("second.tokens") == std::string::npos);
  CHECK(all.find("    criterion.k=20 (of top_log_probs)") != std::string::npos);
  CHECK(describe<early_exit::Any<early_exit::Single, early_exit::Single>>().find("second.tokens=32 (of cap)") !=
        std::string::npos);
}

TEST_CASE("any: each part looks ahead and injects, the first part first") {
  const auto both = exit_policy(
      "any:first=trial_answer,first.threshold=0.5,first.min_tokens=1,second=consistent_answer,second.answers=1,"
      "second.every=2,second.min_tokens=1,second.text=\" so\"");
  auto state = both.begin({});
  CHECK_FALSE(both.look_ahead(state, {}, "It"));
  const auto asked = both.look_ahead(state, {}, " is");  // two tokens, but no end of a sentence
  REQUIRE(asked);
  CHECK(asked->text == " so");
  CHECK(both.judge_ahead(state, test::trial(" 18", {0.1f})) == Verdict::inject);
  CHECK(both.injection(state).text == " so 18");
  CHECK_FALSE(both.look_ahead(state, {}, " hot"));
  CHECK(both.look_ahead(state, {}, ".").value().text == "\nThe answer is");  // both are at a point
  CHECK(both.judge_ahead(state, test::trial(" 18", {0.9f})) == keep);

  const auto capped = exit_policy("any:first=cap,first.tokens=2,second=cap_then_close,second.tokens=1,second.text=x");
  auto own = capped.begin({});
  CHECK(capped.observe(own, {}, {}) == Verdict::inject);
  CHECK(capped.injection(own).text == "x");
  CHECK(capped.observe(own, {}, {}) == keep);
  CHECK_FALSE(capped.look_ahead(own, {}, "."));
}
