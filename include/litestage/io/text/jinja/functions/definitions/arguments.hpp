// Reading of arguments, and the errors about them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/text/jinja/functions/arguments.hpp"
#include "litestage/io/text/jinja/values/operators.hpp"

namespace litestage::io::jinja {

LITESTAGE_INLINE const Value* Arguments::find(std::size_t position, std::string_view name) {
  used_positions_ = std::max(used_positions_, position + 1);
  used_names_.push_back(name);
  const auto named = std::find_if(named_.begin(), named_.end(), [&](const auto& n) { return n.first == name; });
  if (position < positional_.size()) {
    if (named != named_.end()) state_.fail(concat(callee_, " is given the argument ", name, " twice"));
    return &positional_[position];
  }
  return named != named_.end() ? &named->second : nullptr;
}

LITESTAGE_INLINE std::int64_t Arguments::integer(std::size_t position, std::string_view name, std::int64_t left_out) {
  const Value* value = find(position, name);
  if (value == nullptr) return left_out;
  const std::optional<Number> number = number_of(*value);
  if (!number || !number->is_integer) state_.refuse(concat("the argument ", name, " of ", callee_), *value);
  return number->whole;
}

LITESTAGE_INLINE bool Arguments::flag(std::size_t position, std::string_view name, bool left_out) {
  const Value* value = find(position, name);
  return value != nullptr ? value->truth() : left_out;
}

LITESTAGE_INLINE const MarkedText* Arguments::text(std::size_t position, std::string_view name) {
  const Value* value = find(position, name);
  if (value == nullptr || value->is<None>()) return nullptr;
  if (value->text() == nullptr) state_.refuse(concat("the argument ", name, " of ", callee_), *value);
  return value->text();
}

LITESTAGE_INLINE const Value& Arguments::required(std::size_t position, std::string_view name) {
  const Value* value = find(position, name);
  if (value == nullptr) state_.fail(concat(callee_, " needs the argument ", name));
  return *value;
}

LITESTAGE_INLINE const MarkedText& Arguments::required_text(std::size_t position, std::string_view name) {
  const Value& value = required(position, name);
  if (value.text() == nullptr) state_.refuse(concat("the argument ", name, " of ", callee_), value);
  return *value.text();
}

LITESTAGE_INLINE Values Arguments::rest(std::size_t position) {
  if (position >= positional_.size()) return {};
  used_positions_ = positional_.size();
  return Values(positional_.begin() + static_cast<std::ptrdiff_t>(position), positional_.end());
}

LITESTAGE_INLINE void Arguments::refuse_unused() const {
  if (positional_.size() > used_positions_)
    state_.fail(concat(callee_, " is given ", positional_.size(), " arguments, expected at most ", used_positions_));
  for (const auto& argument : named_) {
    if (std::find(used_names_.begin(), used_names_.end(), argument.first) == used_names_.end())
      state_.fail(concat(callee_, " is given the argument ", shown(argument.first), ", which is not supported"));
  }
}

}  // namespace litestage::io::jinja
