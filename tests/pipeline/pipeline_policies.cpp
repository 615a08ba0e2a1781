// The calls of policies and observers by the pipeline, and their order.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "common/close.hpp"
#include "common/error_of.hpp"
#include "common/pipeline_setting.hpp"

using namespace litestage;
using namespace litestage::test;

TEST_CASE("pipeline: skip policies are asked before every step and told after it, in order") {
  with_settings([](auto& s) {
    for (const std::size_t step_rows : {std::size_t{1}, std::size_t{3}, std::size_t{512}}) {
      Log log, expected;
      PipelineOptions options;
      options.step_rows = step_rows;
      const RecordingSkip skip{&log, 3};
      static_cast<void>(ask(s, OneStage{{"only", 3, {}}, {"one prompt"}}, options, early_exit::Never{}, skip));
      expected.push_back({"begin only 0 of 3 to 3", {}, 0});
      for (int i = 0; i < 3; ++i) {
        const StepInfo step = i == 0 ? prefill : decode(i - 1);
        for (int u = 0; u < 6; ++u) expected.push_back({"decide", step, u});
        for (int u = 0; u < 6; ++u) {
          if (i == 0 || u != 3) expected.push_back({"ran", step, u});
        }
      }
      CHECK(log == expected);
    }
  });
}

namespace {

struct NotingSkip {
  static constexpr Stat stats = Stat::cosine;
  std::string* log = nullptr;
  struct State {};
  [[nodiscard]] State begin(const RequestInfo&) const { return {}; }
  [[nodiscard]] SkipDecision decide(const State&, const StepInfo&, Sublayer) const { return {}; }
  void observe(State&, const StepInfo&, Sublayer, const SublayerStats&) const { *log += 'p'; }
};
struct NotingObserver {
  static constexpr Stat stats = Stat::none;
  std::string* log = nullptr;
  void sublayer(int, const RequestInfo&, const StepInfo&, Sublayer, const SublayerStats&) const { *log += 'o'; }
  void token(int, const RequestInfo&, const StepInfo&, int) const { *log += 't'; }
};

}  // namespace

TEST_CASE("pipeline: the statistics of a segment go to the policy, then to the observer, then come tokens") {
  with_settings([](auto& s) {
    std::string log;
    Pipeline pipeline(LanguageModel(s.backend, s.model, toy), NotingSkip{&log}, early_exit::Never{},
                      OneStage{{"only", 2, {}}, {"one prompt"}}, {}, NotingObserver{&log});
    static_cast<void>(pipeline.run(Question{"q", "", {}}));
    CHECK(log ==
          "ppppppoooooot"
          "ppppppoooooot");
  });
}

TEST_CASE("pipeline: branches share their prefix and its state, then each decides for itself") {
  with_settings([](auto& s) {
    Log log;
    const RecordingSkip skip{&log, -1};
    const OneStage stage{{"only", 1, {}}, {"A prefix, one", "A prefix, two", "A prefix, one and more"}};
    const StageReport report = ask(s, stage, {.branches = 3}, early_exit::Never{}, skip);
    CHECK(report.prompt_tokens == 13 + 13 + 22);
    const auto count = [&](const std::string& what) {
      return std::count_if(log.begin(), log.end(), [&](const Told& t) { return t.what == what; });
    };
    CHECK(count("decide") == 6);
    CHECK(count("decide, knowing the prefix") == 3 * 6);  // each of three branches
    CHECK(count("ran") == 4 * 6);
    CHECK(std::all_of(log.begin(), log.end(), [](const Told& t) { return t.step.phase == Phase::prefill; }));
    for (std::size_t b = 0; b < 3; ++b) {
      CHECK(report.branches[b].tokens == greedy(s, toy.encode(stage.prompts(0, {})[b]), 1));
    }
  });
}

TEST_CASE("pipeline: statistics of a prompt are means over its tokens, however it is cut into steps") {
  with_settings([](auto& s) {
    using B = std::decay_t<decltype(s.backend)>;
    using Real = typename B::Real;
    const std::string text = "Some words to measure";
    std::vector<SublayerStats> expected;
    Session<B> session(s.backend, s.model, {1, 64, KvType::f16});
    std::vector<StepRow> rows;
    for (const int t : toy.encode({{{Role::text, text}}, ""})) rows.push_back({t, 0, session.skip_nothing(), true});
    session.step(rows, Stat::cosine);
    std::vector<Moments<Real>> moments;
    session.read_moments(moments);
    for (std::size_t u = 0; u < 6; ++u) {
      double cosines = 0, before = 0, after = 0;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const Moments<Real>& m = moments[u * rows.size() + i];
        const double x = static_cast<double>(m.before), y = static_cast<double>(m.after);
        cosines += static_cast<double>(m.dot) / std::sqrt(x * y);
        before += x;
        after += y;
      }
      SublayerStats mean;
      mean.cosine = static_cast<float>(cosines / static_cast<double>(rows.size()));
      mean.norm_ratio = static_cast<float>(std::sqrt(after) / std::sqrt(before));
      const Moments<Real>& last = moments[u * rows.size() + rows.size() - 1];
      mean.last_cosine =
          static_cast<float>(static_cast<double>(last.dot) / std::sqrt(static_cast<double>(last.before)) /
                             std::sqrt(static_cast<double>(last.after)));
      mean.tokens = static_cast<int>(rows.size());
      expected.push_back(mean);
    }
    std::vector<SublayerStats> first;
    for (const std::size_t step_rows : {std::size_t{512}, std::size_t{1}, std::size_t{3}}) {
      PipelineOptions options;
      options.step_rows = step_rows;
      Pipeline<B, skip::Never, early_exit::Never, OneStage, RecordingObserver> pipeline(
          {s.backend, s.model, toy}, {}, {}, OneStage{{"only", 2, {}}, {text}}, options);
      static_cast<void>(pipeline.run(Question{"q", "", {}}));
      const std::vector<SublayerStats>& found = pipeline.observer().values;
      REQUIRE(found.size() == 12);
      if (first.empty()) first = found;
      CHECK(same_bits(found, first));
      for (std::size_t u = 0; u < 6; ++u) {  // each is a few roundings of double, and one of float
        CHECK(close(static_cast<double>(found[u].cosine), static_cast<double>(expected[u].cosine), 0x1p-23));
        CHECK(close(static_cast<double>(found[u].norm_ratio), static_cast<double>(expected[u].norm_ratio), 0x1p-22));
        CHECK(close(static_cast<double>(found[u].last_cosine), static_cast<double>(expected[u].last_cosine), 0x1p-22));
        CHECK(found[u].tokens == expected[u].tokens);
        CHECK(found[u + 6].tokens == 1);  // the token that was decoded
        CHECK(std::abs(found[u].cosine) <= 1);
      }
    }
  });
}

TEST_CASE("pipeline: exit policies judge every token, the first with the prefill's step") {
  with_settings([](auto& s) {
    Log log, expected;
    const StageReport report = ask(s, OneStage{{"only", 4, {}}, {"go"}}, {}, RecordingExit{&log});
    REQUIRE(report.branches[0].tokens.size() == 4);
    for (int i = 0; i < 4; ++i) {
      expected.push_back(
          {"judge", i == 0 ? prefill : decode(i - 1), report.branches[0].tokens[static_cast<std::size_t>(i)]});
    }
    CHECK(log == expected);
    CHECK(report.branches[0].stop == StopReason::cap);
    for (const bool keep : {true, false}) {
      const RecordingExit exit{nullptr, 3, keep ? Verdict::stop_keep : Verdict::stop_drop};
      const StageReport cut = ask(s, OneStage{{"only", 4, {}}, {"go"}}, {}, exit);
      CHECK(cut.branches[0].stop == StopReason::exit);
      CHECK(cut.generated_tokens == 3);
      CHECK(cut.branches[0].tokens ==
            std::vector<int>(report.branches[0].tokens.begin(), report.branches[0].tokens.begin() + (keep ? 3 : 2)));
      CHECK(cut.branches[0].text == report.branches[0].text.substr(0, keep ? 3 : 2));
    }
  });
}

TEST_CASE("pipeline: observers are told of each sub-layer that ran, then of the token that was kept") {
  with_settings([](auto& s) {
    using B = std::decay_t<decltype(s.backend)>;
    skip::Static mask;
    mask.stages["only"] = {{Unit::mlp, 0}};
    const OneStage stage{{"only", 2, {}}, {"same A", "same B"}};
    Pipeline<B, skip::Static, early_exit::Never, OneStage, RecordingObserver> pipeline({s.backend, s.model, toy}, mask,
                                                                                       {}, stage, {.branches = 2});
    const QuestionReport report = pipeline.run(Question{"q", "", {}});
    Log expected;
    const auto ran = [&](int branch, StepInfo step) {
      for (const int u : {0, 2, 3, 4, 5}) expected.push_back({concat("only ", branch, " ran"), step, u});
    };
    ran(0, prefill);  // the shared prefix, in branch 0
    for (const StepInfo step : {prefill, decode(0)}) {
      for (int b = 0; b < 2; ++b) {
        ran(b, step);
        const std::vector<int>& tokens = report.stages[0].branches[static_cast<std::size_t>(b)].tokens;
        expected.push_back({concat("only ", b, " kept"), step, tokens.at(step.phase == Phase::prefill ? 0 : 1)});
      }
    }
    CHECK(pipeline.observer().log == expected);
    // The prefix ends no prompt, so it has no last token of one; a decoded token is its own last.
    const std::vector<SublayerStats>& values = pipeline.observer().values;
    REQUIRE(values.size() == 5 * 5);
    for (std::size_t i = 0; i < values.size(); ++i) {
      CHECK(std::isnan(values[i].last_cosine) == (i < 5));
      CHECK(std::isfinite(values[i].cosine));
      if (i >= 15) CHECK(values[i].last_cosine == values[i].cosine);
    }
  });
}

TEST_CASE("pipeline: observers learn which question a report is of") {
  with_settings([](auto& s) {
    using B = std::decay_t<decltype(s.backend)>;
    struct QuestionObserver : NoObserver {
      std::vector<std::string> ids = {};
      void token(int, const RequestInfo& r, const StepInfo&, int) { ids.emplace_back(r.question); }
    };
    Pipeline<B, skip::Never, early_exit::Never, OneStage, QuestionObserver> pipeline(
        {s.backend, s.model, toy}, {}, {}, OneStage{{"only", 2, {}}, {"go"}}, {.batch = 2});
    static_cast<void>(pipeline.run(questions(3)));
    CHECK(pipeline.observer().ids == std::vector<std::string>{"q0", "q1", "q0", "q1", "q2", "q2"});
  });
}

namespace {

struct LayerObserver {
  static constexpr Stat stats = Stat::cosine | Stat::layer_cosine;
  std::vector<SublayerStats> attention = {}, mlp = {};
  void sublayer(int, const RequestInfo&, const StepInfo&, Sublayer u, const SublayerStats& m) {
    (u.unit == Unit::mlp ? mlp : attention).push_back(m);
  }
  void token(int, const RequestInfo&, const StepInfo&, int) const {}
};

}  // namespace

TEST_CASE("pipeline: the cosine of a layer is that of what ran in it") {
  with_settings([](auto& s) {
    using B = std::decay_t<decltype(s.backend)>;
    const OneStage stage{{"only", 3, {}}, {"Some words to measure"}};
    // A layer without its attention changes the stream as its MLP does; a layer with both does not.
    skip::Static no_attention;
    no_attention.stages["all"] = {Sublayer{Unit::attention, 1}};
    Pipeline<B, skip::Static, early_exit::Never, OneStage, LayerObserver> pipeline({s.backend, s.model, toy},
                                                                                   no_attention, {}, stage);
    static_cast<void>(pipeline.run(Question{"q", "", {}}));
    const LayerObserver& seen = pipeline.observer();
    REQUIRE(seen.mlp.size() == 9);
    for (const SublayerStats& a : seen.attention) CHECK(std::isnan(a.layer_cosine));
    for (std::size_t i = 0; i < seen.mlp.size(); ++i) {
      const double layer = static_cast<double>(seen.mlp[i].layer_cosine), mlp = static_cast<double>(seen.mlp[i].cosine);
      CHECK(std::abs(layer) <= 1);
      CHECK(close(layer, mlp, 0x1p-22) == (i % 3 == 1));
    }
  });
}

TEST_CASE("pipeline: a trace has a number of every chosen token, also of one that is dropped") {
  with_settings([](auto& s) {
    PipelineOptions options;
    options.generation.trace = {[](const TokenStats& t) { return t.max_prob; }, Signal::max_prob};
    const OneStage stage{{"only", 5, {}}, {"Say it: ", "Say that: "}};
    options.branches = 2;
    const StageReport all = ask(s, stage, options);
    for (const BranchReport& b : all.branches) {
      CHECK(b.generated_tokens == 5);
      REQUIRE(b.trace.size() == 5);
      for (const float p : b.trace) CHECK((p > 0 && p <= 1));
    }
    const StageReport cut = ask(s, stage, options, RecordingExit{nullptr, 3, Verdict::stop_drop});
    for (std::size_t i = 0; i < 2; ++i) {
      const BranchReport &b = cut.branches[i], &whole = all.branches[i];
      CHECK(b.tokens == std::vector<int>(whole.tokens.begin(), whole.tokens.begin() + 2));
      CHECK(b.generated_tokens == 3);
      CHECK(same_bits(b.trace, std::vector<float>(whole.trace.begin(), whole.trace.begin() + 3)));
    }
    CHECK(ask(s, stage, {.branches = 2}).branches[0].trace.empty());
  });
}
