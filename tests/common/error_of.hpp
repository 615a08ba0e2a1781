// The message of the Error that a call throws.
#pragma once

#include <string>
#include <string_view>

#include "litestage/core/error.hpp"

namespace litestage::test {

// "no error" if it throws none.
template <class Call>
[[nodiscard]] std::string error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

[[nodiscard]] inline bool says(std::string_view message, std::string_view part) {
  return message.find(part) != std::string_view::npos;
}

}  // namespace litestage::test
