// A piece of a prompt's text with its origin: the markup of a chat template, in which the names of control tokens stand
// for these tokens, or the text of a message, in which they are ordinary characters.
#pragma once

#include <string>
#include <vector>

namespace litestage::io {

struct TextPart {
  std::string text{};
  bool markup = false;
  friend bool operator==(const TextPart&, const TextPart&) = default;
};

[[nodiscard]] inline std::string text_of(const std::vector<TextPart>& parts) {
  std::string text;
  for (const TextPart& part : parts) text += part.text;
  return text;
}

}  // namespace litestage::io
