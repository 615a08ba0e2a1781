#include <doctest/doctest.h>

#include <memory>

#include "litestage/early_exit/any.hpp"
#include "litestage/early_exit/standard.hpp"
#include "litestage/policy/check.hpp"
#include "litestage/skip/standard.hpp"
#include "litestage/stages/standard.hpp"

// Types that are not policies. tests/compile_fail.sh checks that the messages of policy/check.hpp name what is missing.

using namespace litestage;

namespace shapes {  // not unnamed, because clang would warn of functions that are never called

struct Complete {
  static constexpr Stat stats = Stat::cosine;
  struct State {};
  State begin(const RequestInfo&) const { return {}; }
  SkipDecision decide(const State&, const StepInfo&, Sublayer) const { return {}; }
  void observe(State&, const StepInfo&, Sublayer, const SublayerStats&) const {}
};
struct WithoutBegin {
  static constexpr Stat stats = Stat::none;
  struct State {};
  SkipDecision decide(const State&, const StepInfo&, Sublayer) const { return {}; }
};
struct WrongDecide : skip::Never {
  bool decide(const State&, const StepInfo&, Sublayer) const { return true; }
};
struct DecideOfOtherArguments : skip::Never {
  SkipDecision decide(const State&, Sublayer) const { return {}; }
};
struct DeclaredWithoutHook : skip::Never {
  static constexpr Stat stats = Stat::norm_ratio;
};
struct HookWithoutNeed : skip::Never {
  void observe(State&, const StepInfo&, Sublayer, const SublayerStats&) const {}
};
struct MisspeltHook : skip::Never {
  static constexpr Stat stats = Stat::cosine;
  void obsreve(State&, const StepInfo&, Sublayer, const SublayerStats&) const {}
};
struct NotCopyable : skip::Never {
  std::unique_ptr<int> settings;
};
struct StatsOfOtherType : skip::Never {
  static constexpr int stats = 0;
};

struct ExitWithoutBegin {
  static constexpr Signal signals = Signal::none;
  struct State {};
  Verdict observe(State&, const StepInfo&, const TokenStats&) const { return Verdict::go_on; }
};
struct ExitOfBool : early_exit::Never {
  bool observe(State&, const StepInfo&, const TokenStats&) const { return false; }
};
struct ExitMisspelt {
  static constexpr Signal signals = Signal::none;
  struct State {};
  State begin(const RequestInfo&) const { return {}; }
  Verdict obsreve(State&, const StepInfo&, const TokenStats&) const { return Verdict::go_on; }
};
struct ExitWithoutSignals {
  struct State {};
  State begin(const RequestInfo&) const { return {}; }
  Verdict observe(State&, const StepInfo&, const TokenStats&) const { return Verdict::go_on; }
};

struct ConfidenceOfDouble : confidence::MaxProb {
  double operator()(const TokenStats&) const { return 0; }
};
struct ConfidenceNotComparable {
  static constexpr Signal signals = Signal::none;
  float operator()(const TokenStats&) const { return 0; }
};
struct ConfidenceThatChanges {
  static constexpr Signal signals = Signal::none;
  float operator()(const TokenStats&) { return 0; }
  friend bool operator==(const ConfidenceThatChanges&, const ConfidenceThatChanges&) = default;
};

struct ScheduleOfOnePrompt : stages::Single {
  Prompt prompts(std::size_t, const Transcript&) const { return {}; }
};
struct ScheduleWithoutNames {
  std::size_t size() const { return 1; }
  std::vector<Prompt> prompts(std::size_t, const Transcript&) const { return {}; }
};

static_assert(SkipPolicy<Complete> && SkipPolicy<skip::Never> && SkipPolicy<skip::Static> &&
              SkipPolicy<skip::Standard>);
static_assert(!SkipPolicy<WithoutBegin> && !SkipPolicy<WrongDecide> && !SkipPolicy<DecideOfOtherArguments>);
static_assert(!SkipPolicy<DeclaredWithoutHook> && !SkipPolicy<HookWithoutNeed> && !SkipPolicy<MisspeltHook>);
static_assert(!SkipPolicy<NotCopyable> && !SkipPolicy<StatsOfOtherType> && !SkipPolicy<early_exit::Never>);

static_assert(ExitPolicy<early_exit::Never> && ExitPolicy<early_exit::LowConfidence<>> &&
              ExitPolicy<early_exit::Standard> && ExitPolicy<early_exit::Any<early_exit::Never, early_exit::Standard>>);
static_assert(!ExitPolicy<ExitWithoutBegin> && !ExitPolicy<ExitOfBool> && !ExitPolicy<ExitMisspelt>);
static_assert(!ExitPolicy<ExitWithoutSignals> && !ExitPolicy<skip::Never>);

static_assert(Confidence<confidence::MaxProb> && Confidence<confidence::Standard>);
static_assert(!Confidence<ConfidenceOfDouble> && !Confidence<ConfidenceNotComparable> &&
              !Confidence<ConfidenceThatChanges> && !Confidence<early_exit::Never>);

static_assert(StatesAnswer<stages::TinyThinker> && StatesAnswer<stages::Chat> && StatesAnswer<stages::Standard>);
static_assert(StageSchedule<stages::Single> && !StatesAnswer<stages::Single>);
static_assert(!StatesAnswer<stages::OneOf<stages::Single>>);
static_assert(!StageSchedule<ScheduleOfOnePrompt> && !StageSchedule<ScheduleWithoutNames>);

static_assert(CheckSkipPolicy<Complete>::passed && CheckSkipPolicy<skip::Standard>::passed);
static_assert(CheckExitPolicy<early_exit::Standard>::passed && CheckConfidence<confidence::Standard>::passed);
static_assert(CheckStageSchedule<stages::Standard>::passed);

}  // namespace shapes

TEST_CASE("what is read is a constant for one policy and follows the choice for several") {
  CHECK(stats_read(shapes::Complete{}) == Stat::cosine);
  CHECK(signals_read(early_exit::LowConfidence<>{}) == Signal::max_prob);
  const early_exit::LowConfidence<confidence::Standard> by_margin{confidence::Standard(confidence::Margin{})};
  CHECK(signals_read(by_margin) == Signal::margin);
  CHECK(signals_read(early_exit::Standard(by_margin)) == Signal::margin);
  CHECK(signals_read(early_exit::Standard{}) == Signal::none);
  CHECK(any(early_exit::Standard::signals & Signal::top_log_probs));
  CHECK(signals_read(early_exit::Any<early_exit::LowConfidence<confidence::Standard>, early_exit::LowConfidence<>>{
            by_margin, {}}) == (Signal::margin | Signal::max_prob));
}
