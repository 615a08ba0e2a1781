// A step that can be run any number of times, for measurements.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "litestage/engine/session.hpp"

namespace litestage::validation {

struct StepSetting {
  int sequences = 1;
  int context = 0;      // tokens of each sequence before the step
  int tokens = 1;       // tokens of each sequence in the step; the logits of the last one are wanted
  Decisions decisions;  // for all tokens of the step; empty: nothing is skipped
  Stat stat = Stat::none;
  Signal signals = Signal::max_prob;
};

[[nodiscard]] inline StepSetting token_at(int context, Decisions decisions = {}) {
  StepSetting setting;
  setting.context = context;
  setting.decisions = std::move(decisions);
  return setting;
}
[[nodiscard]] inline StepSetting token_of_each(int sequences, int context) {
  StepSetting setting = token_at(context);
  setting.sequences = sequences;
  return setting;
}
[[nodiscard]] inline StepSetting whole_prompt(int tokens) {
  StepSetting setting;
  setting.tokens = tokens;
  return setting;
}

template <Backend B>
class RepeatedStep {
 public:
  using Real = typename B::Real;

  // `backend` and `model` outlive this object.
  RepeatedStep(B& backend, const Model<B>& model, StepSetting setting)
      : backend_(&backend),
        setting_(std::move(setting)),
        session_(backend, model,
                 {.slots = size(setting_.sequences), .capacity = size(setting_.context + setting_.tokens)}),
        stats_(size(setting_.sequences)) {
    const int all = session_.skip_nothing();
    if (setting_.decisions.empty()) setting_.decisions.resize(size(model.config.n_sublayers()));
    const int decisions = session_.decisions().number_of(setting_.decisions);
    int token = 0;  // rows have different tokens if the vocabulary is large enough
    const auto rows_of = [&](int sequence, int n, int number) {
      std::vector<StepRow> rows;
      for (int i = 0; i < n; ++i) {
        rows.push_back({.token = token++ % model.config.vocab, .slot = sequence, .decisions = number});
      }
      return rows;
    };
    for (int s = 0; s < setting_.sequences; ++s) {
      if (setting_.context > 0) session_.step(rows_of(s, setting_.context, all));
      const std::vector<StepRow> rows = rows_of(s, setting_.tokens, decisions);
      rows_.insert(rows_.end(), rows.begin(), rows.end());
      rows_.back().wants_logits = true;
    }
  }

  // Runs the step and waits for its token statistics.
  void operator()() {
    for (int s = 0; s < setting_.sequences; ++s) session_.cache().truncate(s, setting_.context);
    session_.step(rows_, setting_.stat);
    session_.token_stats(stats_, setting_.signals);
  }
  // Waits for all work of the backend.
  void wait() {
    Real number;
    backend_->to_host(&number, session_.logits().data(), 1);
  }
  // The logits of the last token of the first sequence.
  [[nodiscard]] std::vector<Real> logits() {
    std::vector<Real> logits;
    session_.read_logits(0, logits);
    return logits;
  }

 private:
  [[nodiscard]] static std::size_t size(int n) { return static_cast<std::size_t>(n); }

  B* backend_;
  StepSetting setting_;
  Session<B> session_;
  std::vector<StepRow> rows_;
  std::vector<TokenStats> stats_;
};

}  // namespace litestage::validation
