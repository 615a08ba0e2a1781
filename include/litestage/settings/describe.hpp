// Generates help for settings from their fields(), printed by --help of the programs.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "litestage/core/compiled.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/fields_form.hpp"
#include "litestage/settings/spec.hpp"

namespace litestage {

template <class T>
concept IsChoice = requires {
  typename T::Alternatives;
  T::names;
};

// Whether all alternatives of the variant Inner are among those of Outer.
template <class P, class... Qs>
inline constexpr bool is_one_of = (std::same_as<P, Qs> || ...);
template <class Inner, class Outer>
inline constexpr bool each_is_one_of = false;
template <class... Ps, class... Qs>
inline constexpr bool each_is_one_of<std::variant<Ps...>, std::variant<Qs...>> = (is_one_of<Ps, Qs...> && ...);

// Prints one line per key: key=default, meaning, and what is expected. `prefix` is the path to these settings. Outer is
// the variant to whose alternatives the settings belong, if any; it keeps a policy that contains a choice of the same
// policies from describing them again.
template <HasFields T, class Outer>
void describe_fields(std::string& text, const std::string& prefix, std::string_view remark);

template <class Outer, class... Ps>
void describe_alternatives(std::string& text, const std::string& prefix, const std::variant<Ps...>*) {
  (describe_fields<Ps, Outer>(text, prefix, concat(" (of ", Ps::name, ")")), ...);
}

[[nodiscard]] std::string default_text(const Form& form);

template <class Outer, class F, class T>
void describe_field(std::string& text, const std::string& prefix, std::string_view remark, const F& field,
                    const T& defaults) {
  const std::string key = prefix + std::string(field.key);
  if constexpr (is_open_field<F>) {
    using Value = typename F::Values::mapped_type;
    text += concat("    ", key, "=...", remark, ": ", field.doc, "; ", expected_text<Value>(field.range), "\n");
  } else {
    using Value = std::remove_cvref_t<decltype(defaults.*field.member)>;
    const std::string value = default_text(write_value<Value>(defaults.*field.member, true));
    text += concat("    ", key, "=", value, remark, ": ", field.doc, "; ", expected_text<Value>(field.range), "\n");
    if constexpr (IsChoice<Value>) {
      using Inner = typename Value::Alternatives;
      if constexpr (each_is_one_of<Inner, Outer>)
        text += concat("    ", key, ".KEY=...", remark, ": the settings of the chosen policy, as above\n");
      else
        describe_alternatives<Outer>(text, key + ".", static_cast<const Inner*>(nullptr));
    } else if constexpr (HasFields<Value>) {
      describe_fields<Value, Outer>(text, key + ".", remark);
    }
  }
}

template <HasFields T, class Outer>
void describe_fields(std::string& text, const std::string& prefix, std::string_view remark) {
  const T defaults{};
  T::fields().each([&](const auto& field) { describe_field<Outer>(text, prefix, remark, field, defaults); });
}

// Prints the name, the `summary` if there is one, and every key.
template <NamedSettings T, class Outer = void>
[[nodiscard]] std::string describe() {
  std::string text = concat("  ", T::name);
  if constexpr (requires { std::string_view(T::summary); }) text += concat(": ", T::summary);
  text += '\n';
  describe_fields<T, Outer>(text, "", "");
  return text;
}

template <class... Ps>
[[nodiscard]] std::string describe_each(const std::variant<Ps...>*) {
  return (std::string() + ... + describe<Ps, std::variant<Ps...>>());
}

// Prints every alternative of a choice.
template <IsChoice T>
[[nodiscard]] std::string describe() {
  return describe_each(static_cast<const typename T::Alternatives*>(nullptr));
}

}  // namespace litestage

#if LITESTAGE_HEADER_ONLY
#include "litestage/settings/definitions/describe.hpp"
#endif
