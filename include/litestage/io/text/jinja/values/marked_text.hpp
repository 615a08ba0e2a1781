// Text that knows the author of each of its characters, so that what a message says stays apart from what a chat
// template writes, however the template cuts and joins both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/text_part.hpp"

namespace litestage::io::jinja {

// Who wrote characters: the template itself (markup), who set a variable (words), message i (words), or several of
// these in a way that cannot be told apart any more (words). Values from first_message on are messages.
enum class Author : std::uint32_t { markup = 0, variable = 1, several = 2, first_message = 3 };

[[nodiscard]] constexpr Author of_message(std::size_t i) {
  return static_cast<Author>(static_cast<std::uint32_t>(Author::first_message) + static_cast<std::uint32_t>(i));
}

// The author of text to which both contribute.
[[nodiscard]] constexpr Author merged(Author a, Author b) {
  if (a == b || b == Author::markup) return a;
  return a == Author::markup ? b : Author::several;
}

class MarkedText {
 public:
  // Characters with one author; `end` is the byte after the last of them. A run begins where the one before it ends.
  struct Run {
    std::size_t end = 0;
    Author author = Author::markup;
    friend bool operator==(const Run&, const Run&) = default;
  };

  MarkedText() = default;
  MarkedText(std::string_view text, Author author) { append(text, author); }

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::vector<Run>& runs() const { return runs_; }
  [[nodiscard]] std::size_t size() const { return text_.size(); }
  [[nodiscard]] bool empty() const { return text_.empty(); }

  void append(std::string_view text, Author author);
  // Appends `size` bytes of `from`, which begin at the byte `begin`, with their authors.
  void append(const MarkedText& from, std::size_t begin, std::size_t size);
  void append(const MarkedText& from) { append(from, 0, from.size()); }

  // The bytes from `begin` on, `size` of them, with their authors.
  [[nodiscard]] MarkedText part(std::size_t begin, std::size_t size) const;

  // The author of all characters together; markup if there are none.
  [[nodiscard]] Author author() const;

  // The text in the form that tokenizers take: variables and messages are words.
  [[nodiscard]] std::vector<TextPart> parts() const;

 private:
  std::string text_;
  std::vector<Run> runs_;
};

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/values/definitions/marked_text.hpp"
#endif
