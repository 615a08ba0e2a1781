// Makes requests.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/engine/stage_request.hpp"
#include "litestage/prompt/option_letter.hpp"

namespace litestage {

LITESTAGE_INLINE StageRequest stage_request(const AnySchedule& stages, std::size_t stage, const Transcript& transcript,
                                            const AnyTokenizer& tokenizer) {
  StageRequest request;
  request.question = transcript.question.id;
  request.index = static_cast<int>(stage);
  request.stage = stages.stage(stage);
  for (const Prompt& prompt : stages.prompts(stage, transcript)) request.prompts.push_back(tokenizer.encode(prompt));
  request.stream = request_stream(request.question, stage);
  return request;
}

LITESTAGE_INLINE StageRequest letter_request(const AnySchedule& stages, const Transcript& transcript,
                                             const AnyTokenizer& tokenizer) {
  const AnswerFormat format = stages.answer_format();
  const std::string& id = transcript.question.id;
  StageRequest request;
  request.question = id;
  request.index = static_cast<int>(stages.size()) - 1;
  request.stage = stages.stage(stages.size() - 1);
  const std::vector<Prompt> prompts = stages.prompts(stages.size() - 1, transcript);
  std::vector<int> probe;
  std::vector<int>& letters = request.score_tokens;
  for (std::size_t i = 0; i < transcript.question.options.size(); ++i) {
    Prompt prompt = prompts.at(0);
    prompt.continuation += format.probe + format.letter_prefix + option_letter(i);
    std::vector<int> tokens = tokenizer.encode(prompt);
    if (tokens.size() < 2) throw Error(concat("question ", shown(id), ": the prompt to score has no tokens"));
    letters.push_back(tokens.back());
    tokens.pop_back();
    if (i == 0) probe = tokens;
    if (tokens != probe || std::count(letters.begin(), letters.end(), letters.back()) != 1) {
      throw Error(concat("question ", shown(id),
                         ": option letters cannot be scored, since the tokenizer does not write ",
                         "each as one token of its own after \"", format.probe, format.letter_prefix, "\""));
    }
  }
  if (letters.empty()) throw Error(concat("question ", shown(id), " has no options, so no letter can be scored"));
  request.prompts.push_back(std::move(probe));
  return request;
}

namespace detail {

// What stands between the prompt and an answer that goes on with it.
[[nodiscard]] inline std::string_view before_answer(const Prompt& prompt) {
  std::string_view text = prompt.continuation;
  const bool raw = !prompt.messages.empty() && prompt.messages.back().role == Role::text;
  if (text.empty() && raw) text = prompt.messages.back().text;
  // Nothing follows the markup of a chat, and nothing is between a currency or an opening bracket and a number.
  return text.empty() || std::string_view(" \t\n\r([{$").find(text.back()) != text.npos ? "" : " ";
}

// The letters of the right options, each as the one token by which letter_request scores it.
[[nodiscard]] inline StageRequest gold_letters(const AnySchedule& stages, const Transcript& transcript,
                                               const AnyTokenizer& tokenizer) {
  StageRequest request = letter_request(stages, transcript, tokenizer);
  for (const Answer& gold : transcript.question.gold) {
    const int option = option_of(gold);
    LITESTAGE_ASSERT(option != no_answer && option < std::ssize(request.score_tokens), transcript.question.id,
                     " has the gold answer ", gold.text);
    request.forced.push_back({request.score_tokens[option]});
  }
  request.prompts.resize(request.forced.size(), request.prompts.at(0));
  request.score_tokens.clear();
  return request;
}

}  // namespace detail

LITESTAGE_INLINE StageRequest gold_request(const AnySchedule& stages, const Transcript& transcript,
                                           const AnyTokenizer& tokenizer) {
  const Question& question = transcript.question;
  if (question.gold.empty())
    throw Error(concat("question ", shown(question.id), " has no gold answer, expected one to score"));
  if (question.kind == AnswerKind::letter) return detail::gold_letters(stages, transcript, tokenizer);
  const Prompt prompt = stages.prompts(stages.size() - 1, transcript).at(0);
  const std::vector<int> before = tokenizer.encode(prompt);
  StageRequest request;
  request.question = question.id;
  request.index = static_cast<int>(stages.size()) - 1;
  request.stage = stages.stage(stages.size() - 1);
  for (std::size_t i = 0; i < question.gold.size(); ++i) {
    const bool written = !question.gold_as_written.empty();
    const std::string& gold = written ? question.gold_as_written.at(i) : question.gold[i].text;
    const std::string text = concat(detail::before_answer(prompt), gold);
    Prompt answered = prompt;
    answered.continuation += text;
    std::vector<int> tokens = tokenizer.encode(answered);
    // A tokenizer may join the end of the prompt with the answer. The prompt stays what the stage sees.
    if (tokens.size() > before.size() && std::equal(before.begin(), before.end(), tokens.begin()))
      tokens.erase(tokens.begin(), tokens.begin() + before.size());
    else
      tokens = tokenizer.encode_continuation(text);
    if (tokens.empty())
      throw Error(concat("question ", shown(question.id), ": the tokenizer has no tokens for the gold answer ",
                         shown(gold), ", expected one or more"));
    request.prompts.push_back(before);
    request.forced.push_back(std::move(tokens));
  }
  return request;
}

}  // namespace litestage
