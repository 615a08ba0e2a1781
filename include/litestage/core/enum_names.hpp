// The names of enumerators in SPEC strings, JSON, help and tables.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace litestage {

// Specialise this for an enum beside its definition: `names` is an array of string views in the order of the
// enumerators, which count up from 0.
template <class E>
struct EnumNames;

template <class E>
concept HasEnumNames = std::is_enum_v<E> && requires {
  EnumNames<E>::names.size();
};

// Compilers print an enumerator by its name, "litestage::Phases::both", and any other value as a cast,
// "(litestage::Phases)3".
template <auto value>
[[nodiscard]] consteval bool is_enumerator() {
  const std::string_view text = __PRETTY_FUNCTION__;  // "... is_enumerator() [with auto value = VALUE]"
  return text[text.find_last_of("=:)")] != ')';
}

template <class E, std::size_t... i>
[[nodiscard]] consteval bool are_all_enumerators(std::index_sequence<i...>) {
  return (is_enumerator<static_cast<E>(i)>() && ...) && !is_enumerator<static_cast<E>(sizeof...(i))>();
}

template <HasEnumNames E>
[[nodiscard]] consteval auto checked_enum_names() {
#ifndef __CUDACC__  // nvcc's front end prints values differently; the host compilers check the same enums
  static_assert(are_all_enumerators<E>(std::make_index_sequence<EnumNames<E>::names.size()>()),
                "EnumNames<E>::names must have one name for each enumerator of E");
#endif
  return EnumNames<E>::names;
}

// The names of all enumerators, in their order. Use this instead of EnumNames<E>::names, which is not checked.
template <HasEnumNames E>
inline constexpr auto enum_names = checked_enum_names<E>();

template <HasEnumNames E>
[[nodiscard]] constexpr std::string_view name(E value) {
  return enum_names<E>.at(static_cast<std::size_t>(value));
}

// The enumerator with this name, if there is one.
template <HasEnumNames E>
[[nodiscard]] constexpr std::optional<E> enumerator_named(std::string_view name) {
  for (std::size_t i = 0; i < enum_names<E>.size(); ++i) {
    if (enum_names<E>[i] == name) return static_cast<E>(i);
  }
  return std::nullopt;
}

}  // namespace litestage
