#include <doctest/doctest.h>

#include <random>
#include <variant>
#include <vector>

#include "litestage/early_exit/standard.hpp"
#include "litestage/settings/choice.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/skip/standard.hpp"
#include "litestage/stages/standard.hpp"

using namespace litestage;

namespace {

// Reads statistics and decides by them, so that a lost or doubled call shows.
struct Greedy {
  static constexpr std::string_view name = "greedy";
  static constexpr Stat stats = Stat::cosine;
  float bar = 0.5f;
  struct State {
    float last = 0;
    int observed = 0;
  };
  State begin(const RequestInfo& r) const { return {0, r.stage}; }
  SkipDecision decide(const State& s, const StepInfo&, Sublayer u) const {
    return {s.last > bar, static_cast<float>(s.observed + u.layer), KvOnSkip::none};
  }
  void observe(State& s, const StepInfo&, Sublayer, const SublayerStats& m) const {
    s.last = m.cosine;
    ++s.observed;
  }
  static constexpr auto fields() { return Fields(Field("bar", &Greedy::bar, "cosine above which it skips", 0, 1)); }
  friend bool operator==(const Greedy&, const Greedy&) = default;
};

static_assert(SkipPolicy<Greedy> && SkipPolicy<skip::OneOf<skip::Never, Greedy>>);
static_assert(skip::OneOf<skip::Never, Greedy>::stats == Stat::cosine);
static_assert(SkipPolicy<skip::OneOf<skip::Never>> && skip::OneOf<skip::Never>::stats == Stat::none);

// The same random calls to both; every answer must agree.
template <class P, class Q>
void check_same_skips(const P& plain, const Q& chosen, unsigned seed) {
  std::mt19937 random(seed);
  const RequestInfo request{5, static_cast<int>(random() % 3), "recall", 64};
  auto a = plain.begin(request);
  auto b = chosen.begin(request);
  for (int call = 0; call < 200; ++call) {
    const StepInfo step{random() % 2 == 0 ? Phase::prefill : Phase::decode, static_cast<int>(random() % 9)};
    const Sublayer u = Sublayer::at(static_cast<int>(random() % 10));
    if constexpr (any(P::stats)) {
      SublayerStats m;
      m.cosine = static_cast<float>(random() % 1000) / 1000.0f;
      plain.observe(a, step, u, m);
      chosen.observe(b, step, u, m);
    }
    CHECK(plain.decide(a, step, u) == chosen.decide(b, step, u));
    if (random() % 50 == 0) {  // a fork
      const auto a_copy = a;
      const auto b_copy = b;
      a = a_copy;
      b = b_copy;
    }
  }
}

template <class P, class Q>
void check_same_exits(const P& plain, const Q& chosen, unsigned seed) {
  std::mt19937 random(seed);
  auto a = plain.begin(RequestInfo{});
  auto b = chosen.begin(RequestInfo{});
  int stops = 0;
  for (int call = 0; call < 200; ++call) {
    TokenStats t;
    t.max_prob = static_cast<float>(random() % 1000) / 1000.0f;
    t.max_logit = static_cast<float>(random() % 1000) / 10.0f;
    t.top_log_probs.fill(-t.max_logit);
    const Verdict verdict = plain.observe(a, StepInfo{Phase::decode, call}, t);
    CHECK(verdict == chosen.observe(b, StepInfo{Phase::decode, call}, t));
    stops += verdict != Verdict::go_on;
  }
  CHECK(stops > 0);
}

skip::Static some_static() {
  skip::Static policy;
  policy.stages["recall"] = {{Unit::attention, 1}, {Unit::mlp, 4}};
  policy.phase = Phases::decode;
  return policy;
}

}  // namespace

TEST_CASE("one of P, and one of several with P active, do what P does") {
  using Three = skip::OneOf<skip::Never, skip::Static, Greedy>;
  for (unsigned seed = 0; seed < 20; ++seed) {
    check_same_skips(skip::Never{}, skip::OneOf<skip::Never>{}, seed);
    check_same_skips(some_static(), skip::OneOf<skip::Static>{some_static()}, seed);
    check_same_skips(Greedy{0.3f}, skip::OneOf<Greedy>{Greedy{0.3f}}, seed);
    check_same_skips(skip::Never{}, Three{skip::Never{}}, seed);
    check_same_skips(some_static(), Three{some_static()}, seed);
    check_same_skips(Greedy{0.3f}, Three{Greedy{0.3f}}, seed);

    const early_exit::LowConfidence<> low{{}, 4, 0.5f};
    check_same_exits(low, early_exit::OneOf<early_exit::LowConfidence<>>{low}, seed);
    check_same_exits(low, early_exit::OneOf<early_exit::Never, early_exit::LowConfidence<>>{low}, seed);
    check_same_exits(low, early_exit::LowConfidence<confidence::Standard>{confidence::MaxProb{}, 4, 0.5f}, seed);
    check_same_exits(early_exit::LowConfidence<confidence::MeanLogProbTopK>{{3}, 4, 50},
                     early_exit::LowConfidence<confidence::Standard>{confidence::MeanLogProbTopK{3}, 4, 50}, seed);
  }
}

TEST_CASE("one that reads nothing is left alone where the union reads something") {
  const skip::OneOf<skip::Never, Greedy> policy;  // Never
  CHECK(stats_read(policy) == Stat::none);
  CHECK(policy == skip::OneOf<skip::Never, Greedy>{});
  CHECK(!(skip::OneOf<skip::Never, Greedy>{Greedy{0.1f}} == skip::OneOf<skip::Never, Greedy>{Greedy{0.2f}}));
  auto state = policy.begin(RequestInfo{});
  policy.observe(state, StepInfo{}, Sublayer{}, SublayerStats{});
  CHECK(policy.decide(state, StepInfo{}, Sublayer{}) == SkipDecision{});
  CHECK(stats_read(skip::OneOf<skip::Never, Greedy>{Greedy{}}) == Stat::cosine);
}

TEST_CASE("the state of another alternative is refused rather than misread") {
  using Two = skip::OneOf<skip::Never, skip::Static>;
  const auto state = Two{skip::Never{}}.begin(RequestInfo{4, 0, "recall", 64});
  CHECK_THROWS_AS(static_cast<void>(Two{some_static()}.decide(state, StepInfo{}, Sublayer{})), std::bad_variant_access);
}

TEST_CASE("a choice is a regular value that knows the names it may have") {
  static_assert(std::regular<skip::Standard> && std::regular<stages::Standard>);
  CHECK(skip::Standard{}.active_name() == "never");
  CHECK(skip::Standard{} == skip::Standard(skip::Never{}));
  CHECK(!(skip::Standard{} == skip::Standard(skip::Static{})));
  CHECK(!(skip::Standard(some_static()) == skip::Standard(skip::Static{})));
  CHECK(skip::Standard::names.size() == 8);
  CHECK(std::holds_alternative<skip::Static>(skip::Standard(some_static()).active()));
}

TEST_CASE("stages: one of several is the active schedule") {
  Transcript t;
  t.question = {"q", "Why?", {"x", "y"}};
  const stages::Standard chosen(stages::TinyThinker{});
  CHECK(chosen.size() == 3);
  CHECK(chosen.stage(2).name == "summarize");
  CHECK(chosen.prompts(0, t) == stages::TinyThinker{}.prompts(0, t));
  CHECK(chosen.answer_format().letter_prefix == " ");
  CHECK_THROWS_WITH_AS(
      static_cast<void>(stages::Standard(stages::Single{}).answer_format()),
      "stages single: found no answer letter, expected tinythinker, chat, plan_solve, cot, direct, custom", Error);
}
