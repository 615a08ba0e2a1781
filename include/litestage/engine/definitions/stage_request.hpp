// Makes requests.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
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

}  // namespace litestage
