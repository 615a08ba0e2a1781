// The pipeline on small random models: what each part is told and when, why stages end, and that nothing which a
// question writes depends on what runs beside it.
#include "litestage/engine/pipeline.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "common/close.hpp"
#include "common/message.hpp"
#include "common/sequences.hpp"
#include "common/toy_tokenizer.hpp"
#include "litestage/early_exit/standard.hpp"
#include "litestage/skip/standard.hpp"
#include "litestage/stages/standard.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

// ---- what the tests run on ----

[[nodiscard]] ModelSource small_model() {
  ModelConfig config = tiny_config();
  config.n_layers = 3;
  return tiny_model(config, {.seed = 31, .biases = true});
}

// Different numbers of options; stems that begin alike, so that slots hold reusable prefixes.
[[nodiscard]] std::vector<Question> questions(std::size_t n) {
  const std::vector<std::string> options{"ice", "rock", "oak tree", "air", "a nail"};
  std::vector<Question> list;
  for (std::size_t i = 0; i < n; ++i) {
    const auto count = static_cast<std::ptrdiff_t>(2 + i % 4);
    list.push_back({concat("q", i), concat("Which of these is ", i % 3 == 0 ? "hard" : "cold", "? ", i), {}, 0});
    list.back().options.assign(options.begin(), options.begin() + count);
  }
  return list;
}

// One stage with whatever prompts and stops.
struct OneStage {
  StageInfo info{"only", 6, {}};
  std::vector<std::string> branches{"Say it: "};

  [[nodiscard]] std::size_t size() const { return 1; }
  [[nodiscard]] StageInfo stage(std::size_t) const { return info; }
  [[nodiscard]] std::vector<Prompt> prompts(std::size_t, const Transcript&) const {
    std::vector<Prompt> list;
    for (const std::string& text : branches) list.push_back({{{Role::text, text}}, ""});
    return list;
  }
};

// The toy tokenizer, with any token to end a text.
struct EndingTokenizer : ToyTokenizer {
  int last = 96;
  [[nodiscard]] bool is_end(int id) const { return id == last; }
};

// ---- policies that remember what they were told ----

struct Told {
  std::string what;
  StepInfo step;
  int number;  // of the sub-layer, or a token
  friend bool operator==(const Told& a, const Told& b) {
    return a.what == b.what && a.step.phase == b.step.phase && a.step.step == b.step.step && a.number == b.number;
  }
};
using Log = std::vector<Told>;
constexpr StepInfo prefill{Phase::prefill, 0};
constexpr StepInfo decode(int step) {
  return {Phase::decode, step};
}

struct RecordingSkip {
  static constexpr Stat stats = Stat::cosine;
  Log* log = nullptr;
  int skipped = -1;  // this sub-layer, in decoding
  struct State {
    int observed = 0;
  };
  [[nodiscard]] State begin(const RequestInfo& r) const {
    log->push_back({concat("begin ", r.stage_name, " ", r.stage, " of ", r.n_layers, " to ", r.max_new_tokens), {}, 0});
    return {};
  }
  [[nodiscard]] SkipDecision decide(const State& s, const StepInfo& step, Sublayer u) const {
    const bool again = step.phase == Phase::prefill && s.observed > 0;
    log->push_back({again ? "decide, knowing the prefix" : "decide", step, u.index()});
    return {u.index() == skipped && step.phase == Phase::decode, 1, KvOnSkip::none};
  }
  void observe(State& s, const StepInfo& step, Sublayer u, const SublayerStats& m) const {
    ++s.observed;
    log->push_back({std::isnan(m.cosine) || !std::isnan(m.norm_ratio) ? "wrong statistics" : "ran", step, u.index()});
  }
};

// Decides by all that it was ever shown, so that one wrong number anywhere changes what follows.
struct CuriousSkip {
  static constexpr Stat stats = Stat::cosine | Stat::norm_ratio;
  struct State {
    std::vector<float> cosine;  // [2 * n_layers] the last ones
    std::uint64_t hash = 1;
  };
  [[nodiscard]] State begin(const RequestInfo& r) const {
    return {std::vector<float>(static_cast<std::size_t>(2 * r.n_layers), 0.0f)};
  }
  [[nodiscard]] SkipDecision decide(const State& s, const StepInfo&, Sublayer u) const {
    const std::uint64_t bits = (s.hash * 0x9e3779b97f4a7c15u) >> (8 + 5 * u.index());
    if (s.hash == 1 || (bits & 3) != 0) return {};  // before the first observation everything runs
    return {true, 0.75f, static_cast<KvOnSkip>((bits >> 2) % 3)};
  }
  void observe(State& s, const StepInfo&, Sublayer u, const SublayerStats& m) const {
    s.cosine.at(static_cast<std::size_t>(u.index())) = m.cosine;
    std::uint32_t bits[2];
    std::memcpy(bits, &m.cosine, 4);
    std::memcpy(bits + 1, &m.norm_ratio, 4);
    s.hash = (s.hash ^ bits[0] ^ (std::uint64_t{bits[1]} << 32)) * 0x100000001b3u;
  }
};

struct RecordingExit {
  static constexpr Signal signals = Signal::max_prob;
  Log* log = nullptr;
  int at = -1;  // stops at its n-th token
  Verdict verdict = Verdict::stop_keep;
  struct State {
    int seen = 0;
  };
  [[nodiscard]] State begin(const RequestInfo&) const { return {}; }
  [[nodiscard]] Verdict observe(State& s, const StepInfo& step, const TokenStats& t) const {
    if (log != nullptr) log->push_back({t.max_prob > 0 && t.max_prob <= 1 ? "judge" : "no signal", step, t.token});
    return ++s.seen == at ? verdict : Verdict::go_on;
  }
};

struct RecordingObserver {
  static constexpr Stat stats = Stat::cosine | Stat::norm_ratio;
  Log log = {};
  std::vector<SublayerStats> values = {};
  void sublayer(int branch, const RequestInfo& r, const StepInfo& step, Sublayer u, const SublayerStats& m) {
    log.push_back({concat(r.stage_name, " ", branch, " ran"), step, u.index()});
    values.push_back(m);
  }
  void token(int branch, const RequestInfo& r, const StepInfo& step, int token) {
    log.push_back({concat(r.stage_name, " ", branch, " kept"), step, token});
  }
};

// ---- running ----

template <class B>
struct Setting {
  explicit Setting(B b) : backend(std::move(b)), model(load(backend, source)) {}
  ModelSource source = small_model();
  B backend;
  Model<B> model;
};
template <class F>
void with_settings(const F& f) {
  with_backends([&](const auto& make, const std::string& name) {
    CAPTURE(name);
    Setting<decltype(make(1, true))> setting(make(1, true));
    f(setting);
  });
}

const ToyTokenizer toy;

template <class B, class Stages = OneStage, class Exit = early_exit::Never, class Skip = skip::Never>
[[nodiscard]] StageReport ask(Setting<B>& s, const Stages& stages, const PipelineOptions& options = {}, Exit exit = {},
                              Skip skip = {}, const EndingTokenizer& tokenizer = {}) {
  Pipeline<B, Skip, Exit, Stages> pipeline(s.backend, s.model, tokenizer, skip, exit, stages, options);
  return pipeline.run(Question{"q", "", {}, -1}).stages.at(0);
}

// Everything but the times.
[[nodiscard]] std::vector<QuestionReport> timeless(std::vector<QuestionReport> reports) {
  for (QuestionReport& q : reports) {
    q.seconds = 0;
    for (StageReport& stage : q.stages) stage.prefill_s = stage.decode_s = 0;
  }
  return reports;
}

const stages::TinyThinker thinker{6, 5, 4};

// The likeliest tokens after a prompt, without pipeline and policies; and the last row's logits.
template <class B>
[[nodiscard]] std::vector<int> greedy(Setting<B>& s, const std::vector<int>& prompt, int n,
                                      std::vector<typename B::Real>* logits = nullptr) {
  Session<B> session(s.backend, s.model, {1, 512, KvType::f16});
  std::vector<TokenStats> stats(1);
  std::vector<int> tokens;
  std::vector<StepRow> rows;
  for (const int t : prompt) rows.push_back({t, 0, session.skip_nothing(), false});
  rows.back().wants_logits = true;
  for (int i = 0; i < n; ++i) {
    session.step(rows);
    s.backend.token_stats(stats, session.logits(), Signal::none);
    tokens.push_back(stats[0].token);
    rows = {{stats[0].token, 0, session.skip_nothing(), true}};
    if (logits != nullptr) session.read_logits(0, *logits);
  }
  return tokens;
}

}  // namespace

TEST_CASE("pipeline: Never is the bare session, token for token") {
  with_settings([](auto& s) {
    const OneStage stage{{"only", 20, {}}, {"What is hard?"}};
    const StageReport report = ask(s, stage, {.generation = {.sampler = {}, .ignore_eos = true}});
    CHECK(report.branches.at(0).tokens == greedy(s, toy.encode(stage.prompts(0, {})[0]), 20));
    CHECK(report.prompt_tokens == 13);
    CHECK(report.generated_tokens == 20);
    CHECK(report.sublayers_skipped == 0);
    CHECK(report.sublayers_skipped_mean == 0);
  });
}

TEST_CASE("pipeline: a choice of one policy is the policy") {
  with_settings([](auto& s) {
    using B = std::decay_t<decltype(s.backend)>;
    skip::Static mask;
    mask.stages["recall"] = {{Unit::mlp, 1}};
    mask.stages["all"] = {{Unit::attention, 2}, {Unit::mlp, 0}};
    const early_exit::LowConfidence<> low{{}, 2, 0.05f, WarmUp::full};
    Pipeline<B, skip::Static, early_exit::LowConfidence<>, stages::TinyThinker> plain(s.backend, s.model, toy, mask,
                                                                                      low, thinker);
    Pipeline<B, skip::OneOf<skip::Never, skip::Static>,
             early_exit::OneOf<early_exit::Never, early_exit::LowConfidence<>>,
             stages::OneOf<stages::Single, stages::TinyThinker>>
        chosen(s.backend, s.model, toy, mask, low, thinker);
    Pipeline<B, skip::Never, early_exit::Never, stages::TinyThinker> never(s.backend, s.model, toy, {}, {}, thinker);
    Pipeline<B, skip::Standard, early_exit::Standard, stages::TinyThinker> chosen_never(
        s.backend, s.model, toy, skip::Never{}, early_exit::Never{}, thinker);
    const std::vector<Question> asked = questions(4);
    const auto expected = timeless(plain.run(asked));
    CHECK(timeless(chosen.run(asked)) == expected);
    CHECK(timeless(never.run(asked)) != expected);
    CHECK(timeless(never.run(asked)) == timeless(chosen_never.run(asked)));
    CHECK(expected[0].stages[0].sublayers_skipped == 1);
    CHECK(expected[0].stages[1].sublayers_skipped == 2);
    CHECK(expected[0].stages[1].sublayers_skipped_mean == 2);
  });
}

namespace {

// A comparison of reports says little where none stops early or skips.
void check_variety(const std::vector<QuestionReport>& reports, bool skips) {
  int exits = 0, caps = 0, skipped = 0;
  for (const QuestionReport& q : reports) {
    for (const StageReport& stage : q.stages) {
      skipped += stage.sublayers_skipped;
      for (const BranchReport& b : stage.branches) (b.stop == StopReason::cap ? caps : exits) += 1;
    }
  }
  CHECK(exits > 0);
  CHECK(caps > 0);
  if (skips) CHECK(skipped > 0);
}

// All reports, whatever runs beside a question, and whatever its slots held before.
template <class B, class Skip>
void check_company(Setting<B>& s, const Skip& skip, const StageRunOptions& generation) {
  const early_exit::LowConfidence<> low{{}, 3, 0.016f, WarmUp::full};
  const std::vector<Question> asked = questions(6);
  std::vector<QuestionReport> expected;
  struct Way {
    std::size_t batch, step_rows;
  };
  for (const Way& way : {Way{1, 512}, Way{4, 64}, Way{16, 1}}) {
    CAPTURE(way.batch);
    CAPTURE(way.step_rows);
    PipelineOptions options;
    options.batch = way.batch;
    options.context = 300;
    options.step_rows = way.step_rows;
    options.generation = generation;
    options.score_letters = true;
    Pipeline<B, Skip, early_exit::LowConfidence<>, stages::TinyThinker> pipeline(s.backend, s.model, toy, skip, low,
                                                                                 thinker, options);
    const auto found = timeless(pipeline.run(asked));
    if (expected.empty()) {
      expected = found;
      check_variety(expected, Skip::stats != Stat::none);
    }
    REQUIRE(found.size() == asked.size());
    for (std::size_t q = 0; q < asked.size(); ++q) {
      CAPTURE(q);
      CHECK(found[q] == expected[q]);
      CHECK(found[q].id == asked[q].id);
      CHECK(found[q].letter_logits.size() == asked[q].options.size());
    }
    if (way.batch == 4) CHECK(timeless(pipeline.run(asked)) == expected);  // on slots that are full of the last run
  }
}

}  // namespace

TEST_CASE("pipeline: what a question writes does not depend on its company, nor on what slots held") {
  with_settings([](auto& s) {
    if (s.backend.instruction_set() == "portable") return;  // slow; its rows are shown to be independent elsewhere
    StageRunOptions sampled;
    sampled.sampler.temperature = 0.9;
    sampled.sampler.top_k = 20;
    sampled.sampler.seed = 5;
    check_company(s, skip::Never{}, sampled);
    skip::Static decoding;  // prompts run in full, so that means depend on which tokens are counted
    decoding.stages["all"] = {{Unit::attention, 1}, {Unit::mlp, 2}};
    decoding.phase = Phases::decode;
    decoding.kv = KvOnSkip::project;
    check_company(s, decoding, {});
    check_company(s, CuriousSkip{}, {});
  });
}

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
    session.step(rows, true);
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
      expected.push_back({static_cast<float>(cosines / static_cast<double>(rows.size())),
                          static_cast<float>(std::sqrt(after) / std::sqrt(before))});
    }
    std::vector<SublayerStats> first;
    for (const std::size_t step_rows : {std::size_t{512}, std::size_t{1}, std::size_t{3}}) {
      PipelineOptions options;
      options.step_rows = step_rows;
      Pipeline<B, skip::Never, early_exit::Never, OneStage, RecordingObserver> pipeline(
          s.backend, s.model, toy, {}, {}, OneStage{{"only", 2, {}}, {text}}, options);
      static_cast<void>(pipeline.run(Question{"q", "", {}, -1}));
      const std::vector<SublayerStats>& found = pipeline.observer().values;
      REQUIRE(found.size() == 12);
      if (first.empty()) first = found;
      CHECK(same_bits(found, first));
      for (std::size_t u = 0; u < 6; ++u) {  // each is a few roundings of double, and one of float
        CHECK(close(static_cast<double>(found[u].cosine), static_cast<double>(expected[u].cosine), 0x1p-23));
        CHECK(close(static_cast<double>(found[u].norm_ratio), static_cast<double>(expected[u].norm_ratio), 0x1p-22));
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
    Pipeline<B, skip::Static, early_exit::Never, OneStage, RecordingObserver> pipeline(s.backend, s.model, toy, mask,
                                                                                       {}, stage, {.branches = 2});
    const QuestionReport report = pipeline.run(Question{"q", "", {}, -1});
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
  });
}

TEST_CASE("pipeline: stop strings over several tokens, end tokens, caps and a full context") {
  with_settings([](auto& s) {
    PipelineOptions on;
    on.generation.ignore_eos = true;
    OneStage stage{{"only", 16, {}}, {"Begin"}};
    const BranchReport free = ask(s, stage, on).branches[0];
    REQUIRE(free.tokens.size() == 16);
    CHECK(free.stop == StopReason::cap);
    const std::string text = free.text;

    stage.info.stop = {"never seen", text.substr(5, 3)};
    const std::size_t at = text.find(text.substr(5, 3));
    const StageReport stopped = ask(s, stage, on);
    CHECK(stopped.branches[0].text == text.substr(0, at));
    CHECK(stopped.branches[0].stop == StopReason::stop_string);
    CHECK(stopped.generated_tokens == static_cast<int>(at) + 3);
    CHECK(stopped.branches[0].tokens.size() == at + 2);

    stage.info.stop.clear();
    EndingTokenizer ending;
    ending.last = free.tokens[6];
    const auto end = std::find(free.tokens.begin(), free.tokens.end(), ending.last);
    const StageReport ended = ask(s, stage, {}, early_exit::Never{}, skip::Never{}, ending);
    CHECK(ended.branches[0].tokens == std::vector<int>(free.tokens.begin(), end));
    CHECK(ended.branches[0].stop == StopReason::eos);
    CHECK(ended.generated_tokens == static_cast<int>(end - free.tokens.begin()) + 1);
    CHECK(ask(s, stage, on, early_exit::Never{}, skip::Never{}, ending).branches[0].tokens == free.tokens);

    for (const std::size_t room : {0, 1, 3}) {  // the last token is chosen but has no place of its own
      on.context = 5 + room;
      const BranchReport full = ask(s, stage, on).branches[0];
      CHECK(full.stop == StopReason::context);
      CHECK(full.tokens == std::vector<int>(free.tokens.begin(), free.tokens.begin() + static_cast<int>(room) + 1));
    }
    on.context = 4;
    CHECK(message([&] { static_cast<void>(ask(s, stage, on)); }) ==
          "question q, stage only: the prompt has 5 tokens, accepted are up to 4 (the context)");
  });
}

TEST_CASE("pipeline: letters are scored as the logits after the probe") {
  with_settings([](auto& s) {
    using B = std::decay_t<decltype(s.backend)>;
    PipelineOptions options;
    options.score_letters = true;
    Pipeline<B, skip::Never, early_exit::Never, stages::TinyThinker> pipeline(s.backend, s.model, toy, {}, {}, thinker,
                                                                              options);
    const Question q = questions(3)[2];
    const QuestionReport report = pipeline.run(q);
    Transcript t{q, {{report.stages[0].branches[0].text}, {}}};
    for (const BranchReport& b : report.stages[1].branches) t.outputs[1].push_back(b.text);
    Prompt prompt = thinker.prompts(2, t)[0];
    prompt.continuation += " So the answer is option ";
    std::vector<typename B::Real> logits;
    static_cast<void>(greedy(s, toy.encode(prompt), 1, &logits));
    REQUIRE(report.letter_logits.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
      CHECK(report.letter_logits[i] == static_cast<float>(logits[static_cast<std::size_t>('A' - ' ') + i]));
    }
  });
}

TEST_CASE("pipeline: sampling; temperature 0 and the likeliest one are greedy, a seed decides the rest") {
  with_settings([](auto& s) {
    const OneStage stage{{"only", 12, {}}, {"Go A", "Go B"}};
    const auto sampled = [&](double temperature, int top_k, std::uint64_t seed) {
      PipelineOptions options;
      options.branches = 2;
      options.generation.ignore_eos = true;
      options.generation.sampler.temperature = temperature;
      options.generation.sampler.top_k = top_k;
      options.generation.sampler.seed = seed;
      return ask(s, stage, options).branches;
    };
    const auto greedily = sampled(0, 0, 1);
    CHECK(sampled(0, 5, 2) == greedily);
    CHECK(sampled(1, 1, 3) == greedily);
    CHECK(sampled(1, 0, 4) != greedily);
    CHECK(sampled(1, 0, 4) == sampled(1, 0, 4));
    CHECK(sampled(1, 0, 4) != sampled(1, 0, 5));
  });
}

TEST_CASE("pipeline: errors name the question, what was found and what is accepted") {
  Setting<ReferenceBackend> s{ReferenceBackend()};
  const auto fails = [&](const auto& stages, const PipelineOptions& options, const Question& q) {
    Pipeline<ReferenceBackend, skip::Never, early_exit::Never, std::decay_t<decltype(stages)>> pipeline(
        s.backend, s.model, toy, {}, {}, stages, options);
    return message([&] { static_cast<void>(pipeline.run(q)); });
  };
  CHECK(fails(thinker, {.branches = 2}, questions(3)[2]) ==
        "question q2, stage analyze has 4 branches, accepted are 1 to 2 (the branches of the pipeline)");
  CHECK(fails(OneStage{{"only", 1, {}}, {}}, {}, {"q", "", {}, -1}) ==
        "question q, stage only has 0 branches, accepted are 1 to 1 (the branches of the pipeline)");
  CHECK(fails(OneStage{{"only", 1, {}}, {""}}, {}, {"q", "", {}, -1}) ==
        "question q: the prompt has no tokens, accepted is one or more");
  PipelineOptions scoring;
  scoring.score_letters = true;
  CHECK(fails(OneStage{}, scoring, {"q", "", {}, -1}) ==
        "option letters cannot be scored with a schedule that does not state answers");
  CHECK_THROWS_AS((Pipeline<ReferenceBackend>(s.backend, s.model, toy, {}, {}, {}, {.batch = 0})), AssertionError);
}

TEST_CASE("pipeline: reports come as questions end, and a run may be ended early") {
  Setting<ReferenceBackend> s{ReferenceBackend()};
  PipelineOptions options;
  options.batch = 2;
  Pipeline<ReferenceBackend, skip::Never, early_exit::Never, stages::TinyThinker> pipeline(s.backend, s.model, toy, {},
                                                                                           {}, thinker, options);
  const std::vector<Question> asked = questions(6);
  std::vector<std::size_t> told;
  const auto all = pipeline.run(asked, [&](std::size_t i, const QuestionReport& r) {
    told.push_back(i);
    CHECK(r.id == asked[i].id);
    return true;
  });
  REQUIRE(all.size() == 6);
  std::sort(told.begin(), told.end());
  CHECK(told == std::vector<std::size_t>{0, 1, 2, 3, 4, 5});
  int left = 3;
  const auto some = pipeline.run(asked, [&](std::size_t, const QuestionReport&) { return --left > 0; });
  CHECK(some.size() >= 3);
  CHECK(some.size() <= 4);
  CHECK(pipeline.run(std::span<const Question>()).empty());
  CHECK(timeless({pipeline.run(asked[4])}) == timeless({all[4]}));
}
