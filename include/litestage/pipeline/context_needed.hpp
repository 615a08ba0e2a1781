// Computes the context that a question needs, as far as it is known before the model generates anything.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "litestage/engine/stage_request.hpp"
#include "litestage/policy/any_schedule.hpp"
#include "litestage/prompt/any_tokenizer.hpp"
#include "litestage/prompt/transcript.hpp"

namespace litestage {

// How much text the stages of a question are assumed to generate.
enum class Writing : std::uint8_t {
  nothing,            // gives a lower bound of the context
  as_much_as_allowed  // as many tokens as the caps of the stages allow
};

struct ContextNeeded {
  std::size_t positions = 0;  // of the branch that needs most
  std::string stage;          // the stage of that branch
};

namespace detail {

// A text of about `n` tokens, made of the words of the question.
[[nodiscard]] inline std::string text_of_length(std::size_t n, const Question& question,
                                                const AnyTokenizer& tokenizer) {
  std::string text = question.stem + ' ', out;
  while (text.size() < 8 * n) text += text;  // a token has about four characters in natural language
  std::vector<int> tokens = tokenizer.encode(Prompt{{{Role::text, text}}, ""});
  tokens.resize(std::min(tokens.size(), n));
  for (const int id : tokens) out += tokenizer.piece(id);
  if (out.ends_with(' ')) out.back() = 'x';  // schedules trim white space from generated text
  return out;
}

}  // namespace detail

// The stage that needs the most positions. `scored`: what is scored after the last stage. With
// `as_much_as_allowed` the result is an estimate, because schedules may process long texts in their own way, and the
// number of tokens of a text depends slightly on the text around it.
[[nodiscard]] inline ContextNeeded context_needed(const AnySchedule& stages, const Question& question,
                                                  const AnyTokenizer& tokenizer, Writing writing, Scored scored) {
  ContextNeeded most;
  const auto consider = [&](const StageRequest& request, std::size_t written) {
    for (std::size_t b = 0; b < request.prompts.size(); ++b) {
      // The last generated token is not forwarded.
      const std::size_t positions = least_positions(request, b) + written - std::min<std::size_t>(written, 1);
      if (positions > most.positions) most = {positions, request.stage.name};
    }
  };
  Transcript transcript{question, {}};
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const StageRequest request = stage_request(stages, i, transcript, tokenizer);
    const std::size_t cap = request.stage.max_new_tokens;
    const std::size_t written = writing == Writing::nothing ? 0 : cap;
    consider(request, written);
    if (i + 1 == stages.size()) break;
    transcript.outputs.emplace_back(request.prompts.size(), detail::text_of_length(written, question, tokenizer));
  }
  const bool scores = scored == Scored::golds || (scored == Scored::letters && stages.states_answer());
  if (scores) consider(scoring_request(scored, stages, transcript, tokenizer), 0);
  return most;
}

}  // namespace litestage
