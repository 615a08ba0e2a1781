// A type-erased tokenizer, so that pipelines need no template parameter for it. Copies share one tokenizer.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "litestage/prompt/tokenizer.hpp"
#include "litestage/prompt/transcript.hpp"

namespace litestage {

class AnyTokenizer {
 public:
  template <Tokenizer T>
  AnyTokenizer(std::shared_ptr<const T> tokenizer)  // implicit, like a conversion to a pointer to a base class
      : encode_([tokenizer](const Prompt& prompt) { return tokenizer->encode(prompt); }),
        piece_([tokenizer](int id) { return std::string(tokenizer->piece(id)); }),
        is_end_([tokenizer](int id) { return tokenizer->is_end(id); }) {}
  // Stores a copy of the tokenizer.
  template <Tokenizer T>
  AnyTokenizer(T tokenizer) : AnyTokenizer(std::make_shared<const T>(std::move(tokenizer))) {}

  // The member functions of the concept Tokenizer, except size().
  [[nodiscard]] std::vector<int> encode(const Prompt& prompt) const { return encode_(prompt); }
  [[nodiscard]] std::string piece(int id) const { return piece_(id); }
  [[nodiscard]] bool is_end(int id) const { return is_end_(id); }

  // The tokens of a text that goes on after other text, tokenized by itself: without a beginning-of-text token and
  // without the space that some tokenizers put before a text. They are those of the text after a letter, where the
  // tokenizer separates the two.
  [[nodiscard]] std::vector<int> encode_continuation(const std::string& text) const {
    const auto after = [&](const std::string& before) -> std::optional<std::vector<int>> {
      const std::vector<int> alone = encode({.messages = {{Role::text, before}}});
      std::vector<int> both = encode({.messages = {{Role::text, before + text}}});
      if (both.size() < alone.size() || !std::equal(alone.begin(), alone.end(), both.begin())) return std::nullopt;
      both.erase(both.begin(), both.begin() + alone.size());
      return both;
    };
    const std::optional<std::vector<int>> separate = after("a");
    return separate ? *separate : after("").value_or(std::vector<int>{});
  }

 private:
  std::function<std::vector<int>(const Prompt&)> encode_;
  std::function<std::string(int)> piece_;
  std::function<bool(int)> is_end_;
};

}  // namespace litestage
