// Lower case of the letters A to Z; all other bytes stay as they are, so UTF-8 stays UTF-8 of the same length.
#pragma once

#include <string>
#include <string_view>

namespace litestage {

[[nodiscard]] constexpr char lower_ascii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
[[nodiscard]] inline std::string lower_ascii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = lower_ascii(c);
  return lower;
}

}  // namespace litestage
