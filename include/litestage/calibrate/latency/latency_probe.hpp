// Measures a LatencyModel: times whole steps of a session, the same steps that a pipeline runs, and fits the
// coefficients to them. No sub-layer is timed alone, since it would find its weights in the processor's cache; its cost
// is the difference between whole steps with and without its kind.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/calibrate/latency/latency_fit.hpp"
#include "litestage/calibrate/latency/latency_model.hpp"
#include "litestage/engine/language_model.hpp"
#include "litestage/engine/segment.hpp"
#include "litestage/engine/session.hpp"
#include "litestage/skip/static.hpp"

namespace litestage::calibrate {

struct ProbeOptions {
  double seconds = 15;  // approximate total time; each kind of step is timed at least three times
  KvType kv = KvType::f16;
  int step_rows = 512;                                // step_rows of the pipeline, recorded in the model
  std::string model;                                  // fingerprint, recorded in the model
  Signal signals = Signal::max_prob;                  // signals of a token that an early exit reads
  std::function<std::size_t()> encode = nullptr;      // tokenizes some prompt and returns its number of tokens
  std::function<void(double)> on_progress = nullptr;  // called with the share done, 0 to 1
};

// The cost of a step within a sum of many steps: the mean without the slowest tenth. The slowest tenth are pauses of
// the machine, which are rare in a stage but would be counted as the cost of every step here. A median would leave out
// ordinary slow steps as well.
[[nodiscard]] inline double typical(std::vector<double> values) {
  LITESTAGE_ASSERT(!values.empty(), "the mean of nothing");
  std::sort(values.begin(), values.end());
  values.resize(values.size() - values.size() / 10);
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

template <Backend B>
class LatencyProbe {
 public:
  // The model outlives the probe.
  LatencyProbe(const LanguageModel<B>& model, ProbeOptions options)
      : options_(std::move(options)),
        session_(model.backend(), model.weights(), {.slots = slots, .capacity = capacity, .kv = options_.kv}),
        all_(model.config().n_sublayers()) {
    const B& backend = model.backend();
    result_.model = options_.model;
    result_.backend = backend.name();
    result_.instruction_set = backend.instruction_set();
    if constexpr (requires { backend.threads(); }) result_.threads = backend.threads();
    result_.kv = options_.kv;
    result_.step_rows = options_.step_rows;
    result_.set_layers(model.config(), model.weights().sublayer_groups);
  }

  [[nodiscard]] LatencyModel measure() {
    fill_contexts();
    make_grids();
    make_cases();
    time_cases();
    std::vector<Measurement> measurements;
    for (Case& c : cases_) measurements.push_back({std::move(c.work), typical(std::move(c.samples))});
    fit(result_, measurements);
    result_.forked_entry = forked_entry();
    result_.segment = segment();
    if (options_.encode) result_.token = token();
    if (options_.on_progress) options_.on_progress(1);
    return std::move(result_);
  }

 private:
  // Row counts of the timed steps: every remainder modulo the kernels' tile of 8, then growing distances. Steps of up
  // to `decoded` rows have one token from each of many sequences; larger steps are one prompt.
  static constexpr std::array<int, 17> grid = {1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256};
  static constexpr int decoded = 8, most_wanted = 32;
  // Slots: one with a short context for each decoded sequence, an empty one for prompts, and slots with long contexts.
  static constexpr int short_context = 64, long_context = 448, prompt_slot = decoded, long_slot = decoded + 1;
  static constexpr int long_slots = 4;
  static constexpr std::size_t slots = long_slot + long_slots, capacity = 512;
  static constexpr std::size_t least_repeats = 3;

  // A kind of step that is timed repeatedly.
  struct Case {
    int first_slot = 0, n_slots = 1, context = 0;
    std::vector<StepRow> rows;
    StepWork work;
    Stat stats = Stat::none;
    Signal signals = Signal::none;
    std::vector<double> samples = {};
    double spent = 0;
  };

  [[nodiscard]] static double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  }
  template <class F>
  [[nodiscard]] static double seconds_of(F&& f) {
    const double start = now();
    f();
    return now() - start;
  }
  [[nodiscard]] int n_layers() const { return session_.config().n_layers; }
  // The time does not depend on which token it is.
  [[nodiscard]] int token_at(int i) const { return (i * 37 + 11) % session_.config().vocab; }

  [[nodiscard]] std::vector<StepRow> prompt(int slot, int n, int decisions, int wanted) const {
    std::vector<StepRow> rows;
    for (int i = 0; i < n; ++i) {
      rows.push_back({.token = token_at(i), .slot = slot, .decisions = decisions, .wants_logits = i >= n - wanted});
    }
    return rows;
  }
  void fill_contexts() {
    session_.step(prompt(0, short_context, session_.skip_nothing(), 0));
    for (int s = 1; s < decoded; ++s) session_.cache().fork(0, s, short_context);
    session_.step(prompt(long_slot, long_context, session_.skip_nothing(), 0));
    for (int s = 1; s < long_slots; ++s) session_.cache().fork(long_slot, long_slot + s, long_context);
  }

  // The grid ends before steps that are too slow to be timed often; beyond it, cost is proportional to the rows.
  void make_grids() {
    for (const int n : grid) {
      Case c = make_case(all_, n, 0);
      const double seconds = run(c);
      if (n > decoded && seconds > options_.seconds / 60) break;
      result_.base.rows.push_back(n);
      if (n <= most_wanted) result_.head.rows.push_back(n);
    }
    result_.project.rows = {1, 4};
    if (result_.base.rows.back() >= 32) result_.project.rows.push_back(32);
    const int n_groups = *std::max_element(result_.groups.begin(), result_.groups.end()) + 1;
    result_.sublayers.assign(n_groups, Curve{.rows = result_.base.rows, .seconds = {}});
    result_.base.seconds.assign(result_.base.rows.size(), 0);
    result_.head.seconds.assign(result_.head.rows.size(), 0);
    result_.project.seconds.assign(result_.project.rows.size(), 0);
    for (Curve& c : result_.sublayers) c.seconds.assign(c.rows.size(), 0);
  }

  // A step of n rows under these decisions: tokens of n sequences, or one prompt. Tokens follow a short or a long
  // context, a prompt an empty or a long one.
  [[nodiscard]] Case make_case(const Decisions& decisions, int n, int wanted, bool after_long = false) {
    const bool decodes = n <= (after_long ? long_slots : decoded);
    Case c;
    c.first_slot = after_long ? long_slot : decodes ? 0 : prompt_slot;
    c.n_slots = decodes ? n : 1;
    c.context = after_long ? long_context : decodes ? short_context : 0;
    const int number = session_.decisions().number_of(decisions);
    c.work.clear(n_layers());
    const std::vector<std::uint8_t> keeps = layers_that_store(decisions, result_.ropes);
    const std::vector<int> held(keeps.size(), c.context);
    for (int s = 0; s < c.n_slots; ++s) {
      const int each = n / c.n_slots, wants = decodes ? (s < wanted ? 1 : 0) : wanted;
      for (const StepRow& row : prompt(c.first_slot + s, each, number, wants)) c.rows.push_back(row);
      c.work.add(decisions, keeps, held, each, decodes ? Phase::decode : Phase::prefill, result_.windows);
    }
    c.work.wanted = wanted;
    return c;
  }
  // Decisions that apply `decision` to the sub-layers for which `chosen(u)` is true.
  template <class Chosen>
  [[nodiscard]] Decisions with(const SkipDecision& decision, Chosen chosen) const {
    Decisions d = all_;
    for (std::size_t u = 0; u < d.size(); ++u) {
      if (chosen(u)) d[u] = decision;
    }
    return d;
  }

  void make_cases() {
    constexpr SkipDecision skip{.skip = true};
    const Decisions none = with(skip, [](std::size_t) { return true; });
    for (const int n : result_.base.rows) {
      const int wanted = n <= most_wanted ? n : 0;
      cases_.push_back(make_case(none, n, 0));
      cases_.push_back(make_case(all_, n, 0));
      if (wanted > 0) cases_.push_back(make_case(all_, n, wanted));
      for (int g = 0; g < std::ssize(result_.sublayers); ++g) {
        const auto in_group = [&](std::size_t u) { return result_.groups[u] == g; };
        cases_.push_back(make_case(with(skip, in_group), n, n <= decoded ? wanted : 0));
      }
    }
    make_special_cases();
  }
  // Cases that need only a few row counts: half of the model skipped, long contexts, and costs that are linear in the
  // rows.
  void make_special_cases() {
    constexpr SkipDecision skip{.skip = true};
    for (const int n : {1, 4}) {
      for (const std::size_t odd : {0u, 1u}) {
        cases_.push_back(make_case(with(skip, [&](std::size_t u) { return u / 2 % 2 == odd; }), n, n));
      }
    }
    for (const int n : {1, long_slots, 16, 48}) cases_.push_back(make_case(all_, n, 1, true));
    for (const int n : result_.project.rows) {
      cases_.push_back(
          make_case(with({.skip = true, .kv = KvOnSkip::project}, [](std::size_t u) { return u % 2 == 0; }), n, 0));
    }
    for (const int n : {1, 16}) {
      cases_.push_back(make_case(
          with({.skip = true, .kv = KvOnSkip::copy_below}, [](std::size_t u) { return u % 2 == 0 && u > 0; }), n, 0));
      // A scale close to 1, so that values do not grow without limit.
      cases_.push_back(make_case(with({.skip = true, .scale = 1.001f}, [](std::size_t) { return true; }), n, 0));
      Case& judged = cases_.emplace_back(make_case(all_, n, n));
      judged.signals = options_.signals;
      judged.work.judged = n;
      Case& observed = cases_.emplace_back(make_case(all_, n, n));
      observed.stats = Stat::cosine;
      observed.work.observe();
    }
  }

  // Runs one step as BatchRunner does and returns its seconds.
  double run(const Case& c) {
    for (int s = c.first_slot; s < c.first_slot + c.n_slots; ++s) session_.cache().truncate(s, c.context);
    return seconds_of([&] {
      session_.step(c.rows, c.stats);
      stats_.resize(session_.logits().extent(0));
      session_.token_stats(stats_, c.signals);
      session_.read_moments(moments_);  // waits for the device, also if no moments were requested
      sums_.assign(all_.size(), MomentSums{});
      for (std::size_t i = 0; i < moments_.size(); ++i) sums_[i / c.rows.size()].add(moments_[i]);
    });
  }
  // Times the cases in rounds, so that a slow period of the machine affects all of them; short steps run more often.
  void time_cases() {
    const double start = now(), share = options_.seconds / static_cast<double>(cases_.size());
    for (bool again = true; again;) {
      again = false;
      for (Case& c : cases_) {
        if (c.samples.size() >= least_repeats && c.spent >= share) continue;
        again = true;
        // A decoded token follows tokens under the same decisions, so the caches already hold what it reads: run the
        // step once more before it is timed.
        if (std::ssize(c.rows) == c.n_slots) c.spent += run(c);
        c.samples.push_back(run(c));
        c.spent += c.samples.back();
      }
      if (options_.on_progress) options_.on_progress(std::min((now() - start) / options_.seconds, 0.99));
    }
  }

  [[nodiscard]] double forked_entry() {
    std::vector<double> samples;
    for (int i = 0; i < 9; ++i) {
      samples.push_back(seconds_of([&] { session_.cache().fork(long_slot, prompt_slot, long_context); }));
    }
    return typical(std::move(samples)) / (static_cast<double>(long_context) * n_layers());
  }
  // Seconds of one segment's decisions, measured with the skip policy that plans use.
  [[nodiscard]] double segment() {
    skip::Static policy;
    policy.stages["all"].insert({Unit::mlp, 0});
    const auto state =
        policy.begin(RequestInfo{.n_layers = n_layers(), .stage = 0, .stage_name = "all", .max_new_tokens = 1});
    std::vector<double> samples;
    for (int i = 0; i < 99; ++i) {
      samples.push_back(seconds_of([&] {
        static_cast<void>(session_.decisions().number_of(decide_all(policy, state, StepInfo{}, n_layers())));
      }));
    }
    return typical(std::move(samples));
  }
  [[nodiscard]] double token() {
    std::vector<double> samples;
    for (int i = 0; i < 9; ++i) {
      std::size_t n = 0;
      const double seconds = seconds_of([&] { n = options_.encode(); });
      samples.push_back(seconds / static_cast<double>(std::max<std::size_t>(n, 1)));
    }
    return typical(std::move(samples));
  }

  ProbeOptions options_;
  Session<B> session_;
  Decisions all_;  // full depth
  LatencyModel result_;
  std::vector<Case> cases_;
  std::vector<TokenStats> stats_;
  std::vector<Moments<typename B::Real>> moments_;
  std::vector<MomentSums> sums_;  // [2 * n_layers]
};

// Measures the latency model for this backend and model on this machine, which should be idle.
template <Backend B>
[[nodiscard]] LatencyModel measure_latency(const LanguageModel<B>& model, ProbeOptions options = {}) {
  return LatencyProbe<B>(model, std::move(options)).measure();
}

}  // namespace litestage::calibrate
