// What a branch does with the model's output after its newest row: it chooses a token, asks the exit policy, looks
// ahead and injects words if the policy wants it to, and says which tokens are forwarded next. StageRun forwards them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/engine/policy_calls.hpp"
#include "litestage/engine/run/branch.hpp"
#include "litestage/engine/run/stage_tally.hpp"
#include "litestage/engine/session.hpp"
#include "litestage/engine/stage_request.hpp"
#include "litestage/policy/look_ahead.hpp"
#include "litestage/prompt/any_tokenizer.hpp"

namespace litestage {

// What all requests of a run share. All members outlive the requests.
template <Backend B>
struct StageContext {
  Session<B>* session;
  ObserverCalls* observer;
  const AnyTokenizer* tokenizer;
  const StageRunOptions* options;
};

template <Backend B>
class Generation {
 public:
  // All arguments outlive this object.
  Generation(const StageContext<B>& context, PolicyCalls& policies, const RequestInfo& request, StageTally& tally)
      : context_(&context), policies_(&policies), request_(&request), tally_(&tally) {}

  // Takes the statistics of the row of logits after the newest row of the branch, its `index`-th of the request.
  // Returns the tokens that it forwards next; none if it has ended.
  [[nodiscard]] std::vector<int> take(std::size_t index, Branch& b, const TokenStats& stats, std::size_t logits_row) {
    if (b.ahead) return read_ahead(index, b, stats);
    return choose(index, b, stats, logits_row);
  }

  // The statistics of a given token after the row that `likeliest` describes.
  [[nodiscard]] TokenStats given(TokenStats likeliest, int token, std::size_t logits_row) {
    if (token == likeliest.token) return likeliest;
    context_->session->read_logits(logits_row, host_logits_);
    replace(likeliest, token);
    return likeliest;
  }

 private:
  std::vector<int> choose(std::size_t index, Branch& b, TokenStats stats, std::size_t logits_row) {
    if (!b.sampler.greedy()) {
      context_->session->read_logits(logits_row, host_logits_);
      replace(stats, b.sampler.sample(std::span<const typename B::Real>(host_logits_)));
    }
    tally_->add_chosen(++b.chosen);
    if (context_->options->trace.of) b.trace.push_back(context_->options->trace.of(stats));
    const std::string piece = tokenizer().piece(stats.token);
    const Verdict verdict = judge(index, b, stats, piece);
    if (b.stop) return {};
    if (verdict == Verdict::go_on && !b.closed) {
      std::vector<int> ahead = begin_look_ahead(index, b, stats, piece);
      if (!ahead.empty()) return ahead;
    }
    return go_on(index, b, stats, verdict);
  }
  // Replaces the likeliest token by another one of the row in host_logits_.
  void replace(TokenStats& stats, int token) const {
    if (token == stats.token) return;
    const auto z = [&](int id) { return static_cast<float>(host_logits_[static_cast<std::size_t>(id)]); };
    stats.log_prob += z(token) - z(stats.token);
    stats.token = token;
  }

  // Keeps the token or ends the branch, and returns the exit policy's verdict. A policy that has injected is not asked.
  Verdict judge(std::size_t index, Branch& b, const TokenStats& stats, std::string_view piece) {
    Verdict verdict = Verdict::go_on;
    const auto stop = [&](StopReason reason) {
      b.stop = reason;
      return verdict;
    };
    const StepInfo step = b.segment.step;
    if (!context_->options->ignore_eos && tokenizer().is_end(stats.token)) return stop(StopReason::eos);
    if (!b.closed) verdict = policies_->judge(index, step, stats);
    if (verdict == Verdict::stop_drop) return stop(StopReason::exit);
    if (b.text.push(piece)) return stop(StopReason::stop_string);
    b.kept.push_back(stats.token);
    context_->observer->token(static_cast<int>(index), *request_, step, stats.token);
    if (verdict == Verdict::stop_keep) return stop(StopReason::exit);
    if (b.chosen >= b.most) return stop(b.most < request_->max_new_tokens ? StopReason::exit : StopReason::cap);
    if (room(b) == 0) return stop(StopReason::context);
    return verdict;
  }

  // The tokens after one that was kept.
  std::vector<int> go_on(std::size_t index, Branch& b, const TokenStats& last, Verdict verdict) {
    if (verdict == Verdict::stop_keep || verdict == Verdict::stop_drop) {
      b.stop = StopReason::exit;
      return {};
    }
    std::vector<int> tokens = {last.token};
    if (verdict == Verdict::inject) inject(index, b, tokens);
    return b.stop ? std::vector<int>{} : tokens;
  }

  // Asks the exit policy whether to look ahead after the kept token. Returns the tokens that this forwards: none if the
  // policy does not want to, or the context has no room for them.
  std::vector<int> begin_look_ahead(std::size_t index, Branch& b, const TokenStats& last, std::string_view piece) {
    std::optional<LookAhead> asked = policies_->look_ahead(index, b.segment.step, piece);
    if (!asked) return {};
    std::vector<int> tokens = tokenizer().encode_continuation(asked->text);
    const std::size_t text = tokens.size(), more = static_cast<std::size_t>(std::max(asked->max_tokens, 1)) - 1;
    tokens.insert(tokens.begin(), last.token);
    check_fits(tokens.size() + more, "looks ahead by");
    if (tokens.size() + more > room(b)) return {};
    b.ahead.emplace(std::move(*asked), text, b.chosen, last, context_->session->cache().length(b.slot));
    return tokens;
  }
  std::vector<int> read_ahead(std::size_t index, Branch& b, const TokenStats& token) {
    if (b.ahead->take(token, tokenizer())) return {token.token};
    context_->session->cache().truncate(b.slot, b.ahead->length());
    const TokenStats last = b.ahead->last();
    const Verdict verdict = policies_->judge_ahead(index, b.ahead->result());
    b.look_aheads.push_back(b.ahead->report());
    b.ahead.reset();
    return go_on(index, b, last, verdict);
  }
  // Appends the exit policy's words to the branch's text and to the tokens that are forwarded next.
  void inject(std::size_t index, Branch& b, std::vector<int>& tokens) {
    const Injection words = policies_->injection(index);
    const std::vector<int> text = tokenizer().encode_continuation(words.text);
    tokens.insert(tokens.end(), text.begin(), text.end());
    check_fits(tokens.size(), "injects");
    if (tokens.size() > room(b)) {
      b.stop = StopReason::context;
      return;
    }
    b.text.append(words.text);
    b.kept.insert(b.kept.end(), text.begin(), text.end());
    for (const int token : text) context_->observer->token(static_cast<int>(index), *request_, b.segment.step, token);
    b.injected = static_cast<int>(text.size());
    b.injected_at = b.chosen;
    b.closed = true;
    b.most = std::min(b.most, b.chosen + words.max_tokens);
    if (b.chosen >= b.most) b.stop = StopReason::exit;
  }

  [[nodiscard]] const AnyTokenizer& tokenizer() const { return *context_->tokenizer; }
  [[nodiscard]] std::size_t capacity() const { return context_->session->cache().index().capacity(); }
  // Positions that are left in the branch's slot.
  [[nodiscard]] std::size_t room(const Branch& b) const {
    return capacity() - static_cast<std::size_t>(context_->session->cache().length(b.slot));
  }
  // Throws Error if the exit policy asks for more positions than any branch can have.
  void check_fits(std::size_t positions, std::string_view does) const {
    if (positions <= capacity()) return;
    throw Error(concat("question ", shown(request_->question), ", stage ", shown(request_->stage_name),
                       ": the exit policy ", does, " ", positions, " positions, expected at most ", capacity(),
                       " (the context)"));
  }

  const StageContext<B>* context_;
  PolicyCalls* policies_;
  const RequestInfo* request_;
  StageTally* tally_;
  std::vector<typename B::Real> host_logits_;  // [vocab]
};

}  // namespace litestage
