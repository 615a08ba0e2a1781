// How large a context a question takes, as far as that can be known before a model has written anything.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "litestage/engine/stage_request.hpp"
#include "litestage/policy/concepts.hpp"
#include "litestage/prompt/any_tokenizer.hpp"
#include "litestage/prompt/transcript.hpp"

namespace litestage {

// What the stages of a question are taken to write.
enum class Writing : std::uint8_t {
  nothing,            // then what is needed is needed in any case
  as_much_as_allowed  // as many tokens as the caps of the stages say
};

struct ContextNeeded {
  std::size_t positions = 0;  // of one branch
  std::string stage;          // that takes them
};

namespace detail {

// About `n` tokens of text, in the words of the question.
[[nodiscard]] inline std::string text_of_length(std::size_t n, const Question& question,
                                                const AnyTokenizer& tokenizer) {
  std::string text = question.stem + ' ', out;
  while (text.size() < 8 * n) text += text;  // a token of a language has some four characters
  std::vector<int> tokens = tokenizer.encode(Prompt{{{Role::text, text}}, ""});
  tokens.resize(std::min(tokens.size(), n));
  for (const int id : tokens) out += tokenizer.piece(id);
  if (out.ends_with(' ')) out.back() = 'x';  // schedules trim what a stage wrote
  return out;
}

}  // namespace detail

// The stage that takes most. `letters`: the option letters are scored after the last one. What a schedule makes of long
// texts is its own affair, and a text may take a token more or less where it stands between others: with
// `as_much_as_allowed` the answer is an estimate.
template <StageSchedule Stages>
[[nodiscard]] ContextNeeded context_needed(const Stages& stages, const Question& question,
                                           const AnyTokenizer& tokenizer, Writing writing, bool letters) {
  ContextNeeded most;
  const auto consider = [&](const StageRequest& request, std::size_t written) {
    for (const std::vector<int>& prompt : request.prompts) {
      // The last token that is written is not forwarded.
      const std::size_t positions = prompt.size() + written - std::min<std::size_t>(written, 1);
      if (positions > most.positions) most = {positions, request.stage.name};
    }
  };
  Transcript transcript{question, {}};
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const StageRequest request = stage_request(stages, i, transcript, tokenizer, 0);
    const auto cap = static_cast<std::size_t>(request.stage.max_new_tokens);
    const std::size_t written = writing == Writing::nothing ? 0 : cap;
    consider(request, written);
    if (i + 1 == stages.size()) break;
    transcript.outputs.emplace_back(request.prompts.size(), detail::text_of_length(written, question, tokenizer));
  }
  if constexpr (StatesAnswer<Stages>) {
    if (letters) consider(letter_request(stages, transcript, tokenizer), 0);
  }
  return most;
}

}  // namespace litestage
