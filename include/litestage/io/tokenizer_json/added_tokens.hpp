// Finds added tokens in a text: leftmost first, the longest of those that begin at one place, as the library tokenizers
// does (tokenizers/src/tokenizer/added_vocabulary.rs).
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/tokenizer_json/tokenizer_rules.hpp"

namespace litestage::io {

// A piece of a text: a token, or text between tokens.
struct TextPiece {
  std::size_t begin = 0;
  std::size_t size = 0;
  int id = -1;  // -1: text
};

class AddedTokens {
 public:
  struct Name {
    std::string text{};
    AddedToken token{};
    bool control = false;
  };

  explicit AddedTokens(std::vector<Name> names);

  // Splits a text at the names, so that the pieces together are the text. A control token is found only where
  // `is_markup(begin, end)` holds: its name in the words of a message stands for itself.
  template <class IsMarkup>
  [[nodiscard]] std::vector<TextPiece> split(std::string_view text, IsMarkup&& is_markup) const;

 private:
  // The index of the longest name at the beginning of `text` that `permits(name)`; -1 if there is none.
  template <class Permits>
  [[nodiscard]] int longest(std::string_view text, Permits&& permits) const;
  // The range that a name at [begin, end) takes, with the white space that it swallows but not that before `free`.
  // Empty if the name is not found there because of its neighbours.
  [[nodiscard]] std::pair<std::size_t, std::size_t> taken(const AddedToken& token, std::string_view text,
                                                          std::size_t begin, std::size_t end, std::size_t free) const;

  std::vector<Name> names_;    // in the order of their bytes
  std::string first_bytes_{};  // of the names, each once
};

template <class Permits>
int AddedTokens::longest(std::string_view text, Permits&& permits) const {
  int best = -1;
  auto low = names_.begin(), high = names_.end();
  for (std::size_t depth = 0; depth < text.size() && low != high; ++depth) {
    const auto byte = static_cast<unsigned char>(text[depth]);
    const auto at_depth = [depth](const Name& name) {  // names that end here come first
      return depth < name.text.size() ? static_cast<unsigned char>(name.text[depth]) : -1;
    };
    low = std::lower_bound(low, high, int{byte}, [&](const Name& name, int b) { return at_depth(name) < b; });
    high = std::upper_bound(low, high, int{byte}, [&](int b, const Name& name) { return b < at_depth(name); });
    if (low != high && low->text.size() == depth + 1 && permits(*low)) best = static_cast<int>(low - names_.begin());
  }
  return best;
}

template <class IsMarkup>
std::vector<TextPiece> AddedTokens::split(std::string_view text, IsMarkup&& is_markup) const {
  std::vector<TextPiece> pieces;
  std::size_t free = 0;  // the text from here on is in no piece yet
  for (std::size_t at = text.find_first_of(first_bytes_); at != std::string_view::npos;) {
    const int found = longest(text.substr(at),
                              [&](const Name& name) { return !name.control || is_markup(at, at + name.text.size()); });
    if (found < 0) {
      at = text.find_first_of(first_bytes_, at + 1);
      continue;
    }
    const Name& name = names_[found];
    const std::size_t end = at + name.text.size();
    const auto [from, to] = taken(name.token, text, at, end, free);
    if (from < to) {
      if (free < from) pieces.push_back({free, from - free, -1});
      pieces.push_back({from, to - from, name.token.id});
      free = to;
    }
    at = text.find_first_of(first_bytes_, std::max(end, free));
  }
  if (free < text.size()) pieces.push_back({free, text.size() - free, -1});
  return pieces;
}

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/tokenizer_json/definitions/added_tokens.hpp"
#endif
