// A text made from another one, with the place in the original that each of its bytes comes from. Normalising a prompt
// must not lose which bytes were markup.
#pragma once

#include <cstddef>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace litestage::io {

struct TracedText {
  std::string text{};
  std::vector<std::size_t> from{};  // [text.size() + 1] byte of the original; the last entry is the original's size

  TracedText() = default;
  // The text as it is.
  explicit TracedText(std::string_view original) : text(original), from(original.size() + 1) {
    std::iota(from.begin(), from.end(), std::size_t{0});
  }

  // Appends bytes that come from byte `at` of the original. `end` must be called at last.
  void append(std::string_view bytes, std::size_t at) {
    text += bytes;
    from.insert(from.end(), bytes.size(), at);
  }
  void end(std::size_t original_size) { from.push_back(original_size); }
};

}  // namespace litestage::io
