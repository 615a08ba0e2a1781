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
    check_request(request_, context.session->cache().index().capacity());
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
    return std::count_if(branches_.begin(), branches_.end(),
                         [](const Branch& b) { return !b.stop && !b.segment.complete(); });
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
      for (std::size_t k = s.done; k < s.done + n; ++k)
        rows.push_back({s.tokens[k], branches_[i].slot, s.decisions, s.wants_logits_of(k)});
    }
  }

  // Processes the results of the step. The tokens of this request begin at `next_logits`, which is advanced past them.
  // Throws Error if the results are not finite.
  void consume(const StepResults<typename B::Real>& step, std::size_t& next_logits) {
    std::size_t own = 0, rows = 0;
    for (const RowSlice& slice : slices_) {
      rows += slice.n;
      own += branches_[slice.branch].segment.own_of(slice.n);
    }
    tally_.step_ended(rows - own, rows);
    for (const RowSlice& slice : slices_) {
      Segment& s = branches_[slice.branch].segment;
      const std::size_t n = s.own_of(slice.n);
      SegmentSums::add<typename B::Real>(s.sums.sublayers, step.moments, step.n_rows, slice.first_row, n);
      SegmentSums::add<typename B::Real>(s.sums.layers, step.layer_moments, step.n_rows, slice.first_row, n);
      const bool newest = n > 0 && s.done + n == s.own;
      s.done += slice.n;
      if (newest && branches_[slice.branch].ahead) hold_newest(slice.branch, step, next_logits);
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

  // Starts the branch's next segment. `decisions` holds for the whole segment.
  void begin_segment(Branch& b, const StepInfo& step, std::vector<int> tokens, bool wants_logits, int decisions) {
    const std::size_t own = b.ahead ? 1 : tokens.size();
    b.segment =
        Segment{step, decisions, std::move(tokens), own, 0, wants_logits, SegmentSums(stats_, config().n_layers)};
  }
  // Forwards a token that a look-ahead has read, under the decisions of the step at which the look-ahead began. What
  // the segment says of the branch's newest token stays.
  void begin_reading(Branch& b, int token) {
    b.segment.tokens = {token};
    b.segment.own = b.segment.done = 0;
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
    const std::size_t n = cache().reuse(slot, tokens, decisions);
    count_tokens(decisions, n);
    return n;
  }

  void begin_prefix() {
    Branch& b = branches_[0];
    const std::span<const int> tokens(request_.prompts[0].data(), prefix_);
    const int decisions = decide(0, StepInfo{});
    const std::size_t n = held(b.slot, tokens, decisions);
    begin_segment(b, StepInfo{}, {tokens.begin() + n, tokens.end()}, false, decisions);
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
    begin_segment(b, StepInfo{}, {prompt.begin() + from, prompt.end()}, true, decisions);
  }

  void count_tokens(int decisions, std::size_t n) { tally_.add_tokens(context_.session->decisions()[decisions], n); }

  // Processes the branch's newest token, which has been forwarded and which a look-ahead follows.
  void hold_newest(std::size_t branch, const StepResults<typename B::Real>& step, std::size_t& next_logits) {
    Branch& b = branches_[branch];
    check_finite(branch, step.tokens[next_logits].finite);
    b.ahead->hold(generation_.choose(b, step.tokens[next_logits], next_logits));
    if (b.segment.tokens.size() > b.segment.own) ++next_logits;  // else the look-ahead has no words and reads this row
  }
  // Processes a segment whose rows have all been forwarded.
  void end_segment(std::size_t branch, const StepResults<typename B::Real>& step, std::size_t& next_logits) {
    Branch& b = branches_[branch];
    const Segment& s = b.segment;
    b.positions = std::max(b.positions, cache().length(b.slot));
    check_finite(branch, !s.wants_logits || step.tokens[next_logits].finite);
    if (!b.ahead) end_own(branch);
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
  // Counts the branch's own tokens of the completed segment, and passes their statistics to the policy, for all its
  // sub-layers, and then to the observer.
  void end_own(std::size_t branch) {
    const Segment& segment = branches_[branch].segment;
    const Decisions& decisions = context_.session->decisions()[segment.decisions];
    count_tokens(segment.decisions, segment.own);
    policies_->observe(branch, segment, decisions);
    if (!scores()) context_.observer->sublayers(static_cast<int>(branch), info_, segment, decisions);
  }

  // Passes the row of logits on. Neither the skip policy nor the observer learns of a look-ahead. They learn of the
  // newest token, which was forwarded with it, if the branch goes on; else it counts as not forwarded.
  void generate(std::size_t branch, const TokenStats& stats, std::size_t logits_row) {
    Branch& b = branches_[branch];
    if (!b.ahead) return go_on(branch, generation_.take(branch, b, generation_.choose(b, stats, logits_row)));
    if (b.ahead->take(stats, *context_.tokenizer)) return begin_reading(b, stats.token);
    const TokenStats next = b.ahead->next();
    const Verdict verdict = generation_.judge_ahead(branch, b);
    if (verdict != Verdict::go_on) return go_on(branch, generation_.after_newest(branch, b, verdict));
    end_own(branch);
    go_on(branch, generation_.take(branch, b, next));
  }
  // Starts the branch's next segment with these tokens; with none, the branch has ended.
  void go_on(std::size_t branch, std::vector<int> tokens) {
    Branch& b = branches_[branch];
    if (tokens.empty()) {
      if (done()) tally_.end();
      return;
    }
    const StepInfo step{Phase::decode, b.chosen - 1};
    begin_segment(b, step, std::move(tokens), true, decide(branch, step));
  }

  // Adds the log-probability of the branch's next forced token, and forwards it under decisions of its own, as a
  // generated token is. The last one is not forwarded.
  void force(std::size_t branch, const TokenStats& likeliest, std::size_t logits_row) {
    Branch& b = branches_[branch];
    const std::vector<int>& tokens = request_.forced[branch];
    const int token = tokens[b.chosen++];
    log_probs_[branch] += generation_.given(likeliest, token, logits_row).log_prob;
    if (b.chosen < std::ssize(tokens)) {
      const StepInfo step{Phase::decode, b.chosen - 1};
      return begin_segment(b, step, {token}, true, decide(branch, step));
    }
    scores_[branch] = static_cast<float>(log_probs_[branch] / static_cast<double>(tokens.size()));
    b.stop = StopReason::cap;
  }

  void score(std::size_t branch, std::size_t logits_row) {
    context_.session->read_logits(logits_row, host_logits_);
    for (int id : request_.score_tokens) scores_.push_back(static_cast<float>(host_logits_[id]));
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
