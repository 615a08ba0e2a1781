// Numbers that are not finite end a run with an Error; the largest finite numbers do not.
#include "litestage/engine/not_finite.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "common/broken_model.hpp"
#include "common/error_of.hpp"
#include "common/pipeline_setting.hpp"
#include "litestage/pipeline/score_text.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

const std::string too_large =
    " is too large for a K/V cache of F16, expected at most 65504 in magnitude; one of F32 holds it (--kv f32, "
    "KvType::f32)";
const std::string overflow =
    " that are NaN or infinite, expected finite numbers; the model's weights may be damaged, or too large to compute "
    "with in float";

// Calls f(run) for every backend; run(source, options, stages, skip) returns the message of a question's Error.
template <class F>
void with_runs(const F& f) {
  with_backends([&](const auto& make, const std::string& name) {
    CAPTURE(name);
    auto backend = make(1, true);
    using B = decltype(backend);
    f([&]<class Stages = OneStage, class Skip = skip::Never>(const ModelSource& source, PipelineOptions options = {},
                                                             Stages stages = {}, Skip skip = {}) {
      const Model<B> model = load(backend, source);
      const EndingTokenizer tokenizer;
      Pipeline<B, Skip, early_exit::Never, Stages> pipeline({backend, model, tokenizer}, skip, {}, stages, options);
      return error_of([&] { static_cast<void>(pipeline.run(Question{"q7", "", {}})); });
    });
  });
}

[[nodiscard]] PipelineOptions with_kv(KvType kv) {
  PipelineOptions options;
  options.kv = kv;
  return options;
}

// Skips the attentions of `layers` in the prefill and, if `everything`, all other sub-layers as well.
struct SkipInPrefill {
  static constexpr Stat stats = Stat::none;
  std::vector<int> layers = {};
  KvOnSkip kv = KvOnSkip::none, kv_above = KvOnSkip::none;  // of the first layer, of the others
  bool everything = false;
  struct State {};
  [[nodiscard]] State begin(const RequestInfo&) const { return {}; }
  [[nodiscard]] SkipDecision decide(const State&, const StepInfo& step, Sublayer u) const {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      if (u == Sublayer{Unit::attention, layers[i]} && (everything || step.phase == Phase::prefill)) {
        return {true, 1, i == 0 ? kv : kv_above};
      }
    }
    return {everything, 1, KvOnSkip::none};
  }
};

// Reads statistics, and skips all attentions after the first observation, that is, after the shared prefix.
struct WatchingSkip {
  static constexpr Stat stats = Stat::cosine;
  struct State {
    bool told = false;
  };
  [[nodiscard]] State begin(const RequestInfo&) const { return {}; }
  [[nodiscard]] SkipDecision decide(const State& s, const StepInfo&, Sublayer u) const {
    return {s.told && u.unit == Unit::attention, 1, KvOnSkip::none};
  }
  void observe(State& s, const StepInfo&, Sublayer, const SublayerStats&) const { s.told = true; }
};

constexpr int bar = '|' - ' ';  // the id of this character in the toy tokenizer

}  // namespace

TEST_CASE("not finite: keys and values beyond F16 are an Error with its remedy, which works") {
  with_runs([&](const auto& run) {
    for (const Stored what : {Stored::key, Stored::value}) {
      for (const DType dtype : {DType::f32, DType::q8_0}) {
        for (const float number : {9e4f, -9e4f}) {
          CAPTURE(number);
          const ModelSource source = storing(number, what, 1, dtype);
          CHECK(run(source) == "question q7, stage only: a key or value of layer 1" + too_large);
          CHECK(run(source, with_kv(KvType::f32)) == "no error");
          CHECK(run(source, with_kv(KvType::q8_0)) == "no error");
        }
        const ModelSource source = storing(9e7f, what, 1, dtype);
        CHECK(run(source, with_kv(KvType::q8_0)) ==
              "question q7, stage only: a key or value of layer 1 is too large for "
              "a K/V cache of Q8_0, expected at most 8319008 in magnitude; one of "
              "F32 holds it (--kv f32, KvType::f32)");
      }
    }
  });
}

TEST_CASE("not finite: what rounds to 65504 fits, and what rounds beyond does not") {
  with_runs([&](const auto& run) {
    for (const float number : {65504.0f, 65519.99f, -65504.0f, -65519.99f}) {
      CAPTURE(number);
      CHECK(run(storing(number, Stored::value)) == "no error");
      CHECK(run(storing(number, Stored::key)) == "no error");
    }
    for (const float number : {65520.0f, -65520.0f, 3e38f}) {
      CAPTURE(number);
      CHECK(run(storing(number, Stored::value)) == "question q7, stage only: a key or value of layer 1" + too_large);
      CHECK(run(storing(number, Stored::key)) == "question q7, stage only: a key or value of layer 1" + too_large);
    }
  });
}

TEST_CASE("not finite: one key too large among others is found, whichever way queries look") {
  with_runs([&](const auto& run) {
    for (const float number : {1e5f, -1e5f}) {
      for (const Stored what : {Stored::key, Stored::value}) {
        const ModelSource source = storing_of(bar, number, what);
        for (const std::size_t step_rows : {1u, 3u, 512u}) {
          PipelineOptions options;
          options.step_rows = step_rows;
          CHECK(run(source, options, OneStage{{"only", 2, {}}, {"Say | it: "}}) ==
                "question q7, stage only: a key or value of layer 0" + too_large);
          CHECK(run(source, options, OneStage{{"only", 2, {}}, {"Say it: "}}) == "no error");
        }
        CHECK(run(source, with_kv(KvType::f32), OneStage{{"only", 2, {}}, {"Say | it: "}}) == "no error");
      }
    }
  });
}

TEST_CASE("not finite: entries of branches, of skipped attentions and their copies are found where they are read") {
  with_runs([&](const auto& run) {
    const ModelSource source = storing_of(bar, 1e5f, Stored::value);
    const std::string found = ": a key or value of layer 0" + too_large;
    CHECK(run(source, {.branches = 2}, OneStage{{"only", 2, {}}, {"Say | one", "Say | two"}}) ==
          "question q7, stage only, branch 0" + found);
    CHECK(run(source, {.branches = 2}, OneStage{{"only", 2, {}}, {"Say one", "Say | two"}}) ==
          "question q7, stage only, branch 1" + found);
    // The entry is stored in the prefill and read by the first decoded token; or copied to the layer above and read
    // there.
    const OneStage stages{{"only", 3, {}}, {"Say | it: "}};
    CHECK(run(source, {}, stages, SkipInPrefill{{0}, KvOnSkip::project}) == "question q7, stage only" + found);
    CHECK(run(source, {}, stages, SkipInPrefill{{0, 1}, KvOnSkip::project, KvOnSkip::copy_below}) ==
          "question q7, stage only" + found);
    // The entries are never read.
    CHECK(run(source, {}, stages, SkipInPrefill{{0}, KvOnSkip::none}) == "no error");
    CHECK(run(source, {}, stages, SkipInPrefill{{0, 1, 2}, KvOnSkip::project, KvOnSkip::copy_below, true}) ==
          "no error");
    CHECK(run(overflowing(), {}, stages, SkipInPrefill{{}, KvOnSkip::none, KvOnSkip::none, true}) == "no error");
  });
}

TEST_CASE("not finite: statistics that a policy would be told are checked where no logits are") {
  with_runs([&](const auto& run) {
    const OneStage stages{{"only", 2, {}}, {"Say | one", "Say | two"}};
    CHECK(run(storing_of(bar, 1e5f, Stored::value), {.branches = 2}, stages, WatchingSkip{}) ==
          "question q7, stage only, branch 0: a key or value of layer 0" + too_large);
    CHECK(run(three_layers(), {.branches = 2}, stages, WatchingSkip{}) == "no error");
    CHECK(run(overflowing(), {.branches = 2}, stages, WatchingSkip{}) ==
          "question q7, stage only, branch 0: found statistics of sub-layers" + overflow);
  });
}

TEST_CASE("not finite: logits that are no numbers are an Error, greedy and sampled, with keys and values of any type") {
  with_runs([&](const auto& run) {
    for (const KvType kv : {KvType::f16, KvType::f32, KvType::q8_0}) {
      PipelineOptions options = with_kv(kv);
      CHECK(run(overflowing(), options) == "question q7, stage only: found logits" + overflow);
      options.generation.sampler.temperature = 1;
      CHECK(run(overflowing(), options) == "question q7, stage only: found logits" + overflow);
    }
  });
}

TEST_CASE("not finite: of a batch the question is named whose numbers they are, and answers before it are told") {
  with_backends([&](const auto& make, const std::string& name) {
    CAPTURE(name);
    auto backend = make(1, true);
    using B = decltype(backend);
    const Model<B> model = load(backend, storing_of(bar, 1e5f, Stored::key));
    PipelineOptions options;
    options.batch = 2;
    Pipeline<B, skip::Never, early_exit::Never, stages::TinyThinker> pipeline({backend, model, toy}, {}, {}, thinker,
                                                                              options);
    std::vector<Question> asked = questions(4);
    asked[3].stem = "Which | of these?";
    std::vector<std::string> told;
    const auto run = [&] {
      static_cast<void>(pipeline.run(asked, [&](std::size_t, const QuestionReport& r) {
        told.push_back(r.id);
        return true;
      }));
    };
    const std::string said = error_of(run);
    CHECK(says(said, "question q3, stage recall"));
    CHECK(says(said, ": a key or value of layer 0" + too_large));
    CHECK(!told.empty());
    asked.pop_back();  // the failed question's entries in the slots do not affect other questions
    CHECK(error_of(run) == "no error");
  });
}

TEST_CASE("not finite: a text is scored up to where it cannot be") {
  with_backends([&](const auto& make, const std::string& name) {
    CAPTURE(name);
    auto backend = make(1, true);
    using B = decltype(backend);
    const std::vector<int> text{3, 14, 15, bar, 65, 35};
    const auto score = [&](const ModelSource& source, KvType kv) {
      const Model<B> model = load(backend, source);
      Session<B> session(backend, model, SessionOptions{1, text.size(), kv});
      return error_of([&] { static_cast<void>(score_text(session, std::span<const int>(text), skip::Never{})); });
    };
    CHECK(score(storing_of(bar, 1e5f, Stored::key), KvType::f16) ==
          "token 3 of the text: a key or value of layer 0" + too_large);
    CHECK(score(storing_of(bar, 1e5f, Stored::key), KvType::f32) == "no error");
    CHECK(score(overflowing(), KvType::f32) == "token 0 of the text: found logits" + overflow);
  });
}
