// What the engine needs of a tokenizer. io::TextCodec is one.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <vector>

#include "litestage/prompt/transcript.hpp"

namespace litestage {

template <class T>
concept Tokenizer = requires(const T& t, const Prompt& prompt, int id) {
  // The ids that the model reads for a prompt, chat markup and the token for a text's beginning included.
  { t.encode(prompt) } -> std::same_as<std::vector<int>>;
  // The bytes of one token; they need not be whole characters.
  { t.piece(id) } -> std::same_as<std::string>;
  // Whether a model that writes this token has finished its answer.
  { t.is_end(id) } -> std::same_as<bool>;
  // How many tokens there are; ids are 0 to size() - 1.
  { t.size() } -> std::convertible_to<std::size_t>;
};

}  // namespace litestage
