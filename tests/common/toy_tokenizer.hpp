// A tokenizer for models without one: every byte of the text is a token, so texts with a common prefix have a common
// prefix of tokens. Decoding inverts encoding.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "litestage/prompt/tokenizer.hpp"

namespace litestage::test {

// Ids 0 to 94 are the characters from ' ' to '~', 95 is the newline, 96 ends a text.
struct ToyTokenizer {
  static constexpr int end = 96;

  [[nodiscard]] std::vector<int> encode(const Prompt& prompt) const {
    std::string text;
    for (const Message& m : prompt.messages) text += m.text;
    text += prompt.continuation;
    std::vector<int> ids;
    for (char c : text) ids.push_back(c == '\n' ? 95 : c - ' ');
    return ids;
  }
  [[nodiscard]] std::string piece(int id) const {
    if (id == end) return "";
    return std::string(1, id == 95 ? '\n' : static_cast<char>(' ' + id));
  }
  [[nodiscard]] bool is_end(int id) const { return id == end; }
  [[nodiscard]] std::size_t size() const { return 97; }
};
static_assert(Tokenizer<ToyTokenizer>);

}  // namespace litestage::test
