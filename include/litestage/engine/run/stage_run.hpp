// One request: one stage of one question, with its parallel branches. It provides the rows to forward next and
// processes their results; it never runs a step itself, so that many requests can share one ragged batch.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "litestage/core/text/outside_text.hpp"
#include "litestage/engine/not_finite.hpp"
#include "litestage/engine/policy_calls.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/engine/run/branch.hpp"
#include "litestage/engine/run/generation.hpp"
#include "litestage/engine/run/stage_tally.hpp"
#include "litestage/engine/sampler.hpp"
#include "litestage/engine/segment.hpp"
#include "litestage/engine/session.hpp"
#include "litestage/engine/stage_request.hpp"
#include "litestage/prompt/any_tokenizer.hpp"

namespace litestage {

template <Backend B>
class StageRun {
 public:
  using Context = StageContext<B>;

  StageRun(const Context& context, std::unique_ptr<PolicyCalls> policies, StageRequest request)
      : context_(context),
        policies_(std::move(policies)),
        request_(std::move(request)),
        stats_(policies_->stats() | (scores() ? Stat::none : context.observer->stats())),
        prefix_(shared_prefix(request_.prompts)),
        tally_(request_, prefix_, config().n_sublayers()),
        generation_(context_, *policies_, info_, tally_) {
    info_ = {config().n_layers, request_.index, request_.stage.name, request_.stage.max_new_tokens, request_.question};
    check_lengths();
    for (std::size_t i = 0; i < request_.prompts.size(); ++i) {
      branches_.push_back(Branch{request_.slots[i], Segment{}, StopText(request_.stage.stop),
                                 Sampler(context_.options->sampler_of(request_.stage), stream_of(request_.stream, i)),
                                 request_.stage.max_new_tokens});
    }
    scores_.resize(request_.forced.size());
    log_probs_.resize(request_.forced.size());
    policies_->begin(info_, branches_.size());
    if (prefix_ > 0)
      begin_prefix();
    else
      for (std::size_t i = 0; i < branches_.size(); ++i) begin_prompt(i, 0);
  }
  StageRun(const StageRun&) = delete;  // info_ refers to request_
  StageRun& operator=(const StageRun&) = delete;

  [[nodiscard]] bool done() const {
    return std::all_of(branches_.begin(), branches_.end(), [](const Branch& b) { return b.stop.has_value(); });
  }
  // The statistics that policy and observer read, and the signals that policy and trace read.
  [[nodiscard]] Stat stats() const { return stats_; }
  [[nodiscard]] Signal signals() const {
    const Signal read = policies_->signals() | context_.options->trace.signals;
    return request_.forced.empty() ? read : read | Signal::log_prob;
  }

  // The number of branches that have tokens to forward.
  [[nodiscard]] std::size_t least_rows() const {
    return static_cast<std::size_t>(std::count_if(branches_.begin(), branches_.end(),
                                                  [](const Branch& b) { return !b.stop && !b.segment.complete(); }));
  }

  // Appends up to `budget` rows of this request to a step, branch by branch, and records which.
  void collect(std::vector<StepRow>& rows, std::size_t budget) {
    tally_.step_begins();
    slices_.clear();
    for (std::size_t i = 0; i < branches_.size(); ++i) {
      Segment& s = branches_[i].segment;
      const std::size_t n = std::min(s.tokens.size() - s.done, budget);
      if (branches_[i].stop || n == 0) continue;
      slices_.push_back({i, rows.size(), n});
      budget -= n;
      for (std::size_t k = 0; k < n; ++k) {
        const bool last = s.done + k + 1 == s.tokens.size();
        rows.push_back({s.tokens[s.done + k], branches_[i].slot, s.decisions, s.wants_logits && last});
      }
    }
  }

  // Processes the results of the step. The tokens of this request begin at `next_logits`, which is advanced past them.
  // Throws Error if the results are not finite.
  void consume(const StepResults<typename B::Real>& step, std::size_t& next_logits) {
    std::size_t ahead = 0, rows = 0;
    for (const RowSlice& slice : slices_) {
      rows += slice.n;
      if (branches_[slice.branch].ahead) ahead += slice.n;
    }
    tally_.step_ended(ahead, rows);
    for (const RowSlice& slice : slices_) {
      Segment& s = branches_[slice.branch].segment;
      SegmentSums::add<typename B::Real>(s.sums.sublayers, step.moments, step.n_rows, slice.first_row, slice.n);
      SegmentSums::add<typename B::Real>(s.sums.layers, step.layer_moments, step.n_rows, slice.first_row, slice.n);
      s.done += slice.n;
      if (s.complete()) end_segment(slice.branch, step, next_logits);
    }
  }

  // The report of the request; valid once done() is true. May be called once.
  [[nodiscard]] StageReport take_report() { return tally_.take_report(branches_); }
  // The logits of the tokens to score, or [branches] the mean log-probabilities of the forced tokens, in nats.
  [[nodiscard]] std::vector<float> take_scores() { return std::move(scores_); }
  // K/V positions of the branch that used most: its prompt and its answer except the last token, which is not
  // forwarded, or what a look-ahead added to them.
  [[nodiscard]] int positions() const {
    int most = 0;
    for (const Branch& b : branches_) most = std::max(most, b.positions);
    return most;
  }

 private:
  // Scoring is not a stage, so observers are not notified.
  [[nodiscard]] bool scores() const { return !request_.score_tokens.empty() || !request_.forced.empty(); }
  [[nodiscard]] const ModelConfig& config() const { return context_.session->config(); }
  [[nodiscard]] KvCache<B>& cache() { return context_.session->cache(); }

  // Lanes::no_room tells beforehand: pipelines and searches ask it, and start no request that would throw here.
  void check_lengths() const {
    const std::size_t capacity = context_.session->cache().index().capacity();
    LITESTAGE_ASSERT(request_.slots.size() >= request_.prompts.size(), request_.prompts.size(), " branches in ",
                     request_.slots.size(), " slots");
    LITESTAGE_ASSERT(request_.forced.empty() || request_.forced.size() == request_.prompts.size(),
                     request_.forced.size(), " forced texts of ", request_.prompts.size(), " branches");
    for (std::size_t i = 0; i < request_.prompts.size(); ++i) {
      LITESTAGE_ASSERT(!request_.prompts[i].empty(), "a prompt has at least one token");
      LITESTAGE_ASSERT(request_.forced.empty() || !request_.forced[i].empty(), "a branch has no forced tokens");
      const std::size_t least = least_positions(request_, i);
      if (least > capacity) {
        throw Error(concat("question ", shown(request_.question), ", stage ", shown(request_.stage.name),
                           ": the prompt has ", least, " tokens, expected at most ", capacity, " (the context)"));
      }
    }
  }

  // Starts the branch's next segment. `decisions` holds for the whole segment.
  void begin_segment(Branch& b, const StepInfo& step, std::vector<int> tokens, bool wants_logits, int decisions) {
    b.segment = Segment{step, decisions, std::move(tokens), 0, wants_logits, SegmentSums(stats_, config().n_layers)};
  }
  [[nodiscard]] int decide(std::size_t branch, const StepInfo& step) {
    return context_.session->decisions().number_of(policies_->decide(branch, step));
  }
  // How many of the tokens the slot already holds under these decisions; the rest of the slot is dropped. Returns 0 if
  // statistics are read, because they cannot be measured for positions that are not recomputed.
  [[nodiscard]] std::size_t held(int slot, std::span<const int> tokens, int decisions) {
    if (any(stats_)) {
      cache().truncate(slot, 0);
      return 0;
    }
    const auto n = static_cast<std::size_t>(cache().reuse(slot, tokens, decisions));
    count_tokens(decisions, n);
    return n;
  }

  void begin_prefix() {
    Branch& b = branches_[0];
    const std::span<const int> tokens(request_.prompts[0].data(), prefix_);
    const int decisions = decide(0, StepInfo{});
    const std::size_t n = held(b.slot, tokens, decisions);
    begin_segment(b, StepInfo{}, {tokens.begin() + static_cast<std::ptrdiff_t>(n), tokens.end()}, false, decisions);
    if (b.segment.complete()) end_prefix();
  }
  // The shared prefix is in branch 0's slot: copies it, and the skip state, to the other branches.
  void end_prefix() {
    for (std::size_t i = 1; i < branches_.size(); ++i) {
      cache().fork(branches_[0].slot, branches_[i].slot, static_cast<int>(prefix_));
    }
    policies_->fork();
    for (std::size_t i = 0; i < branches_.size(); ++i) begin_prompt(i, prefix_);
  }
  // Starts the branch's own part of its prompt, from token `from` on.
  void begin_prompt(std::size_t branch, std::size_t from) {
    Branch& b = branches_[branch];
    const std::vector<int>& prompt = request_.prompts[branch];
    const int decisions = decide(branch, StepInfo{});
    if (from == 0) from = held(b.slot, std::span<const int>(prompt.data(), prompt.size() - 1), decisions);
    begin_segment(b, StepInfo{}, {prompt.begin() + static_cast<std::ptrdiff_t>(from), prompt.end()}, true, decisions);
  }

  void count_tokens(int decisions, std::size_t n) { tally_.add_tokens(context_.session->decisions()[decisions], n); }

  // Processes a segment whose rows have all been forwarded.
  void end_segment(std::size_t branch, const StepResults<typename B::Real>& step, std::size_t& next_logits) {
    Branch& b = branches_[branch];
    const Segment& s = b.segment;
    b.positions = std::max(b.positions, cache().length(b.slot));
    check_finite(branch, !s.wants_logits || step.tokens[next_logits].finite);
    if (!b.ahead) {
      count_tokens(s.decisions, s.tokens.size());
      report_stats(branch);
    }
    if (!s.wants_logits) return end_prefix();
    const std::size_t row = next_logits++;
    if (!request_.forced.empty()) return force(branch, step.tokens[row], row);
    if (scores()) return score(branch, row);
    generate(branch, step.tokens[row], row);
  }
  // Throws Error if policies, observers and samplers would otherwise receive numbers that are not finite.
  void check_finite(std::size_t branch, bool finite_logits) {
    const Segment& s = branches_[branch].segment;
    const bool finite_stats = s.sums.finite(context_.session->decisions()[s.decisions]);
    if (finite_logits && finite_stats) return;
    std::string where = concat("question ", shown(request_.question), ", stage ", shown(request_.stage.name));
    if (branches_.size() > 1) where += concat(", branch ", branch);
    refuse_not_finite(*context_.session, branches_[branch].slot, where,
                      finite_logits ? "statistics of sub-layers" : "logits");
  }
  // Passes the statistics of the completed segment to the policy, for all its sub-layers, and then to the observer.
  void report_stats(std::size_t branch) {
    const Segment& segment = branches_[branch].segment;
    const Decisions& decisions = context_.session->decisions()[segment.decisions];
    policies_->observe(branch, segment, decisions);
    if (!scores()) context_.observer->sublayers(static_cast<int>(branch), info_, segment, decisions);
  }

  // Passes the row of logits on, and starts the branch's next segment. The decisions of a look-ahead stay those of the
  // step at which it began; neither the skip policy nor the observer learns of it.
  void generate(std::size_t branch, const TokenStats& stats, std::size_t logits_row) {
    Branch& b = branches_[branch];
    const bool was_ahead = b.ahead.has_value();
    std::vector<int> next = generation_.take(branch, b, stats, logits_row);
    if (next.empty()) {
      if (done()) tally_.end();
      return;
    }
    const StepInfo step{Phase::decode, b.chosen - 1};
    const int decisions = was_ahead && b.ahead ? b.segment.decisions : decide(branch, step);
    begin_segment(b, step, std::move(next), true, decisions);
  }

  // Adds the log-probability of the branch's next forced token, and forwards it under decisions of its own, as a
  // generated token is. The last one is not forwarded.
  void force(std::size_t branch, const TokenStats& likeliest, std::size_t logits_row) {
    Branch& b = branches_[branch];
    const std::vector<int>& tokens = request_.forced[branch];
    const int token = tokens[static_cast<std::size_t>(b.chosen++)];
    log_probs_[branch] += static_cast<double>(generation_.given(likeliest, token, logits_row).log_prob);
    if (static_cast<std::size_t>(b.chosen) < tokens.size()) {
      const StepInfo step{Phase::decode, b.chosen - 1};
      return begin_segment(b, step, {token}, true, decide(branch, step));
    }
    scores_[branch] = static_cast<float>(log_probs_[branch] / static_cast<double>(tokens.size()));
    b.stop = StopReason::cap;
  }

  void score(std::size_t branch, std::size_t logits_row) {
    context_.session->read_logits(logits_row, host_logits_);
    for (int id : request_.score_tokens)
      scores_.push_back(static_cast<float>(host_logits_[static_cast<std::size_t>(id)]));
    branches_[branch].stop = StopReason::cap;
  }

  Context context_;
  std::unique_ptr<PolicyCalls> policies_;
  StageRequest request_;
  RequestInfo info_;
  Stat stats_;          // statistics that policy and observer read
  std::size_t prefix_;  // number of tokens in the prefix that all branches share, which is forwarded once
  StageTally tally_;
  Generation<B> generation_;
  std::vector<Branch> branches_;
  std::vector<RowSlice> slices_;  // the slices of the last collected step
  std::vector<float> scores_;
  std::vector<double> log_probs_;              // [branches] sums over the forced tokens so far
  std::vector<typename B::Real> host_logits_;  // [vocab]
};

}  // namespace litestage
