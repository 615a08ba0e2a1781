#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "calibrate/search/made_up_world.hpp"
#include "litestage/calibrate/search/strategy.hpp"
#include "litestage/settings/describe.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/spec.hpp"

using namespace litestage;
using namespace litestage::calibrate;

namespace {

// A user-defined strategy: always full depth.
struct GiveUp {
  static constexpr std::string_view name = "give_up";
  int unused = 0;
  SearchResult search(const SearchSpace& space, const Evaluator&) const {
    SearchResult result;
    result.best.candidate.assign(space.axes.size(), 0);
    return result;
  }
  static constexpr auto fields() { return Fields(Field("unused", &GiveUp::unused, "nothing")); }
  friend bool operator==(const GiveUp&, const GiveUp&) = default;
};

struct ReturnsBudgets {
  Candidate search(const SearchSpace& space, const Evaluator&) const { return Candidate(space.axes.size(), 0); }
};
struct ChangesItself {
  SearchResult search(const SearchSpace&, const Evaluator&) { return {}; }
};
struct NotCopyable : GiveUp {
  NotCopyable(const NotCopyable&) = delete;
};

static_assert(CheckSearchStrategy<ExhaustiveSweep>::passed && CheckSearchStrategy<Racing>::passed);
static_assert(CheckSearchStrategy<Standard>::passed && CheckSearchStrategy<OneOf<GiveUp, Racing>>::passed);
static_assert(!SearchStrategy<ReturnsBudgets> && !SearchStrategy<ChangesItself> && !SearchStrategy<NotCopyable>);

}  // namespace

TEST_CASE("a SPEC chooses the strategy and its settings, and is written back") {
  const Standard chosen = read_spec<Standard>("racing:first=8,rounds=2", Where("--strategy"));
  Racing racing;
  racing.first = 8;
  racing.rounds = 2;
  CHECK(chosen == Standard(racing));
  CHECK(to_spec(chosen) == "racing:first=8,rounds=2");
  CHECK(read_spec<Standard>("exhaustive_sweep", Where("--strategy")) == Standard(ExhaustiveSweep{}));
  CHECK(Standard().active_name() == "racing");
  for (const char* wrong : {"racing:first=0", "racing:risk=2", "racing:seed=-1", "exhaustive_sweep:first=8", "anneal",
                            "exhaustive_sweep:per_call=0", "racing:rounds=0"}) {
    CHECK_THROWS_AS(static_cast<void>(read_spec<Standard>(wrong, Where("--strategy"))), Error);
  }
}

TEST_CASE("help names every strategy and setting") {
  const std::string help = describe<Standard>();
  for (const char* word : {"exhaustive_sweep", "racing", "per_call", "first", "give_up", "slack", "seed"}) {
    CHECK(help.find(word) != std::string::npos);
  }
}

TEST_CASE("the chosen strategy searches as it does alone") {
  SearchSpace space;
  space.axes = {"first", "second"};
  space.order = {1, 0};
  space.values = {0, 1, 2, 5, 9};
  space.questions = 11;
  space.max_loss = 0.2;
  const Evaluator evaluate = [](std::span<const Trial> trials) {
    std::vector<Outcome> outcomes;
    for (const Trial& trial : trials) outcomes.push_back(drawn_outcome(4, trial));
    return outcomes;
  };
  const SearchResult swept = ExhaustiveSweep{}.search(space, evaluate);
  const SearchResult raced = Racing{}.search(space, evaluate);
  CHECK(Standard(ExhaustiveSweep{}).search(space, evaluate) == swept);
  CHECK(Standard(Racing{}).search(space, evaluate) == raced);
  CHECK(swept != raced);  // not all plans on all questions
  CHECK(OneOf<GiveUp, Racing>().search(space, evaluate).best.candidate == Candidate{0, 0});
  CHECK(OneOf<GiveUp, Racing>() == OneOf<GiveUp, Racing>(GiveUp{}));
}
