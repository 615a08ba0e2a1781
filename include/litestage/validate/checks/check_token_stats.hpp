// Compares the token statistics computed by the device with the same statistics of the same logits in double. Rows are
// so long that several blocks share one.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "litestage/backend/gpu/operations/gpu_options.hpp"
#include "litestage/backend/reference/reference_backend.hpp"
#include "litestage/backend/reference/row_operations.hpp"
#include "litestage/engine/session.hpp"
#include "litestage/validate/small_config.hpp"
#include "litestage/validate/synthetic_model.hpp"

namespace litestage::validation {

struct StatsCheck {
  std::size_t rows = 0, vocab = 0;
  double largest = 0;  // largest difference as a multiple of the tolerance
  bool same_tokens = true;

  [[nodiscard]] bool passed() const { return largest <= 1 && same_tokens; }
};

// Adds the differences of one row to the check. A sum of n exponentials of rounded arguments, each with an error of two
// units in the last place, has a relative error of up to (n + 16) 2^-24; the entropy has two such parts.
inline void compare_stats(StatsCheck& check, const TokenStats& found, const TokenStats& exact) {
  const double e = static_cast<double>(check.vocab + 16) * 0x1p-24;
  const auto compare = [&](float x, float y, double allowed) {
    const double part = std::abs(static_cast<double>(x) - static_cast<double>(y)) / allowed;
    check.largest = std::isnan(part) ? std::numeric_limits<double>::infinity() : std::max(check.largest, part);
  };
  check.same_tokens = check.same_tokens && found.token == exact.token && found.max_logit == exact.max_logit &&
                      found.finite == exact.finite;
  compare(found.max_prob, exact.max_prob, e);
  compare(found.margin, exact.margin, 2 * e);
  compare(found.entropy, exact.entropy, 2 * e * (1 + static_cast<double>(exact.entropy)));
  compare(found.log_prob, exact.log_prob, e);
  for (std::size_t i = 0; i < TokenStats::max_top; ++i) compare(found.top_log_probs[i], exact.top_log_probs[i], 2 * e);
}

// make(options) makes a GPU backend, emulated or real.
template <class Make>
[[nodiscard]] StatsCheck check_token_stats(const Make& make, int vocab) {
  ModelConfig config = small_config(DType::q8_0);
  config.n_layers = 1;
  if (!config.layer_kinds.empty()) config.layer_kinds.resize(1);
  config.vocab = vocab;
  auto backend = make(GpuOptions{});
  const auto model = load(backend, synthetic_model(config, DType::q8_0));
  Session session(backend, model, {.slots = 16, .capacity = 2});
  std::vector<StepRow> rows;
  for (int slot = 0; slot < 16; ++slot) {
    rows.push_back(
        {.token = 7 * slot % vocab, .slot = slot, .decisions = session.skip_nothing(), .wants_logits = true});
  }
  session.step(rows);
  std::vector<TokenStats> found(rows.size());
  session.token_stats(found, all_signals);
  StatsCheck check{rows.size(), static_cast<std::size_t>(vocab)};
  std::vector<float> logits;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    session.read_logits(i, logits);
    const std::vector<double> exact(logits.begin(), logits.end());
    compare_stats(check, found[i], reference::stats_of(exact, all_signals));
  }
  return check;
}

}  // namespace litestage::validation
