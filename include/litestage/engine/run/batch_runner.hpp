// Runs many requests in one ragged batch: each step takes rows from all of them, in any phase. On `cpu` and `reference`
// the results of a request do not depend on the other requests of the batch, to the bit.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "litestage/engine/run/stage_run.hpp"

namespace litestage {

template <Backend B>
class BatchRunner {
 public:
  using Run = StageRun<B>;

  // A step holds at most `step_rows` rows, or one row of each branch if there are more branches than that. Larger steps
  // prefill faster, but branches that decode in the same step wait longer.
  BatchRunner(Session<B>& session, std::size_t step_rows) : session_(&session), step_rows_(step_rows) {}

  // One forward step of these requests, none of which is done.
  void step(std::span<Run* const> runs) {
    rows_.clear();
    Stat stats = Stat::none;
    Signal signals = Signal::none;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      // Keeps one row free for each branch of the later requests, so that decoding never waits for the long prompt of
      // a different request.
      std::size_t later = 0;
      for (std::size_t k = i + 1; k < runs.size(); ++k) later += runs[k]->least_rows();
      const std::size_t taken = rows_.size() + later, least = runs[i]->least_rows();
      runs[i]->collect(rows_, step_rows_ > taken + least ? step_rows_ - taken : least);
      stats = stats | runs[i]->stats();
      signals = signals | runs[i]->signals();
    }
    session_->step(rows_, stats);
    read(stats, signals);
    std::size_t next_logits = 0;
    for (Run* run : runs) run->consume(results_, next_logits);
  }

 private:
  void read(Stat stats, Signal signals) {
    results_.n_rows = rows_.size();
    results_.tokens.resize(session_->logits().extent(0));
    session_->token_stats(results_.tokens, signals);
    results_.moments.clear();
    results_.layer_moments.clear();
    if (any(stats & (Stat::cosine | Stat::norm_ratio))) session_->read_moments(results_.moments);
    if (any(stats & Stat::layer_cosine)) session_->read_layer_moments(results_.layer_moments);
  }

  Session<B>* session_;
  std::size_t step_rows_;
  std::vector<StepRow> rows_;
  StepResults<typename B::Real> results_;
};

}  // namespace litestage
