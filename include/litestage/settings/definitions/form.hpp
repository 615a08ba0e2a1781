// Looks up values in Forms.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/settings/form.hpp"

namespace litestage {

LITESTAGE_INLINE Form::Form(const Form&) = default;
LITESTAGE_INLINE Form::Form(Form&&) noexcept = default;
LITESTAGE_INLINE Form& Form::operator=(const Form&) = default;
LITESTAGE_INLINE Form& Form::operator=(Form&&) noexcept = default;
LITESTAGE_INLINE Form::~Form() = default;
LITESTAGE_INLINE bool operator==(const Form& a, const Form& b) {
  return a.value_ == b.value_;
}

template <class T>
const T& Form::get(std::string_view what, std::string_view expected) const {
  if (const T* found = std::get_if<T>(&value_)) return *found;
  throw Error(concat(what, " is ", kind(), ", expected ", expected));
}
LITESTAGE_INLINE const std::string& Form::string(std::string_view what) const {
  return get<std::string>(what, "a string");
}
LITESTAGE_INLINE bool Form::boolean(std::string_view what) const {
  return get<bool>(what, "true or false");
}
LITESTAGE_INLINE std::int64_t Form::integer(std::string_view what) const {
  return get<std::int64_t>(what, "an integer");
}
LITESTAGE_INLINE const Form::List& Form::list(std::string_view what) const {
  return get<List>(what, "a list");
}
LITESTAGE_INLINE const Form::Map& Form::map(std::string_view what) const {
  return get<Map>(what, "an object");
}

LITESTAGE_INLINE std::string_view Form::kind() const {
  constexpr std::string_view names[] = {"null",     "true or false", "an integer", "a number",
                                        "a string", "a list",        "an object"};
  return names[value_.index()];
}

LITESTAGE_INLINE double Form::number(std::string_view what) const {
  if (const auto* i = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*i);
  return get<double>(what, "a number");
}

LITESTAGE_INLINE const Form* Form::find(std::string_view key) const {
  if (const auto* members = std::get_if<Map>(&value_)) {
    for (const Member& m : *members) {
      if (m.first == key) return &m.second;
    }
  }
  return nullptr;
}

LITESTAGE_INLINE const Form& Form::at(std::string_view key, std::string_view what) const {
  static_cast<void>(map(what));
  if (const Form* found = find(key)) return *found;
  throw Error(concat(what, ": key ", in_quotes(key), " is missing"));
}

LITESTAGE_INLINE Form& Form::add(std::string key, Form value) {
  if (is_null()) value_ = Map{};
  LITESTAGE_ASSERT(is_map() && find(key) == nullptr, key);
  std::get<Map>(value_).emplace_back(std::move(key), std::move(value));
  return *this;
}

}  // namespace litestage
