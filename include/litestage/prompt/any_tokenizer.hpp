// A type-erased tokenizer, so that pipelines need no template parameter for it. Copies share one tokenizer.
#pragma once

#include <functional>
#include <memory>
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

 private:
  std::function<std::vector<int>(const Prompt&)> encode_;
  std::function<std::string(int)> piece_;
  std::function<bool(int)> is_end_;
};

}  // namespace litestage
