// The questions of a run, and where they come from.
#pragma once

#include <string>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/fnv1a.hpp"
#include "litestage/prompt/transcript.hpp"

namespace litestage::tasks {

struct QuestionSet {
  std::string task;         // its name
  std::string file;         // name of the file, without folders
  std::string fingerprint;  // of the bytes of the file
  std::vector<Question> questions;
};

// A fingerprint of every byte of these questions, in this order: what was generated for them holds for no others.
// (content_hash is of what a question asks, whatever its id and answer.)
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
