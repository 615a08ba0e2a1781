// Converts a stream of tokens to text. A character may be spread over several tokens, and only whole characters are
// shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "litestage/core/text/utf8.hpp"

namespace litestage::io {

class TextStream {
 public:
  // Takes the bytes of the next token and returns the characters that are complete now. Bytes that cannot be part of a
  // character become U+FFFD, so that the result is always valid UTF-8.
  [[nodiscard]] std::string push(std::string_view piece) {
    pending_ += piece;
    std::string text;
    std::size_t at = 0;
    while (at < pending_.size()) {
      const std::string_view rest = std::string_view(pending_).substr(at);
      const CodePoint found = strict_code_point(rest);
      if (found.length != 0) {
        text += rest.substr(0, found.length);
        at += found.length;
      } else if (may_become_character(rest)) {
        break;
      } else {
        text += replacement_text;
        ++at;
      }
    }
    pending_.erase(0, at);
    return text;
  }

  // Takes the next token of a tokenizer.
  template <class Tokens>
  [[nodiscard]] std::string push(const Tokens& tokenizer, int id) {
    return push(tokenizer.piece(id));
  }

  // Ends the text: returns U+FFFD if a character is incomplete, else nothing.
  [[nodiscard]] std::string flush() {
    const bool incomplete = !pending_.empty();
    pending_.clear();
    return incomplete ? std::string(replacement_text) : std::string();
  }

 private:
  // Whether `rest`, which is not a whole character, is the beginning of one (Unicode 15, table 3-7).
  [[nodiscard]] static bool may_become_character(std::string_view rest) {
    const auto lead = static_cast<unsigned char>(rest.front());
    if (lead < 0xC2 || lead > 0xF4 || rest.size() >= utf8_length(lead)) return false;
    for (std::size_t i = 1; i < rest.size(); ++i) {
      const auto byte = static_cast<unsigned char>(rest[i]);
      unsigned low = 0x80, high = 0xBF;
      if (i == 1 && lead == 0xE0) low = 0xA0;
      if (i == 1 && lead == 0xED) high = 0x9F;
      if (i == 1 && lead == 0xF0) low = 0x90;
      if (i == 1 && lead == 0xF4) high = 0x8F;
      if (byte < low || byte > high) return false;
    }
    return true;
  }

  std::string pending_;  // the beginning of a character
};

}  // namespace litestage::io
