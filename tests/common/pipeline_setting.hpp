// Shared by tests of the engine: a small random model on every backend, simple schedules, and policies that record
// their calls.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "common/answers.hpp"
#include "common/sequences.hpp"
#include "common/toy_tokenizer.hpp"
#include "litestage/compiled/standard_policies.hpp"
#include "litestage/early_exit/standard.hpp"
#include "litestage/pipeline/pipeline.hpp"
#include "litestage/skip/standard.hpp"
#include "litestage/stages/standard.hpp"

namespace litestage::test {

// ---- model, questions, schedules ----

[[nodiscard]] inline ModelSource small_model() {
  ModelConfig config = tiny_config();
  config.n_layers = 3;
  return tiny_model(config, {.seed = 31, .biases = true});
}

// Questions with different numbers of options, whose stems begin alike, so that slots hold reusable prefixes.
[[nodiscard]] inline std::vector<Question> questions(std::size_t n) {
  const std::vector<std::string> options{"ice", "rock", "oak tree", "air", "a nail"};
  std::vector<Question> list;
  for (std::size_t i = 0; i < n; ++i) {
    const auto count = static_cast<std::ptrdiff_t>(2 + i % 4);
    list.push_back({concat("q", i), concat("Which of these is ", i % 3 == 0 ? "hard" : "cold", "? ", i), {}, gold(0)});
    list.back().options.assign(options.begin(), options.begin() + count);
  }
  return list;
}

// One stage with any prompts and stops.
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

// The toy tokenizer, with a given end-of-text token.
struct EndingTokenizer : ToyTokenizer {
  int last = 96;
  [[nodiscard]] bool is_end(int id) const { return id == last; }
};

// ---- policies that record their calls ----

struct Told {
  std::string what;
  StepInfo step;
  int number;  // of the sub-layer, or a token
  friend bool operator==(const Told& a, const Told& b) {
    return a.what == b.what && a.step.phase == b.step.phase && a.step.step == b.step.step && a.number == b.number;
  }
};
using Log = std::vector<Told>;
inline constexpr StepInfo prefill{Phase::prefill, 0};
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

// Decides by a hash of all statistics so far, so that one wrong number changes all later decisions.
struct CuriousSkip {
  static constexpr Stat stats = Stat::cosine | Stat::norm_ratio;
  struct State {
    std::vector<float> cosine;  // [2 * n_layers] the latest
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
// Calls f for `reference` and for `cpu` with the best instruction set; tests/backend tests every instruction set.
template <class F>
void with_settings(const F& f) {
  const auto with = [&]<class B>(B backend) {
    CAPTURE(backend.instruction_set());
    Setting<B> setting(std::move(backend));
    f(setting);
  };
  with(ReferenceBackend(1));
  with(CpuBackend(CpuOptions{1}));
}

inline const ToyTokenizer toy;

template <class B, class Stages = OneStage, class Exit = early_exit::Never, class Skip = skip::Never>
[[nodiscard]] StageReport ask(Setting<B>& s, const Stages& stages, const PipelineOptions& options = {}, Exit exit = {},
                              Skip skip = {}, const EndingTokenizer& tokenizer = {}) {
  Pipeline<B, Skip, Exit, Stages> pipeline({s.backend, s.model, tokenizer}, skip, exit, stages, options);
  return pipeline.run(Question{"q", "", {}}).stages.at(0);
}

// The reports without times.
[[nodiscard]] inline std::vector<QuestionReport> timeless(std::vector<QuestionReport> reports) {
  for (QuestionReport& q : reports) {
    q.seconds = 0;
    for (StageReport& stage : q.stages) stage.prefill_s = stage.decode_s = stage.look_ahead_s = 0;
  }
  return reports;
}

inline const stages::TinyThinker thinker{6, 5, 4};

// The likeliest tokens after a prompt, without pipeline and policies, and the logits of the last row.
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

}  // namespace litestage::test
