// Token sequences under random decisions, the steps that they are cut into, and the numbers that a backend computes for
// them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "litestage/core/split_mix64.hpp"
#include "litestage/engine/session.hpp"
#include "litestage/validate/check_progress.hpp"

namespace litestage::validation {

struct Sequence {
  std::vector<int> tokens;
  std::vector<Decisions> decisions;  // [tokens]
};
// One row of a step: sequence i is fed to slot i.
struct Feed {
  std::size_t sequence, position;
};
using Steps = std::vector<std::vector<Feed>>;

// The logits of a row, then the moments (dot, before, after) of every sub-layer that ran and of every layer. A double
// holds every float, so two rows of a float backend are equal only if their bits are.
using RowNumbers = std::vector<double>;
using Numbers = std::vector<std::vector<RowNumbers>>;  // [sequences][positions]

// Every sub-layer is skipped with probability 0.4, with a random scale and a random KvOnSkip.
[[nodiscard]] inline Decisions random_decisions(SplitMix64& random, int n_layers) {
  constexpr float scales[] = {1, 1, 0.5f, 1.375f, 0};
  Decisions decisions(2 * n_layers);
  for (SkipDecision& d : decisions) {
    if (random.below(10) >= 4) continue;
    d.skip = true;
    d.scale = scales[random.below(5)];
    d.kv = static_cast<KvOnSkip>(random.below(3));
  }
  return decisions;
}

// Sixteen short sequences, for steps of up to sixteen rows, and a long one. Half of the rows skip nothing.
inline constexpr std::size_t short_sequences = 16, short_length = 2;

[[nodiscard]] inline std::vector<Sequence> random_sequences(const ModelConfig& c, std::size_t long_length,
                                                            std::uint64_t seed) {
  SplitMix64 random(seed);
  std::vector<Sequence> sequences(short_sequences + 1);
  for (std::size_t s = 0; s < sequences.size(); ++s) {
    for (std::size_t t = 0; t < (s < short_sequences ? short_length : long_length); ++t) {
      sequences[s].tokens.push_back(static_cast<int>(random.below(c.vocab)));
      sequences[s].decisions.push_back(random.below(2) == 0 ? Decisions(c.n_sublayers())
                                                            : random_decisions(random, c.n_layers));
    }
  }
  return sequences;
}

// Steps of up to `rows` rows: first one token of each of `rows` short sequences, then `rows` tokens of the long one.
[[nodiscard]] inline Steps steps_of(const std::vector<Sequence>& sequences, std::size_t rows) {
  Steps steps;
  for (std::size_t first = 0; first < short_sequences; first += rows) {
    for (std::size_t t = 0; t < short_length; ++t) {
      steps.emplace_back();
      for (std::size_t s = first; s < std::min(first + rows, short_sequences); ++s) steps.back().push_back({s, t});
    }
  }
  for (std::size_t t = 0; t < sequences.back().tokens.size(); ++t) {
    if (t % rows == 0) steps.emplace_back();
    steps.back().push_back({short_sequences, t});
  }
  return steps;
}

template <Backend B>
[[nodiscard]] Numbers run_steps(Session<B>& session, const std::vector<Sequence>& sequences, const Steps& steps,
                                const CheckProgress& progress) {
  Numbers numbers(sequences.size());
  std::vector<StepRow> rows;
  std::vector<Moments<typename B::Real>> measured, of_layers;
  std::vector<typename B::Real> logits;
  for (const std::vector<Feed>& step : steps) {
    progress.ask();
    rows.clear();
    for (const Feed& f : step) {
      const Sequence& s = sequences[f.sequence];
      rows.push_back({.token = s.tokens[f.position],
                      .slot = static_cast<int>(f.sequence),
                      .decisions = session.decisions().number_of(s.decisions[f.position]),
                      .wants_logits = true});
    }
    session.step(rows, Stat::cosine | Stat::layer_cosine);
    session.read_moments(measured);
    session.read_layer_moments(of_layers);
    for (std::size_t i = 0; i < step.size(); ++i) {
      session.read_logits(i, logits);
      RowNumbers row(logits.begin(), logits.end());
      const auto add = [&](const auto& m) {
        for (const auto number : {m.dot, m.before, m.after}) row.push_back(number);
      };
      const Decisions& decisions = sequences[step[i].sequence].decisions[step[i].position];
      for (std::size_t u = 0; u < decisions.size(); ++u) {
        if (!decisions[u].skip) add(measured[u * step.size() + i]);
        if (u % 2 == 1) add(of_layers[u / 2 * step.size() + i]);
      }
      numbers[step[i].sequence].push_back(std::move(row));
    }
  }
  return numbers;
}

// Loads `source` and runs the steps in a new session.
template <Backend B>
[[nodiscard]] Numbers run_model(B& backend, const ModelSource& source, KvType kv,
                                const std::vector<Sequence>& sequences, const Steps& steps,
                                const CheckProgress& progress) {
  const Model<B> model = load(backend, source);
  Session<B> session(backend, model, {.slots = sequences.size(), .capacity = sequences.back().tokens.size(), .kv = kv});
  return run_steps(session, sequences, steps, progress);
}

}  // namespace litestage::validation
