// A look-ahead of one branch while it is read. Its rows follow the branch's own rows in the same slot of the K/V cache
// and are removed at its end, so a look-ahead needs no memory of its own, only positions of the context.
//
// The branch's newest token is forwarded together with the look-ahead's text, so what the model writes after it is
// known before the look-ahead is judged. That is held here, and the branch goes on with it without another step.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "litestage/engine/report.hpp"
#include "litestage/engine/stop_text.hpp"
#include "litestage/policy/look_ahead.hpp"
#include "litestage/prompt/any_tokenizer.hpp"

namespace litestage {

class ReadingAhead {
 public:
  // `text_tokens`: the tokens of the look-ahead's text. `chosen`: tokens that the branch has chosen. `length`:
  // positions that the slot holds.
  ReadingAhead(LookAhead asked, std::size_t text_tokens, int chosen, int length)
      : most_(asked.max_tokens), length_(length), text_(std::move(asked.stop)) {
    report_.at = chosen;
    report_.text_tokens = static_cast<int>(text_tokens);
  }

  // Takes the likeliest token after the rows so far. Returns whether to read one more, for which the token must be
  // forwarded.
  [[nodiscard]] bool take(const TokenStats& token, const AnyTokenizer& tokenizer) {
    seen_.tokens.push_back(token);
    report_.tokens.push_back(token.token);
    const bool ended = tokenizer.is_end(token.token) || text_.push(tokenizer.piece(token.token));
    if (!ended) ++seen_.in_text;
    return !ended && std::ssize(seen_.tokens) < most_;
  }

  // Holds the token that was chosen after the branch's newest token.
  void hold(const TokenStats& next) { next_ = next; }
  [[nodiscard]] const TokenStats& next() const { return next_; }
  // Positions that the slot held before the branch's newest token and the look-ahead.
  [[nodiscard]] int length() const { return length_; }
  [[nodiscard]] LookAheadResult result() {
    seen_.text = text_.text();
    return std::move(seen_);
  }
  [[nodiscard]] LookAheadReport report() { return std::move(report_); }

 private:
  int most_;
  int length_;
  TokenStats next_;
  StopText text_;
  LookAheadResult seen_;
  LookAheadReport report_;
};

}  // namespace litestage
