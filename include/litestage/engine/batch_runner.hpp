// Runs many requests in one ragged batch: each step takes rows from all of them, whatever phase they are in. On `cpu`
// and `reference` what a request writes does not depend on its company, to the bit.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "litestage/engine/stage_run.hpp"

namespace litestage {

template <Backend B, class Skip, class Exit, class Observer>
class BatchRunner {
 public:
  using Run = StageRun<B, Skip, Exit, Observer>;

  // A step holds at most `step_rows` rows, or one of every branch if those are more. Larger steps prefill faster, at
  // the price of longer waits for those who decode beside them.
  BatchRunner(Session<B>& session, const Exit& exit, std::size_t step_rows)
      : session_(&session), signals_(signals_read(exit)), step_rows_(step_rows) {}

  // One forward step for these requests, none of which is done.
  void step(std::span<Run* const> runs) {
    rows_.clear();
    bool moments = false;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      // Whoever comes later can still place one row a branch: decoding never waits for a neighbour's long prompt.
      std::size_t later = 0;
      for (std::size_t k = i + 1; k < runs.size(); ++k) later += runs[k]->least_rows();
      const std::size_t taken = rows_.size() + later, least = runs[i]->least_rows();
      runs[i]->collect(rows_, step_rows_ > taken + least ? step_rows_ - taken : least);
      moments = moments || runs[i]->reads_stats();
    }
    session_->step(rows_, moments);
    stats_.resize(session_->logits().extent(0));
    session_->token_stats(stats_, signals_);
    moments_.clear();
    if (moments) session_->read_moments(moments_);
    std::size_t next_logits = 0;
    for (Run* run : runs) run->consume(stats_, next_logits, moments_, rows_.size());
  }

 private:
  Session<B>* session_;
  Signal signals_;
  std::size_t step_rows_;
  std::vector<StepRow> rows_;
  std::vector<TokenStats> stats_;                   // [rows that wanted logits]
  std::vector<Moments<typename B::Real>> moments_;  // [2 * n_layers, rows]
};

}  // namespace litestage
