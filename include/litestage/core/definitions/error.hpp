// Joins the parts of messages.
#pragma once

#include <bit>
#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "litestage/core/error.hpp"

namespace litestage {

LITESTAGE_INLINE void MessagePart::append_to(std::string& message) const {
  char digits[32];
  char* const end = digits + sizeof(digits);
  switch (kind_) {
    case Kind::text:
      message.append(text_, whole_);
      return;
    case Kind::character:
      message += static_cast<char>(whole_);
      return;
    case Kind::integer:
      message.append(digits, std::to_chars(digits, end, static_cast<std::int64_t>(whole_)).ptr);
      return;
    case Kind::natural:
      message.append(digits, std::to_chars(digits, end, whole_).ptr);
      return;
    case Kind::real:
      message.append(digits,
                     std::to_chars(digits, end, std::bit_cast<double>(whole_), std::chars_format::general, 6).ptr);
      return;
  }
}

LITESTAGE_INLINE std::string join_message(std::initializer_list<MessagePart> parts) {
  std::string message;
  for (const MessagePart& part : parts) part.append_to(message);
  return message;
}

LITESTAGE_INLINE void throw_assertion_error(const char* condition, const char* file, int line,
                                            std::initializer_list<MessagePart> values) {
  std::string message = concat(file, ":", line, ": ", condition, " does not hold");
  if (values.size() != 0) message += ": " + join_message(values);
  throw AssertionError(message);
}

}  // namespace litestage
