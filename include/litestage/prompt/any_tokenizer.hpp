// A Tokenizer of any type, so that pipelines need no template parameter for it. It refers to the original.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "litestage/prompt/tokenizer.hpp"
#include "litestage/prompt/transcript.hpp"

namespace litestage {

class AnyTokenizer {
 public:
  // `tokenizer` outlives this.
  template <Tokenizer T>
  AnyTokenizer(const T& tokenizer)  // implicit: a pipeline is given the tokenizer itself
      : encode_([&tokenizer](const Prompt& prompt) { return tokenizer.encode(prompt); }),
        piece_([&tokenizer](int id) { return std::string(tokenizer.piece(id)); }),
        is_end_([&tokenizer](int id) { return tokenizer.is_end(id); }) {}
  template <Tokenizer T>
  AnyTokenizer(const T&& tokenizer) = delete;  // a temporary would be gone by the time it is asked

  [[nodiscard]] std::vector<int> encode(const Prompt& prompt) const { return encode_(prompt); }
  [[nodiscard]] std::string piece(int id) const { return piece_(id); }
  [[nodiscard]] bool is_end(int id) const { return is_end_(id); }

 private:
  std::function<std::vector<int>(const Prompt&)> encode_;
  std::function<std::string(int)> piece_;
  std::function<bool(int)> is_end_;
};

}  // namespace litestage
