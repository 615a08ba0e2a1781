// Wording of error messages about fields: where a value stands, what was found there, and what is expected.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/core/enum_names.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/form.hpp"

namespace litestage {

// The place of a value: what was given ("--exit low_confidence", "plan.json") and the key in it ("criterion.k").
struct Where {
  std::string subject;
  std::string key;

  Where(std::string_view what, std::string_view inner = {}) : subject(what), key(inner) {}
  Where(const char* what) : subject(what) {}
  Where(const std::string& what) : subject(what) {}
  [[nodiscard]] Where at(std::string_view inner) const {
    return Where(subject, key.empty() ? std::string(inner) : concat(key, ".", inner));
  }
  // The place of element `i` of a list.
  [[nodiscard]] Where item(std::size_t i) const { return Where(subject, concat(key, "[", i, "]")); }
  // The place within the settings called `name`; must be called before any key is added.
  [[nodiscard]] Where in(std::string_view name) const {
    return key.empty() ? Where(concat(subject, " ", name)) : *this;
  }
  [[nodiscard]] std::string str() const { return key.empty() ? subject : concat(subject, ", ", key); }
};

// A type that defines its own form.
template <class T>
concept FormValue = requires(const T& value, const Form& form, const Where& where, bool all) {
  { T::from_form(form, where) } -> std::convertible_to<T>;
  { value.to_form(all) } -> std::same_as<Form>;
  { T::expected() } -> std::convertible_to<std::string>;
};

template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

// The shortest decimal text that reads back as the same number.
template <class T>
requires std::is_arithmetic_v<T>
[[nodiscard]] std::string number_text(T value) {
  std::array<char, 64> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return std::string(text.data(), end);
}

[[nodiscard]] std::string bound_text(double value);

[[nodiscard]] std::string found_text(const Form& form);

template <class Names>
[[nodiscard]] std::string joined(const Names& names, std::string_view separator = ", ") {
  std::string text;
  for (const auto& name : names) {
    if (!text.empty()) text += separator;
    text += name;
  }
  return text;
}

[[nodiscard]] std::string range_text(Bounds range);

// The keys of T as one list, for messages.
template <HasFields T>
void add_keys(std::vector<std::string_view>& keys) {
  const auto add = [&]<class F>(const F& field) {
    if constexpr (is_inline_field<F>)
      add_keys<MemberOf<F>>(keys);
    else if constexpr (!std::is_void_v<typename FieldOwner<F>::type>)  // computed fields are not read
      keys.push_back(field.key);
  };
  T::fields().each(add);
}
template <HasFields T>
[[nodiscard]] std::string key_list() {
  std::vector<std::string_view> keys;
  add_keys<T>(keys);
  return keys.empty() ? "no keys" : joined(keys);
}

// Describes in words what a field of type T expects.
template <class T>
[[nodiscard]] std::string expected_text(Bounds range) {
  if constexpr (FormValue<T>)
    return T::expected();
  else if constexpr (is_optional<T>)
    return concat("none or ", expected_text<typename T::value_type>(range));
  else if constexpr (is_vector<T>)
    return concat("a list, each element ", expected_text<typename T::value_type>(range));
  else if constexpr (HasFields<T>)
    return concat("settings with ", key_list<T>());
  else if constexpr (std::is_enum_v<T>)
    return concat("one of ", joined(enum_names<T>));
  else if constexpr (std::same_as<T, bool>)
    return "true or false";
  else if constexpr (std::integral<T>)
    return concat("an integer", range_text(range));
  else if constexpr (std::floating_point<T>)
    return concat("a finite number", range_text(range));
  else
    return "a string";
}

template <class T>
[[noreturn]] void reject(const Form& form, const Where& where, Bounds range) {
  throw Error(concat(where.str(), ": found ", found_text(form), ", expected ", expected_text<T>(range)));
}

}  // namespace litestage

#if LITESTAGE_HEADER_ONLY
#include "litestage/settings/definitions/expected.hpp"
#endif
