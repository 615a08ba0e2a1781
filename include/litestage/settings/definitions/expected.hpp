// Names settings in messages.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "litestage/core/enum_names.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/form.hpp"

namespace litestage {

LITESTAGE_INLINE std::string bound_text(double value) {
  const bool whole = std::fabs(value) < 1e15 && std::floor(value) == value;
  return whole ? number_text(static_cast<std::int64_t>(value)) : number_text(value);
}

LITESTAGE_INLINE std::string found_text(const Form& form) {
  if (const auto* text = std::get_if<std::string>(&form.value())) {
    return in_quotes(*text, 40);
  }
  if (const auto* truth = std::get_if<bool>(&form.value())) return *truth ? "true" : "false";
  if (const auto* integer = std::get_if<std::int64_t>(&form.value())) return number_text(*integer);
  if (const auto* number = std::get_if<double>(&form.value())) return number_text(*number);
  if (form.is_list() && form.list("").empty()) return "an empty list";
  return std::string(form.kind());
}

LITESTAGE_INLINE std::string range_text(Bounds range) {
  if (range.low == -unbounded && range.high == unbounded) return "";
  if (range.high == unbounded) return concat(" of at least ", bound_text(range.low));
  if (range.low == -unbounded) return concat(" of at most ", bound_text(range.high));
  return concat(" from ", bound_text(range.low), " to ", bound_text(range.high));
}

}  // namespace litestage
