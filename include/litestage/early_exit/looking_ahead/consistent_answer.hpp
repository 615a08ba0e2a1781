// Dynasor-CoT (arXiv 2412.20993; hao-ai-lab/Dynasor, 0d2f1b9, dynasor/core/cot.py): the model is made to answer every
// few tokens, and the thought ends when the last trial answers agree and none of them hesitates.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/enum_names.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/text/lower_ascii.hpp"
#include "litestage/core/text/utf8.hpp"
#include "litestage/early_exit/looking_ahead/look_ahead_points.hpp"
#include "litestage/policy/ladder.hpp"
#include "litestage/policy/look_ahead.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/step/types.hpp"

namespace litestage {

enum class ConsistencyRule : std::uint8_t {
  intended,    // the last answers are the same, none is empty, and none hesitates
  as_released  // so many answers were given, and the last one does not hesitate (should_early_exit of the servers in
               // dynasor/cli ends in `return True`)
};
template <>
struct EnumNames<ConsistencyRule> {
  static constexpr std::array<std::string_view, 2> names = {"intended", "as_released"};
};

}  // namespace litestage

namespace litestage::early_exit {

// As in Dynasor the last trial answer is the answer: it is put into the text, and nothing is written after it. Dynasor
// compares answers as mathematical expressions; here they are compared as texts without letter case, white space and
// final punctuation. The number of answers that must agree (3) is that of Dynasor's command line; the words and the
// distance between trials are ours, because Dynasor's are made for models that think for thousands of tokens.
struct ConsistentAnswer : LookAheadPoints<LookAheadAt::token, 16, 0> {
  static constexpr std::string_view name = "consistent_answer";
  static constexpr std::string_view summary = "looks ahead: stops when trial answers repeat (Dynasor-CoT)";
  static constexpr Signal signals = Signal::none;
  static constexpr ExitAbility abilities = ExitAbility::look_ahead | ExitAbility::inject;

  int answers = 3;
  ConsistencyRule rule = ConsistencyRule::intended;
  std::string text = "\nThe answer is";
  int max_tokens = 8;
  std::vector<std::string> stop = {"\n", ". "};
  std::vector<std::string> hesitation = {"wait", "hold", "but", "okay", "no", "hmm"};

  struct Trial {
    std::string text;  // as read
    std::string form;  // as compared
    bool hesitates = false;
  };
  struct State {
    LookAheadPosition position;
    std::vector<Trial> last;  // [at most `answers`], oldest first
  };
  [[nodiscard]] State begin(const RequestInfo&) const { return {}; }
  [[nodiscard]] Verdict observe(State&, const StepInfo&, const TokenStats&) const { return Verdict::go_on; }
  [[nodiscard]] std::optional<LookAhead> look_ahead(State& state, const StepInfo&, std::string_view piece) const {
    if (!reached(state.position, piece)) return std::nullopt;
    return LookAhead{text, max_tokens, stop};
  }
  [[nodiscard]] Verdict judge_ahead(State& state, const LookAheadResult& seen) const {
    std::vector<Trial>& last = state.last;
    if (std::ssize(last) == answers) last.erase(last.begin());
    last.push_back({seen.text, form_of(seen.text), hesitates(seen.text)});
    if (std::ssize(last) < answers) return Verdict::go_on;
    const bool agree = rule == ConsistencyRule::as_released
                           ? !last.back().hesitates
                           : std::all_of(last.begin(), last.end(), [&](const Trial& t) {
                               return !t.form.empty() && !t.hesitates && t.form == last.back().form;
                             });
    return agree ? Verdict::inject : Verdict::go_on;
  }
  [[nodiscard]] Injection injection(const State& state) const { return {concat(text, state.last.back().text), 0}; }

  // The numbers of answers that a search tries; ours.
  [[nodiscard]] std::vector<ConsistentAnswer> ladder() const {
    return with_each(*this, &ConsistentAnswer::answers, {6, 5, 4, 3, 2});
  }

  static constexpr auto fields() {
    using C = ConsistentAnswer;
    return Fields(
               Field("answers", &C::answers, "number of last trial answers that must agree", 1, 1000),
               Field("rule", &C::rule, "when they agree: as the authors intended, or as their program does"),
               Field("text", &C::text, "words after which the model answers on trial"),
               Field("max_tokens", &C::max_tokens, "largest number of tokens of a trial answer", 1, 1000),
               Field("stop", &C::stop, "strings that end a trial answer"),
               Field("hesitation", &C::hesitation, "strings, in lower case, that make a trial answer count as none")) +
           LookAheadPoints<LookAheadAt::token, 16, 0>::fields();
  }
  friend bool operator==(const ConsistentAnswer&, const ConsistentAnswer&) = default;

 private:
  [[nodiscard]] static std::string form_of(std::string_view answer) {
    std::string_view form = trimmed_ascii(answer);
    while (!form.empty() && std::string_view(".,;:!?").find(form.back()) != std::string_view::npos)
      form.remove_suffix(1);
    return lower_ascii(trimmed_ascii(form));
  }
  [[nodiscard]] bool hesitates(std::string_view answer) const {
    const std::string low = lower_ascii(answer);
    return std::any_of(hesitation.begin(), hesitation.end(),
                       [&](const std::string& word) { return low.find(word) != std::string::npos; });
  }
};

}  // namespace litestage::early_exit
