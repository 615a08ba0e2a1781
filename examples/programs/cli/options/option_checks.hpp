// Checks of numbers on a command line. CLI11's own checks accept some texts with a different meaning: a number beyond
// 64 bits becomes the largest, 010 is read as 8, and NaN is in every range.
#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>

#include "litestage/core/error.hpp"
#include "litestage/settings/expected.hpp"

namespace litestage::cli {

namespace detail {

// Reads all of `text` as one number, in the one notation that means the same everywhere.
template <class Number>
[[nodiscard]] bool read_number(const std::string& text, Number& value) {
  const char* end = text.data() + text.size();
  const std::from_chars_result read = std::from_chars(text.data(), end, value);
  const bool octal = text.size() > 1 && text[0] == '0' && std::integral<Number>;
  return read.ec == std::errc{} && read.ptr == end && !octal;
}

}  // namespace detail

// A whole number from `low` to `high`.
[[nodiscard]] inline CLI::Validator whole_number(std::uint64_t low,
                                                 std::uint64_t high = std::numeric_limits<std::uint64_t>::max()) {
  const auto check = [low, high](std::string& text) {
    std::uint64_t value = 0;
    if (detail::read_number(text, value) && value >= low && value <= high) return std::string();
    return concat("found ", found_text(Form(text)), ", expected a whole number from ", low, " to ", high);
  };
  const bool open = high == std::numeric_limits<std::uint64_t>::max();
  return CLI::Validator(check, open ? concat("from ", low) : concat("in [", low, " - ", high, "]"), "whole_number");
}

// A finite number from `low` to `high`.
[[nodiscard]] inline CLI::Validator number(double low, double high) {
  const auto check = [low, high](std::string& text) {
    double value = 0;
    if (detail::read_number(text, value) && value >= low && value <= high) return std::string();
    return concat("found ", found_text(Form(text)), ", expected a number from ", low, " to ", high);
  };
  return CLI::Validator(check, concat("in [", low, " - ", high, "]"), "number");
}

}  // namespace litestage::cli
