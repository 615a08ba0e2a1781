// Runs a whole model on two backends over the same tokens, and compares their logits.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "litestage/backend/cpu/cpu_backend.hpp"
#include "litestage/core/split_mix64.hpp"
#include "litestage/core/threads/thread_team.hpp"
#include "litestage/engine/session.hpp"
#include "litestage/validate/check_progress.hpp"

namespace litestage::validation {

using LogitRows = std::vector<std::vector<float>>;  // [positions][vocab]

[[nodiscard]] inline std::size_t likeliest(const std::vector<float>& logits) {
  return std::max_element(logits.begin(), logits.end()) - logits.begin();
}

// Decodes token by token. next(i, rows) returns the token at position i, given the logits of the earlier positions.
template <Backend B, class Next>
[[nodiscard]] LogitRows decode_rows(B& backend, const Model<B>& model, std::size_t positions, const Next& next,
                                    const CheckProgress& progress) {
  Session<B> session(backend, model, {.capacity = positions});
  const int all = session.skip_nothing();
  LogitRows rows;
  for (std::size_t i = 0; i < positions; ++i) {
    progress.ask();
    const int token = next(i, rows);
    session.step(std::vector<StepRow>{{.token = token, .decisions = all, .wants_logits = true}});
    session.read_logits(0, rows.emplace_back());
  }
  return rows;
}
template <Backend B>
[[nodiscard]] LogitRows decode_rows(B& backend, const Model<B>& model, const std::vector<int>& tokens,
                                    const CheckProgress& progress) {
  const auto next = [&](std::size_t i, const LogitRows&) { return tokens[i]; };
  return decode_rows(backend, model, tokens.size(), next, progress);
}
// Runs all tokens in one step.
template <Backend B>
[[nodiscard]] LogitRows prefill_rows(B& backend, const Model<B>& model, const std::vector<int>& tokens) {
  Session<B> session(backend, model, {.capacity = tokens.size()});
  std::vector<StepRow> step;
  for (const int token : tokens)
    step.push_back({.token = token, .decisions = session.skip_nothing(), .wants_logits = true});
  session.step(step);
  LogitRows rows(tokens.size());
  for (std::size_t i = 0; i < rows.size(); ++i) session.read_logits(i, rows[i]);
  return rows;
}

// The tokens and logits of the CPU backend: four random tokens, then the most probable token at each step.
struct CpuRun {
  std::vector<int> tokens;
  LogitRows logits;
};
[[nodiscard]] inline CpuRun run_on_cpu(const ModelSource& source, int threads, std::size_t positions,
                                       const CheckProgress& progress) {
  CpuBackend backend(CpuOptions{threads});
  const std::string refusal = backend.team().refusal();
  if (!refusal.empty() && progress.on_warning) progress.on_warning(refusal);
  const auto model = load(backend, source);
  constexpr std::size_t random_tokens = 4;
  CpuRun run;
  SplitMix64 random(17);
  const auto next = [&](std::size_t i, const LogitRows& before) {
    const std::size_t token = i < random_tokens ? random.below(source.config.vocab) : likeliest(before.back());
    run.tokens.push_back(static_cast<int>(token));
    return run.tokens.back();
  };
  run.logits = decode_rows(backend, model, positions, next, progress);
  return run;
}

// Our own bounds on the effect of rounding the inputs of products on the logits of a whole model. The CPU backend
// rounds as our own GPU kernels do, but sums in a different order: on SmolLM2-135M the emulated GPU differs from it by
// 1 %. Products of cuBLAS round differently: the CPU's rounding moves some rows of that model by 6 % from the
// reference, and rows of random weights of its shape by 2 %. These bounds find a missing layer; the kernel checks find
// smaller errors.
inline constexpr double allowed_of_own_kernels = 0.05, allowed_of_cublas = 0.15;

struct RowsCompared {
  double largest_difference = 0;  // between two logits
  double largest_error = 0;  // the largest relative error of a row: length of the difference over length of the row
  std::size_t same_likeliest = 0, positions = 0;

  double allowed_error = 0;  // bound on largest_error

  [[nodiscard]] bool passed() const { return largest_error <= allowed_error; }
};

[[nodiscard]] inline RowsCompared compare_rows(const LogitRows& found, const LogitRows& expected, double allowed) {
  RowsCompared c;
  c.allowed_error = allowed;
  c.positions = expected.size();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    double error = 0, length = 0;
    for (std::size_t k = 0; k < expected[i].size(); ++k) {
      const double value = expected[i][k], d = found[i][k] - value;
      error += d * d;
      length += value * value;
      c.largest_difference = std::max(c.largest_difference, std::abs(d));
    }
    const double part = std::sqrt(error / length);
    c.largest_error = std::isfinite(part) ? std::max(c.largest_error, part) : std::numeric_limits<double>::infinity();
    if (likeliest(found[i]) == likeliest(expected[i])) ++c.same_likeliest;
  }
  return c;
}

}  // namespace litestage::validation
