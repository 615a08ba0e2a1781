// A fingerprint of a Form, to find records of work that was done with the same settings.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <type_traits>
#include <variant>

#include "litestage/core/error.hpp"
#include "litestage/core/fnv1a.hpp"
#include "litestage/settings/form.hpp"

namespace litestage {

namespace detail {

// Adds kind and value, so that 1, 1.0, "1" and [1] differ.
inline void add_form(Fnv1a& hash, const Form& form) {
  hash.add(concat(form.kind(), ":"));
  const auto add = [&]<class T>(const T& value) {
    if constexpr (std::is_same_v<T, Form::Map>) {
      hash.add(concat(value.size(), ":"));
      for (const auto& [key, member] : value) {
        hash.add_whole(key);
        add_form(hash, member);
      }
    } else if constexpr (std::is_same_v<T, Form::List>) {
      hash.add(concat(value.size(), ":"));
      for (const Form& element : value) add_form(hash, element);
    } else if constexpr (std::is_same_v<T, double>) {
      hash.add(hexadecimal(std::bit_cast<std::uint64_t>(value)));  // all of its digits
    } else if constexpr (!std::is_same_v<T, std::monostate>) {
      hash.add_whole(concat(value));
    }
  };
  std::visit(add, form.value());
}

}  // namespace detail

// Equal for equal Forms, and in practice for no others. The order of an object's members counts.
[[nodiscard]] inline std::string form_fingerprint(const Form& form) {
  Fnv1a hash;
  detail::add_form(hash, form);
  return hexadecimal(hash.value());
}

}  // namespace litestage
