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

  // The branch's next token after a row of logits, whose likeliest token `stats` describes: that one, or a sampled one.
  [[nodiscard]] TokenStats choose(Branch& b, TokenStats stats, std::size_t logits_row) {
    if (b.sampler.greedy()) return stats;
    context_->session->read_logits(logits_row, host_logits_);
    replace(stats, b.sampler.sample(std::span<const typename B::Real>(host_logits_)));
    return stats;
  }

  // Takes the chosen token of a branch, the request's `index`-th. Returns the tokens that the branch forwards next:
  // none if it has ended; the token and the words of a look-ahead, if it has begun one.
  [[nodiscard]] std::vector<int> take(std::size_t index, Branch& b, const TokenStats& chosen) {
    tally_->add_chosen(++b.chosen);
    if (context_->options->trace.of) b.trace.push_back(context_->options->trace.of(chosen));
    const std::string piece = tokenizer().piece(chosen.token);
    const Verdict verdict = judge(index, b, chosen, piece);
    if (b.stop) return {};
    if (verdict == Verdict::go_on && !b.closed) {
      std::vector<int> ahead = begin_look_ahead(index, b, piece);
      if (!ahead.empty()) return ahead;
    }
    return after_newest(index, b, verdict);
  }

  // The exit policy's verdict on the look-ahead of a branch, which has been read. The look-ahead's rows leave the K/V
  // cache. The newest token stays there only if the branch goes on: a branch that ends does not forward it, and
  // injected words are forwarded with it. The branch's segment is again that of its newest token.
  [[nodiscard]] Verdict judge_ahead(std::size_t index, Branch& b) {
    const Verdict verdict = policies_->judge_ahead(index, b.ahead->result());
    context_->session->cache().truncate(b.slot, b.ahead->length() + (verdict == Verdict::go_on ? 1 : 0));
    b.segment.tokens = {b.kept.back()};
    b.segment.own = b.segment.done = 1;
    b.look_aheads.push_back(b.ahead->report());
    b.ahead.reset();
    return verdict;
  }

  // The tokens that the branch forwards next after this verdict on its newest token, which is kept but is not in the
  // K/V cache.
  [[nodiscard]] std::vector<int> after_newest(std::size_t index, Branch& b, Verdict verdict) {
    if (verdict == Verdict::stop_keep || verdict == Verdict::stop_drop) {
      b.stop = StopReason::exit;
      return {};
    }
    std::vector<int> tokens = {b.kept.back()};
    if (verdict == Verdict::inject) inject(index, b, tokens);
    return b.stop ? std::vector<int>{} : tokens;
  }

  // The statistics of a given token after the row that `likeliest` describes.
  [[nodiscard]] TokenStats given(TokenStats likeliest, int token, std::size_t logits_row) {
    if (token == likeliest.token) return likeliest;
    context_->session->read_logits(logits_row, host_logits_);
    replace(likeliest, token);
    return likeliest;
  }

 private:
  // Replaces the likeliest token by another one of the row in host_logits_.
  void replace(TokenStats& stats, int token) const {
    if (token == stats.token) return;
    const auto z = [&](int id) { return static_cast<float>(host_logits_[id]); };
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

  // Asks the exit policy whether to look ahead after the newest token. Returns that token and those of the policy's
  // words, or nothing if the policy does not want to look ahead or the context has no room for it.
  std::vector<int> begin_look_ahead(std::size_t index, Branch& b, std::string_view piece) {
    std::optional<LookAhead> asked = policies_->look_ahead(index, b.segment.step, piece);
    if (!asked) return {};
    std::vector<int> tokens = tokenizer().encode_continuation(asked->text);
    const std::size_t text = tokens.size(), more = std::max(asked->max_tokens, 1) - 1;
    tokens.insert(tokens.begin(), b.kept.back());
    check_fits(tokens.size() + more, "looks ahead by");
    if (tokens.size() + more > room(b)) return {};
    b.ahead.emplace(std::move(*asked), text, b.chosen, context_->session->cache().length(b.slot));
    return tokens;
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
    const StepInfo step{Phase::decode, b.chosen - 1};  // in which they are forwarded
    for (const int token : text) context_->observer->token(static_cast<int>(index), *request_, step, token);
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
    return capacity() - context_->session->cache().length(b.slot);
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
