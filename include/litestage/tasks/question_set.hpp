// The questions of a run and their source.
#pragma once

#include <string>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/fnv1a.hpp"
#include "litestage/prompt/transcript.hpp"

namespace litestage::tasks {

struct QuestionSet {
  std::string task;         // name of the task
  std::string file;         // name of the file, without folders
  std::string fingerprint;  // hash of the bytes of the file
  std::vector<Question> list;
};

// A hash of every byte of these questions, in this order; generated texts are valid only for equal questions.
// (content_hash covers only what a question asks, not its id and answer.) A multiple-choice question with one gold
// answer or none, and without other fields, has the hash that earlier versions gave it, so their journals hold.
[[nodiscard]] inline std::string questions_fingerprint(const std::vector<Question>& questions) {
  Fnv1a hash;
  for (const Question& q : questions) {
    hash.add_whole(q.id);
    hash.add_whole(q.stem);
    const bool simple = q.kind == AnswerKind::letter && q.gold.size() <= 1;
    const int option = simple && !q.gold.empty() ? option_of(q.gold[0]) : no_answer;
    hash.add(concat(q.options.size(), ":", option, ":"));
    for (const std::string& text : q.options) hash.add_whole(text);
    if (!simple) {
      hash.add(concat(name(q.kind), ":", q.percent_is_number, ":"));
      for (const Answer& answer : q.gold) hash.add_whole(answer.text);
      for (const std::string& text : q.gold_as_written) hash.add_whole(text);
    }
    for (const auto& [key, text] : q.fields) {
      hash.add_whole(key);
      hash.add_whole(text);
    }
  }
  return hexadecimal(hash.value());
}

}  // namespace litestage::tasks
