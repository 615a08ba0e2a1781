// TinyThinker's stages, as data.
#pragma once

#include <cstddef>
#include <vector>

#include "litestage/stages/custom.hpp"
#include "litestage/stages/tiny_thinker.hpp"

namespace litestage::stages {

LITESTAGE_INLINE Custom TinyThinker::schedule() const {
  Custom schedule;
  schedule.stages = {{.name = "recall",
                      .text = "{question}\n{options_inline}\nRecall:",
                      .max_new_tokens = recall_tokens,
                      .stop = {"\n"}},
                     {.name = "analyze",
                      .branches = PerOption{},
                      .text = "{question}\n{options_inline}\nRecall: {recall.sentence}\nAnalyze: For option {letter},",
                      .max_new_tokens = analyze_tokens,
                      .stop = {"\n"}},
                     {.name = "summarize",
                      .text = "{question}\n{options_inline}\nRecall: {recall.sentence}\nAnalyze:{analyses}\nSummarize:",
                      .max_new_tokens = summarize_tokens,
                      .stop = {"\n"}}};
  schedule.joins = {
      {.name = "analyses", .of = "analyze", .line = " For option {letter}, {analyze.sentence}", .between = ""}};
  // The probe begins with the space that a model would generate after "Summarize:".
  schedule.answer = {{.rule = AnswerRule::tiny_thinker, .probe = " So the answer is option", .letter_prefix = " "}};
  return schedule;
}

LITESTAGE_INLINE StageInfo TinyThinker::stage(std::size_t i) const {
  return schedule().stage(i);
}
LITESTAGE_INLINE std::vector<Prompt> TinyThinker::prompts(std::size_t i, const Transcript& transcript) const {
  return schedule().prompts(i, transcript);
}
LITESTAGE_INLINE AnswerFormat TinyThinker::answer_format() const {
  return schedule().answer_format();
}
LITESTAGE_INLINE std::size_t TinyThinker::branches(const Question& question) const {
  return schedule().branches(question);
}
LITESTAGE_INLINE void TinyThinker::check_question(const Question& question) const {
  schedule().check_question(question);
}

}  // namespace litestage::stages
