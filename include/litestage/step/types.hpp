// The vocabulary of policies: sub-layers, steps, what a policy reads of a step, and what it decides.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "litestage/core/enum_names.hpp"

namespace litestage {

inline constexpr float not_measured = std::numeric_limits<float>::quiet_NaN();

// ---- where ----

enum class Unit : std::uint8_t { attention, mlp };

// One residual branch of the transformer. Sub-layers are numbered bottom up: a0 m0 a1 m1 ...
struct Sublayer {
  Unit unit = Unit::attention;
  int layer = 0;

  [[nodiscard]] constexpr int index() const { return 2 * layer + (unit == Unit::mlp ? 1 : 0); }
  [[nodiscard]] static constexpr Sublayer at(int index) {
    return Sublayer{index % 2 == 0 ? Unit::attention : Unit::mlp, index / 2};
  }
  friend constexpr bool operator==(const Sublayer&, const Sublayer&) = default;
};

// ---- when ----

enum class Phase : std::uint8_t { prefill, decode };

// The phases in which a policy acts.
enum class Phases : std::uint8_t { both, prefill, decode };

template <>
struct EnumNames<Phases> {
  static constexpr std::array<std::string_view, 3> names = {"both", "prefill", "decode"};
};

[[nodiscard]] constexpr bool covers(Phases phases, Phase phase) {
  return phases == Phases::both || (phases == Phases::prefill) == (phase == Phase::prefill);
}

// One stage of one question.
struct RequestInfo {
  int n_layers = 0;
  int stage = 0;                // 0-based position in the schedule
  std::string_view stage_name;  // valid during the request
  int max_new_tokens = 0;       // cap of this stage
  std::string_view question{};  // id, valid during the request; tells observers the requests of a batch apart
};

// One forward step of a sequence. It does not depend on branches, chunks or the batch, so decisions do not either.
struct StepInfo {
  Phase phase = Phase::prefill;
  int step = 0;  // decode steps already done in this request; an exit policy gets the first token with the prefill's
};

// ---- what a skip policy decides ----

// The content of the K/V cache for this position where attention is skipped.
enum class KvOnSkip : std::uint8_t {
  none,       // no entry: later tokens do not see this position in this layer (our reading of the paper)
  project,    // K and V are computed and stored; only attention itself is skipped
  copy_below  // a copy of the entry of the nearest lower layer with the same RoPE that has one, or none (Unified's
              // code)
};

template <>
struct EnumNames<KvOnSkip> {
  static constexpr std::array<std::string_view, 3> names = {"none", "project", "copy_below"};
};

struct SkipDecision {
  bool skip = false;
  float scale = 1;  // factor for a skipped sub-layer: x := scale * x (AdaSkip's compensation); ignored unless `skip`
  KvOnSkip kv = KvOnSkip::none;
  friend bool operator==(const SkipDecision&, const SkipDecision&) = default;
};

// ---- what policies read ----

// Bit sets: a policy declares what it reads, and only that is computed.
enum class Stat : std::uint8_t { none = 0, cosine = 1, norm_ratio = 2, layer_cosine = 4 };
// A new signal also needs a field in TokenStats and its formula in step/token_stats.hpp; docs/design.md lists the
// files.
enum class Signal : std::uint8_t {
  none = 0,
  max_logit = 1,
  max_prob = 2,
  margin = 4,
  entropy = 8,
  top_log_probs = 16,
  log_prob = 32
};

constexpr Stat operator|(Stat a, Stat b) {
  return static_cast<Stat>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr Stat operator&(Stat a, Stat b) {
  return static_cast<Stat>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}
constexpr bool any(Stat s) {
  return s != Stat::none;
}
constexpr Signal operator|(Signal a, Signal b) {
  return static_cast<Signal>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr Signal operator&(Signal a, Signal b) {
  return static_cast<Signal>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}
constexpr bool any(Signal s) {
  return s != Signal::none;
}
inline constexpr Signal all_signals =
    Signal::max_logit | Signal::max_prob | Signal::margin | Signal::entropy | Signal::top_log_probs | Signal::log_prob;

// How a sub-layer that ran changed the residual stream x -> y. Values that were not requested are NaN.
struct SublayerStats {
  float cosine = not_measured;  // cos(x, y); for a prefill the mean over its tokens
  // cos(x, y) of the last token of a prompt, or of the decoded token; measured whenever `cosine` is, except in the
  // report on a prefix that branches share: its last token is not the last of any prompt, so the value is NaN.
  float last_cosine = not_measured;
  float norm_ratio = not_measured;    // |y| / |x|; in a prefill the Frobenius norms over its tokens
  float layer_cosine = not_measured;  // only for the MLP: cos(x, y) of the whole layer, mean over the tokens
  // Tokens that this report covers: those of a prefill, or 1, or more where an exit policy injected words after a
  // token.
  int tokens = 0;
};

// Statistics of the token that was just chosen, computed in step/token_stats.hpp. Values that were not requested are
// NaN. Probabilities are the softmax over the whole vocabulary at temperature 1; logarithms are natural.
struct TokenStats {
  static constexpr std::size_t max_top = 32;

  int token = -1;                            // the token chosen
  bool finite = true;                        // whether every logit is finite; policies only see true
  float max_logit = not_measured;            // largest logit
  float max_prob = not_measured;             // probability of the likeliest token
  float margin = not_measured;               // probability of the likeliest token minus that of the second
  float entropy = not_measured;              // of the distribution, nats
  float log_prob = not_measured;             // of `token`
  std::array<float, max_top> top_log_probs;  // [max_top] of the likeliest tokens, descending; -inf past the vocabulary

  TokenStats() { top_log_probs.fill(not_measured); }
};

// ---- what an exit policy decides ----

enum class Verdict : std::uint8_t {
  go_on,
  inject,     // the policy's text is appended after this token, and the stage goes on for the tokens it allows
  stop_keep,  // the stage ends after this token
  stop_drop   // the stage ends and this token is discarded
};

}  // namespace litestage
