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
// (content_hash covers only what a question asks, not its id and answer.)
[[nodiscard]] inline std::string questions_fingerprint(const std::vector<Question>& questions) {
  Fnv1a hash;
  for (const Question& q : questions) {
    hash.add_whole(q.id);
    hash.add_whole(q.stem);
    hash.add(concat(q.options.size(), ":", q.gold, ":"));
    for (const std::string& option : q.options) hash.add_whole(option);
  }
  return hexadecimal(hash.value());
}

}  // namespace litestage::tasks
