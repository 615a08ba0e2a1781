// What exit policies can do besides ending a branch: look ahead, that is, read what the model would write after some
// words, and inject words of their own. A policy declares what it does (`abilities`); one that declares nothing pays
// for nothing. early_exit/looking_ahead/trial_answer.hpp looks ahead, early_exit/cap_then_close.hpp injects.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/step/types.hpp"

namespace litestage {

enum class ExitAbility : std::uint8_t { none = 0, look_ahead = 1, inject = 2 };
constexpr ExitAbility operator|(ExitAbility a, ExitAbility b) {
  return static_cast<ExitAbility>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr bool has(ExitAbility all, ExitAbility one) {
  return (static_cast<unsigned>(all) & static_cast<unsigned>(one)) != 0;
}

// A question to the model: what would it write next if the branch's text went on with `text`? The engine forwards the
// text together with the branch's newest token and under its decisions, then the tokens read, and removes them from the
// K/V cache again. On `cpu` and `reference` no later token of the branch changes by a bit; for `gpu` see
// docs/looking-ahead.md.
struct LookAhead {
  std::string text;                    // tokenized by itself
  int max_tokens = 1;                  // likeliest tokens to read; 1 reads the distribution after the text and no more
  std::vector<std::string> stop = {};  // reading ends at the token that completes one of these
};

// The answer. At least one token was read.
struct LookAheadResult {
  std::string text;                // of the tokens read; ends before the stop string or the end of the model's answer
  std::vector<TokenStats> tokens;  // statistics of every token read, with the signals that the policy declares
  std::size_t in_text = 0;         // the leading tokens that make up the text: without one that ended the reading
};

// Words that the policy puts into the branch's text as if the model had written them.
struct Injection {
  std::string text;    // tokenized by itself; stop strings do not apply to it
  int max_tokens = 0;  // tokens that the model may write after it; the policy is not asked about them
};

template <class P>
[[nodiscard]] consteval ExitAbility abilities_of() {
  if constexpr (requires { P::abilities; })
    return P::abilities;
  else
    return ExitAbility::none;
}
template <class P>
concept LooksAhead = has(abilities_of<P>(), ExitAbility::look_ahead);
template <class P>
concept Injects = has(abilities_of<P>(), ExitAbility::inject);

// `look_ahead` is called for each token that was kept and after which the branch would go on, with the token's text;
// nothing is returned where no look-ahead is wanted. `judge_ahead` judges the result; the token before it stays kept.
template <class P>
concept HasLookAheadHooks = requires(const P& p, typename P::State& state, const StepInfo& step, std::string_view piece,
                                     const LookAheadResult& seen) {
  { p.look_ahead(state, step, piece) } -> std::same_as<std::optional<LookAhead>>;
  { p.judge_ahead(state, seen) } -> std::same_as<Verdict>;
};
// `injection` is called after the verdict `inject`.
template <class P>
concept HasInjection = requires(const P& p, const typename P::State& state) {
  { p.injection(state) } -> std::same_as<Injection>;
};

// A policy has the hooks of the abilities that it declares, and no others, which would never be called.
template <class P>
concept HooksOfAbilities = (LooksAhead<P> ? HasLookAheadHooks<P> : !requires { &P::look_ahead; }) &&
                           (Injects<P> ? HasInjection<P> : !requires { &P::injection; });

}  // namespace litestage
