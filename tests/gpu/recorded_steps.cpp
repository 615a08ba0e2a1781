// Recorded steps: which steps are recorded, and that a replay has the same results as the step.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "common/close.hpp"
#include "common/rounding_bound.hpp"
#include "common/sequences.hpp"
#include "gpu/emulated_backend.hpp"
#include "litestage/backend/gpu/recording/step_cache.hpp"
#include "litestage/backend/reference/row_operations.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

[[nodiscard]] ModelConfig small_config() {
  ModelConfig config = tiny_config(DType::f32);
  config.n_layers = 2;
  config.n_heads = 2;
  config.n_kv_heads = 1;
  config.hidden = config.ffn = 32;
  config.vocab = 61;
  return config;
}

[[nodiscard]] ModelSource small_model() {
  return tiny_model(small_config(), {.seed = 2, .dtype = DType::f32});
}

// A backend with a loaded model and sequences.
struct Lab {
  explicit Lab(const GpuOptions& options, std::size_t slots = 4, std::size_t capacity = 400)
      : backend(options, kernels::emulator::Schedule{}, false),
        model(load(backend, small_model())),
        session(backend, model, {slots, capacity, KvType::f16}) {}

  [[nodiscard]] StepRow row(int slot, int token, const Decisions& decisions = Decisions(4)) {
    return {token, slot, session.decisions().number_of(decisions), true};
  }
  // The logits of all rows.
  [[nodiscard]] std::vector<float> step(const std::vector<StepRow>& rows) {
    session.step(rows);
    std::vector<float> all, one;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      session.read_logits(i, one);
      all.insert(all.end(), one.begin(), one.end());
    }
    return all;
  }
  // Bytes of the device's memory.
  [[nodiscard]] std::size_t allocated() { return backend.runtime().emulator().memory().allocated(); }
  EmulatedBackend backend;
  Model<EmulatedBackend> model;
  Session<EmulatedBackend> session;
};

[[nodiscard]] GpuOptions recording(std::size_t kept) {
  GpuOptions options;
  options.recorded_steps = kept;
  options.verify_replays = true;
  return options;
}

// Statistics against those of exact logits, from which the backend's are at most w away. Logarithms of probabilities
// then change by 2 w, and entropy by the sum of p |log p + H| w, which is at most 2 H w; both to first order. Their own
// roundings are the smaller part.
void check_against(const TokenStats& found, const Bounded& b, std::size_t sequence, std::size_t token) {
  const std::vector<double>&row = b.exact[sequence][token], &bound = b.bound[sequence][token];
  const std::ptrdiff_t vocab = small_config().vocab;
  const TokenStats exact = reference::stats_of(std::vector<double>(row.begin(), row.begin() + vocab), all_signals);
  const double w = *std::max_element(bound.begin(), bound.begin() + vocab) + 0x1p-18;
  CHECK(w < 1e-3);
  const auto close_to = [](float found_number, float exact_number, double allowed) {
    return close(static_cast<double>(found_number), static_cast<double>(exact_number), allowed);
  };
  CHECK(found.token == exact.token);
  CHECK(close_to(found.max_logit, exact.max_logit, w));
  CHECK(close_to(found.max_prob, exact.max_prob, 2.01 * w));
  CHECK(close_to(found.margin, exact.margin, 2 * 2.01 * w));
  CHECK(close_to(found.entropy, exact.entropy, 2.01 * w * (1 + static_cast<double>(exact.entropy))));
  CHECK(close_to(found.log_prob, exact.log_prob, 2.01 * w));
  CHECK(all_close(found.top_log_probs, exact.top_log_probs, 2.01 * w));
}

// Statistics against those of the same logits in double. A sum of n terms, each an exponential of two units' error and
// of an argument that was rounded, errs by (n + 16) 2^-24 of itself; the entropy by that for each of its two parts.
void check_own_logits(const TokenStats& found, const std::vector<double>& logits) {
  const TokenStats exact = reference::stats_of(logits, all_signals);
  const double e = static_cast<double>(logits.size() + 16) * 0x1p-24;
  CHECK(found.token == exact.token);
  CHECK(found.max_logit == exact.max_logit);
  CHECK(close(static_cast<double>(found.max_prob), static_cast<double>(exact.max_prob), e));
  CHECK(close(static_cast<double>(found.margin), static_cast<double>(exact.margin), 2 * e));
  CHECK(close(static_cast<double>(found.entropy), static_cast<double>(exact.entropy),
              2 * e * (1 + static_cast<double>(exact.entropy))));
  CHECK(close(static_cast<double>(found.log_prob), static_cast<double>(exact.log_prob), e));
  CHECK(all_close(found.top_log_probs, exact.top_log_probs, 2 * e));
}

}  // namespace

TEST_CASE("recorded steps: a step is recorded when it comes the second time, and replayed from then on") {
  Lab lab(recording(8));
  lab.backend.runtime().keep_calls(true);
  std::vector<gpu::EmulatedRuntime::Call> first;
  for (int t = 0; t < 5; ++t) {
    static_cast<void>(lab.backend.runtime().take_calls());
    static_cast<void>(lab.step({lab.row(0, t)}));
    const auto calls = lab.backend.runtime().take_calls();
    if (t == 0) first = calls;
    // Memory grows in the first step, and the second is then as new as the first.
    CHECK(lab.backend.replays() == static_cast<std::size_t>(std::max(0, t - 1)));
    if (t > 0) CHECK(calls == first);  // tokens, positions and entries are numbers in memory
  }
  CHECK(first.size() == 1 + 2 * 5 + 2);  // embedding, five a layer, logits and their summary
}

TEST_CASE("recorded steps: a skipped sub-layer is not in the recording") {
  Lab lab(recording(8));
  lab.backend.runtime().keep_calls(true);
  const auto launches = [&](const Decisions& decisions) {
    std::size_t n = 0;
    for (int t = 0; t < 3; ++t) {
      static_cast<void>(lab.backend.runtime().take_calls());
      static_cast<void>(lab.step({lab.row(1, t, decisions)}));
      n = lab.backend.runtime().take_calls().size();
    }
    return n;
  };
  Decisions decisions(4);
  const std::size_t all = launches(decisions);
  decisions[0].skip = true;  // an attention: three launches
  CHECK(launches(decisions) == all - 3);
  decisions[3].skip = true;  // an MLP: two
  CHECK(launches(decisions) == all - 5);
  decisions[1] = decisions[2] = decisions[0];
  CHECK(launches(decisions) == 3);
}

TEST_CASE("recorded steps: a new one for each power of two of chunks of context") {
  Lab lab(recording(8));
  std::size_t before = 0, allocated = 0;
  std::vector<int> recorded;  // lengths at which a step was not a replay
  for (int t = 0; t < 300; ++t) {
    static_cast<void>(lab.step({lab.row(2, t % 61)}));
    if (lab.backend.replays() == before) recorded.push_back(t);
    before = lab.backend.replays();
    if (t == 0) allocated = lab.allocated();
    CHECK(lab.allocated() == allocated);
  }
  // The first twice: memory grows in step 0, and not with the context.
  CHECK(recorded == std::vector<int>{0, 1, 128, 256});
}

TEST_CASE("recorded steps: a thousand random steps write what they would write unrecorded, to the bit") {
  for (const std::size_t kept : {std::size_t{64}, std::size_t{3}}) {
    Lab recorded(recording(kept)), plain(recording(0));
    Random random(9);
    std::array<Decisions, 5> masks;
    for (Decisions& mask : masks) {
      mask = random_decisions(random, 2);
      // A step that copies entries is never recorded.
      for (SkipDecision& d : mask) d.kv = d.kv == KvOnSkip::copy_below ? KvOnSkip::none : d.kv;
    }
    for (int i = 0; i < (kept == 64 ? 1000 : 200); ++i) {
      std::vector<StepRow> rows, same;
      for (int slot = 0; slot < 4; ++slot) {
        if (recorded.session.cache().length(slot) >= 398 || random.below(60) == 0) {
          const int length = static_cast<int>(random.below(150));
          for (Lab* lab : {&recorded, &plain}) {
            if (lab->session.cache().length(slot) > length) lab->session.cache().truncate(slot, length);
          }
        }
        if (random.below(80) == 0) {
          const int from = (slot + 1) % 4, length = recorded.session.cache().length(from) / 2;
          recorded.session.cache().fork(from, slot, length);
          plain.session.cache().fork(from, slot, length);
        }
        if (random.below(3) == 0) continue;
        const int token = static_cast<int>(random.below(61));
        const Decisions& mask = masks[random.below(random.below(2) == 0 ? 1 : 5)];
        rows.push_back(recorded.row(slot, token, mask));
        same.push_back(plain.row(slot, token, mask));
      }
      if (rows.empty()) continue;
      REQUIRE(same_bits(recorded.step(rows), plain.step(same)));
    }
    CHECK(plain.backend.replays() == 0);
    CHECK(recorded.backend.replays() > (kept == 64 ? 500u : 10u));
  }
}

TEST_CASE("recorded steps: after a fork the same recording serves, and writes what the fork's entries make of it") {
  Lab recorded(recording(8)), plain(recording(0));
  const auto step = [&](int slot, int token) {
    return same_bits(recorded.step({recorded.row(slot, token)}), plain.step({plain.row(slot, token)}));
  };
  for (int t = 0; t < 5; ++t) REQUIRE(step(0, t));
  // Memory grows in the first fork, which costs a recording.
  for (Lab* lab : {&recorded, &plain}) lab->session.cache().fork(0, 2, 4);
  for (int t = 0; t < 3; ++t) REQUIRE(step(1, 20 + t));
  const std::size_t before = recorded.backend.replays();
  for (Lab* lab : {&recorded, &plain}) lab->session.cache().fork(0, 1, 4);
  const std::vector<float> same_place = plain.step({plain.row(0, 50)});
  CHECK(same_bits(recorded.step({recorded.row(0, 50)}), same_place));
  // Slot 1 now holds the first four tokens of slot 0, all of them copied by the fork.
  const std::vector<float> forked = recorded.step({recorded.row(1, 4)});
  CHECK(same_bits(forked, plain.step({plain.row(1, 4)})));
  const std::vector<float> next = recorded.step({recorded.row(1, 50)});
  CHECK(same_bits(next, plain.step({plain.row(1, 50)})));
  CHECK(same_bits(next, same_place));
  CHECK(recorded.backend.replays() == before + 3);
}

TEST_CASE("recorded steps: memory that moves makes them worthless") {
  Lab lab(recording(8));
  for (int t = 0; t < 3; ++t) static_cast<void>(lab.step({lab.row(0, t)}));
  const std::size_t before = lab.backend.replays();
  std::vector<StepRow> many;
  for (int t = 0; t < 12; ++t) many.push_back(lab.row(1, t));
  static_cast<void>(lab.step(many));  // larger buffers
  static_cast<void>(lab.step({lab.row(0, 3)}));
  CHECK(lab.backend.replays() == before);
  static_cast<void>(lab.step({lab.row(0, 4)}));
  CHECK(lab.backend.replays() == before + 1);
}

TEST_CASE("recorded steps: token statistics belong to the step that was replayed") {
  std::vector<Sequence> sequences(2);
  Steps steps;
  for (std::size_t t = 0; t < 6; ++t) {
    for (std::size_t s = 0; s < 2; ++s) {
      sequences[s].tokens.push_back(static_cast<int>(s == 0 ? 3 * t : 5 * t + 1));
      sequences[s].decisions.push_back(Decisions(4));
    }
    steps.push_back({{0, t}, {1, t}});
  }
  const Bounded expected = bounded(small_model(), KvType::f16, sequences, steps, kernel_rounding);
  Lab lab(recording(8));
  std::vector<float> logits;
  for (std::size_t t = 0; t < 6; ++t) {
    lab.session.step(std::vector<StepRow>{lab.row(0, sequences[0].tokens[t]), lab.row(1, sequences[1].tokens[t])});
    std::array<TokenStats, 2> found;
    lab.session.token_stats(found, all_signals);
    for (std::size_t s = 0; s < 2; ++s) {
      check_against(found[s], expected, s, t);
      lab.session.read_logits(s, logits);
      check_own_logits(found[s], {logits.begin(), logits.end()});
    }
  }
  CHECK(lab.backend.replays() == 4);
}

TEST_CASE("recorded steps: a token is read back in one copy") {
  Lab lab(recording(8));
  for (int t = 0; t < 5; ++t) {
    static_cast<void>(lab.backend.runtime().take_read_backs());
    lab.session.step(std::vector<StepRow>{lab.row(0, t)});
    std::array<TokenStats, 1> stats;
    lab.session.token_stats(stats, Signal::max_prob | Signal::margin | Signal::entropy);
    CHECK(lab.backend.runtime().take_read_backs() == 1);
  }
}

TEST_CASE("recorded steps: a session's token statistics are not those of another one") {
  Lab lab(recording(8));
  Session<EmulatedBackend> other(lab.backend, lab.model, {1, 400, KvType::f16});
  const auto step = [&](int token, bool wants_logits) {
    other.step(std::vector<StepRow>{{token, 0, other.skip_nothing(), wants_logits}});
  };
  for (int t = 0; t < 3; ++t) {
    step(t, false);  // no logits, and so nothing to summarise; in the end replayed
    lab.session.step(std::vector<StepRow>{lab.row(0, 7 * t)});
    step(t + 20, false);
    step(t + 40, true);
    step(t + 50, false);
    std::array<TokenStats, 1> own;
    lab.session.token_stats(own, static_cast<Signal>(63));
    std::vector<float> logits;
    lab.session.read_logits(0, logits);
    check_own_logits(own[0], {logits.begin(), logits.end()});
  }
  CHECK(lab.backend.replays() > 0);
}

TEST_CASE("step cache: the least recently used entry goes") {
  gpu::StepCache<int> cache(2);
  const gpu::StepKey a{1}, b{2}, c{3};
  CHECK(!cache.find(a).seen);
  CHECK(cache.find(a).seen);
  cache.put(10);
  CHECK(!cache.find(b).seen);
  REQUIRE(cache.find(a).recording != nullptr);
  CHECK(*cache.find(a).recording == 10);
  CHECK(!cache.find(c).seen);  // pushes b out
  CHECK(cache.find(a).seen);
  CHECK(!cache.find(b).seen);
  CHECK(cache.size() == 2);
  cache.clear();
  CHECK(!cache.find(a).seen);
}
