// Scores a given text token by token, with any sub-layers skipped: perplexity, the tokens that the model considers
// likelier, and all logits for comparison with other engines.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "litestage/engine/not_finite.hpp"
#include "litestage/engine/segment.hpp"
#include "litestage/engine/session.hpp"

namespace litestage {

// The stage name that skip policies receive for this request.
inline constexpr std::string_view score_stage = "score";

struct ScoreOptions {
  std::size_t top = 0;         // candidates to report for each token
  std::size_t step_rows = 64;  // tokens forwarded in one step; on `cpu` and `reference` results do not depend on it
};

// A candidate for a position of the text, and the logarithm of its probability there (nats).
struct Candidate {
  int token = -1;
  double log_prob = 0;
  friend bool operator==(const Candidate&, const Candidate&) = default;
};

struct TokenScore {
  int token = -1;
  double log_prob = std::numeric_limits<double>::quiet_NaN();  // NaN for the first token, which is not predicted
  std::vector<Candidate> candidates;                           // the likeliest tokens at this position, descending
};

struct TextScore {
  std::vector<TokenScore> tokens;
  std::vector<Candidate> next;  // the likeliest tokens after the text
  std::size_t skipped = 0;      // sub-layers that did not run

  // The number of predicted tokens: all but the first.
  [[nodiscard]] std::size_t scored() const { return tokens.empty() ? 0 : tokens.size() - 1; }
  [[nodiscard]] double log_prob() const {
    double sum = 0;
    for (std::size_t i = 1; i < tokens.size(); ++i) sum += tokens[i].log_prob;
    return sum;
  }
  [[nodiscard]] double mean_log_prob() const { return log_prob() / static_cast<double>(scored()); }
  [[nodiscard]] double perplexity() const { return std::exp(-mean_log_prob()); }
};

// log(sum of exp(logits)), in double and in the order of the vocabulary.
template <class Real>
[[nodiscard]] double log_sum_exp(std::span<const Real> logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const Real z : logits) sum += std::exp(z - largest);
  return largest + std::log(sum);
}

// The `n` likeliest tokens, descending; among equals the lower id comes first.
template <class Real>
[[nodiscard]] std::vector<Candidate> likeliest(std::span<const Real> logits, double log_sum, std::size_t n) {
  std::vector<Candidate> best;
  best.reserve(std::min(n, logits.size()) + 1);
  for (int i = 0; n > 0 && i < std::ssize(logits); ++i) {
    const Candidate candidate{i, logits[i] - log_sum};
    if (best.size() == n && !(candidate.log_prob > best.back().log_prob)) continue;
    const auto less_likely = [&](const Candidate& c) { return c.log_prob < candidate.log_prob; };
    best.insert(std::find_if(best.begin(), best.end(), less_likely), candidate);
    if (best.size() > n) best.pop_back();
  }
  return best;
}

// The default on_row of score_text, which ignores the logits.
struct IgnoreRow {
  template <class Real>
  void operator()(std::size_t, std::span<const Real>) const {}
};

// Forwards `tokens` as one prompt in slot 0, whose old content is dropped, and calls on_row(i, logits after token i)
// for each token; the logits are valid during the call. Throws Error if they are not finite. The text is a prefill of
// one stage named score_stage: a policy that skips only in decode has no effect, and a policy that learns during a
// prefill has not learnt anything yet.
template <Backend B, SkipPolicy Skip, class OnRow = IgnoreRow>
[[nodiscard]] TextScore score_text(Session<B>& session, std::span<const int> tokens, const Skip& skip,
                                   const ScoreOptions& options = {}, OnRow&& on_row = {}) {
  using Real = typename B::Real;
  const int n_layers = session.config().n_layers;
  const typename Skip::State state = skip.begin(RequestInfo{n_layers, 0, score_stage, 0});
  const Decisions decisions = decide_all(skip, state, StepInfo{Phase::prefill, 0}, n_layers);
  const int number = session.decisions().number_of(decisions);
  session.cache().truncate(0, 0);

  TextScore score;
  score.skipped = count_skipped(decisions);
  score.tokens.resize(tokens.size());
  std::vector<StepRow> rows;
  std::vector<Real> logits;  // [vocab]
  for (std::size_t first = 0; first < tokens.size(); first += rows.size()) {
    rows.clear();
    for (std::size_t i = first; i < std::min(tokens.size(), first + options.step_rows); ++i) {
      rows.push_back(StepRow{tokens[i], 0, number, true});
    }
    session.step(rows);
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const std::size_t i = first + r;
      session.read_logits(r, logits);
      const std::span<const Real> row(logits);
      if (!std::all_of(row.begin(), row.end(), [](Real z) { return std::isfinite(z); })) {
        refuse_not_finite(session, 0, concat("token ", i, " of the text"), "logits");
      }
      const double log_sum = log_sum_exp(row);
      const bool last = i + 1 == tokens.size();
      (last ? score.next : score.tokens[i + 1].candidates) = likeliest(row, log_sum, options.top);
      if (!last) {
        score.tokens[i + 1].log_prob = row[tokens[i + 1]] - log_sum;
      }
      score.tokens[i].token = tokens[i];
      on_row(i, row);
    }
  }
  return score;
}

}  // namespace litestage
