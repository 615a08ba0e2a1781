// Any bytes as what a model wrote: read as a number, as yes or no, and as a text, at every place, the answer is in its
// canonical form or there is none. The first line holds the words after which the answer stands.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/target.hpp"
#include "litestage/tasks/answer_kinds.hpp"

void fuzz_answer_kinds(const std::uint8_t* data, std::size_t size) {
  using namespace litestage;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string words(text.substr(0, text.find('\n')));
  text.remove_prefix(std::min(text.size(), words.size() + 1));
  for (const AnswerFormat& format :
       {AnswerFormat{}, AnswerFormat{.after = words}, AnswerFormat{.after = words, .take = TakenMatch::first},
        AnswerFormat{.opening = "The answer is", .after = "the answer is"}}) {
    for (const AnswerKind kind : {AnswerKind::number, AnswerKind::yes_no, AnswerKind::text}) {
      const Answer answer = tasks::read_as(kind, format, text);
      if (!answer.empty()) need(tasks::canonical_answer(kind, answer.text) == answer);
    }
    const Answer bare = tasks::read_as(AnswerKind::number, format, text, true);
    need(bare.text.find('%') == std::string::npos);
  }
}
