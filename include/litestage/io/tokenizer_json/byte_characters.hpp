// How byte-level vocabularies write bytes: each as one printable character.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "litestage/core/text/utf8.hpp"

namespace litestage::io {

namespace detail {

// GPT-2 writes every byte as a printable character: the Latin-1 character if it is printable, else U+0100 and up in
// order.
[[nodiscard]] inline const std::array<int, 324>& byte_of_character() {
  static const std::array<int, 324> table = [] {
    std::array<int, 324> bytes{};
    bytes.fill(-1);
    std::size_t next = 256;
    for (int b = 0; b < 256; ++b) {
      const bool printable = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      bytes[printable ? static_cast<std::size_t>(b) : next++] = b;
    }
    return bytes;
  }();
  return table;
}

}  // namespace detail

// The bytes that a token's text stands for, or nothing if one of its characters stands for no byte.
[[nodiscard]] inline std::optional<std::string> bytes_of_characters(std::string_view token) {
  std::string bytes;
  while (!token.empty()) {
    const CodePoint c = strict_code_point(token);
    if (c.length == 0 || c.value >= detail::byte_of_character().size() || detail::byte_of_character()[c.value] < 0)
      return {};
    bytes += static_cast<char>(detail::byte_of_character()[c.value]);
    token.remove_prefix(c.length);
  }
  return bytes;
}

}  // namespace litestage::io
