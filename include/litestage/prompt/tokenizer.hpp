// The tokenizer interface that the engine needs. io::TextCodec satisfies it.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <vector>

#include "litestage/prompt/transcript.hpp"

namespace litestage {

template <class T>
concept Tokenizer = requires(const T& t, const Prompt& prompt, int id) {
  // The token ids of a prompt, including chat markup and the beginning-of-text token.
  { t.encode(prompt) } -> std::same_as<std::vector<int>>;
  // The bytes of one token; they may be part of a character.
  { t.piece(id) } -> std::same_as<std::string>;
  // Whether this token ends the model's answer.
  { t.is_end(id) } -> std::same_as<bool>;
  // The number of tokens; ids are 0 to size() - 1.
  { t.size() } -> std::convertible_to<std::size_t>;
};

}  // namespace litestage
