// Stops when the text repeats itself: the last n-gram of tokens has occurred several times recently. Community practice
// without a single source; rule and defaults are ours.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "litestage/policy/ladder.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/step/types.hpp"

namespace litestage::early_exit {

// Occurrences may overlap, so a loop of any period is detected if the window holds `repeats` - 1 periods plus `ngram`
// tokens. The repeated text is kept.
struct Repetition {
  static constexpr std::string_view name = "repetition";
  static constexpr std::string_view summary = "stops when the last tokens repeat earlier ones";
  static constexpr Signal signals = Signal::none;  // the chosen token is always available

  int ngram = 6;
  int repeats = 3;
  int window = 64;

  struct State {
    std::vector<int> recent;  // [at most window] tokens, oldest first
  };
  [[nodiscard]] State begin(const RequestInfo&) const { return {}; }
  [[nodiscard]] Verdict observe(State& state, const StepInfo&, const TokenStats& token) const {
    if (std::ssize(state.recent) == window) state.recent.erase(state.recent.begin());
    state.recent.push_back(token.token);
    return occurrences(state.recent) >= repeats ? Verdict::stop_keep : Verdict::go_on;
  }

  // The numbers of repeats that a search tries; ours.
  [[nodiscard]] std::vector<Repetition> ladder() const {
    return with_each(*this, &Repetition::repeats, {6, 5, 4, 3, 2});
  }

  static constexpr auto fields() {
    return Fields(
        Field("ngram", &Repetition::ngram, "number of last tokens that are looked for", 1, 1000),
        Field("repeats", &Repetition::repeats,
              "number of their occurrences that stops the branch, the last one included", 2, 1000),
        Field("window", &Repetition::window, "number of last tokens in which they are looked for", 2, 100000));
  }
  friend bool operator==(const Repetition&, const Repetition&) = default;

 private:
  // Counts the occurrences of the last `ngram` tokens in `recent`.
  [[nodiscard]] int occurrences(const std::vector<int>& tokens) const {
    int count = 0;
    for (auto at = tokens.begin(); tokens.end() - at >= ngram; ++at) {
      if (std::equal(at, at + ngram, tokens.end() - ngram)) ++count;
    }
    return count;
  }
};

}  // namespace litestage::early_exit
