// Converts Forms to structs by their fields(). An Error is one sentence with the place, what was found and what is
// expected.
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "litestage/core/enum_names.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/settings/every_field.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/form.hpp"

namespace litestage {

template <HasFields T>
[[nodiscard]] T read_fields(const Form& form, const Where& where);
template <HasFields T>
void read_members(T& object, const Form& form, const Where& where);

template <std::integral T>
[[nodiscard]] T read_integer(const Form& form, const Where& where, Bounds range) {
  const auto* value = std::get_if<std::int64_t>(&form.value());
  const bool fits = value != nullptr && std::in_range<T>(*value) && static_cast<double>(*value) >= range.low &&
                    static_cast<double>(*value) <= range.high;
  if (!fits) reject<T>(form, where, range);
  return static_cast<T>(*value);
}

template <std::floating_point T>
[[nodiscard]] T read_number(const Form& form, const Where& where, Bounds range) {
  const bool number = form.is<double>() || form.is<std::int64_t>();
  const double value = number ? form.number(where.str()) : 0;
  // Written as a negation so that NaN is rejected.
  const bool fits = number && std::fabs(value) <= static_cast<double>(std::numeric_limits<T>::max()) &&
                    value >= range.low && value <= range.high;
  if (!fits) reject<T>(form, where, range);
  return static_cast<T>(value);
}

template <class E>
[[nodiscard]] E read_enum(const Form& form, const Where& where) {
  if (const auto* text = std::get_if<std::string>(&form.value())) {
    if (const std::optional<E> found = enumerator_named<E>(*text)) return *found;
  }
  reject<E>(form, where, {});
}

template <class T>
[[nodiscard]] T read_value(const Form& form, const Where& where, Bounds range = {});

// A single value is read as a list of one element, because SPEC cannot distinguish them.
template <class T>
[[nodiscard]] T read_list(const Form& form, const Where& where, Bounds range) {
  using Element = typename T::value_type;
  if (!form.is_list()) return T{read_value<Element>(form, where, range)};
  T result;
  const Form::List& elements = form.list("");
  result.reserve(elements.size());
  for (std::size_t i = 0; i < elements.size(); ++i)
    result.push_back(read_value<Element>(elements[i], where.item(i), range));
  return result;
}

template <class T>
T read_value(const Form& form, const Where& where, Bounds range) {
  if constexpr (std::same_as<T, Form>) {
    return form;
  } else if constexpr (FormValue<T>) {
    return T::from_form(form, where);
  } else if constexpr (is_optional<T>) {
    static_assert(!std::same_as<typename T::value_type, std::string>, "the string \"none\" would be ambiguous");
    if (form.is_null() || form == Form("none")) return std::nullopt;
    return read_value<typename T::value_type>(form, where, range);
  } else if constexpr (is_vector<T>) {
    return read_list<T>(form, where, range);
  } else if constexpr (HasFields<T>) {
    return read_fields<T>(form, where);
  } else if constexpr (std::is_enum_v<T>) {
    return read_enum<T>(form, where);
  } else if constexpr (std::same_as<T, bool>) {
    if (!form.is<bool>()) reject<T>(form, where, range);
    return form.boolean("");
  } else if constexpr (std::integral<T>) {
    return read_integer<T>(form, where, range);
  } else if constexpr (std::floating_point<T>) {
    return read_number<T>(form, where, range);
  } else {
    static_assert(std::same_as<T, std::string>,
                  "a setting is a bool, number, string, enum, optional, vector, settings, or has a form of its own");
    if (!form.is_string()) reject<T>(form, where, range);
    return form.string("");
  }
}

// A struct of results, unlike a struct of user settings, declares `static constexpr bool complete = true;`. Then every
// key must be present unless its Field says otherwise (Presence), lists must be written as lists, and unknown keys are
// ignored, because later versions may write more.
template <class T>
concept IsComplete = HasFields<T> && requires {
  requires T::complete;
};

template <IsComplete T>
void check_keys(const Form& form, const Where& where) {
  const auto need = [&]<class F>(const F& field) {
    if constexpr (is_inline_field<F>) {
      check_keys<MemberOf<F>>(form, where);
    } else if constexpr (requires { field.presence; }) {
      if (field.presence == Presence::always && form.find(field.key) == nullptr)
        throw Error(concat(where.str(), ": key ", in_quotes(field.key), " is missing, expected ", key_list<T>()));
    }
  };
  T::fields().each(need);
}

template <HasFields T>
void check_keys(const Form& form, const Where& where) {
  const Form::Map& members = form.map("");
  std::vector<std::string_view> known;
  bool open = false;
  const auto add = [&]<class F>(const F& field) {
    if constexpr (is_open_field<F>)
      open = true;
    else
      known.push_back(field.key);
  };
  T::fields().each(add);
  if constexpr (HasName<T>) known.emplace_back("name");
  for (std::size_t i = 0; i < members.size(); ++i) {
    const std::string& key = members[i].first;
    bool is_known = open && (HasName<T> || key != "name");
    for (const std::string_view k : known) is_known = is_known || k == key;
    if (!is_known) {
      throw Error(concat(where.str(), ": key ", in_quotes(key), " is unknown, expected ", key_list<T>()));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (members[j].first == key) {
        throw Error(concat(where.str(), ": key ", in_quotes(key), " is given twice, expected ", key_list<T>(),
                           ", each at most once"));
      }
    }
  }
}

template <class T, class Owner, class M, class Codec>
void read_field(T& object, const Field<Owner, M, Codec>& field, const Form& form, const Where& where) {
  const Form* value = form.find(field.key);
  if (value == nullptr) return;
  const Where here = where.at(field.key);
  if constexpr (!std::is_void_v<Codec>) {
    object.*field.member = Codec::read(*value, here);
  } else {
    if constexpr (IsComplete<T> && is_vector<M>) {
      if (!value->is_list()) reject<M>(*value, here, field.range);
    }
    object.*field.member = read_value<M>(*value, here, field.range);
  }
}

template <class T, class Owner, class M>
void read_field(T& object, const InlineField<Owner, M>& field, const Form& form, const Where& where) {
  read_members(object.*field.member, form, where);
}

template <class T, class Get>
void read_field(T&, const ComputedField<Get>&, const Form&, const Where&) {}

template <HasFields T, class V>
void read_field(T& settings, const OpenField<T, V>& field, const Form& form, const Where& where) {
  (settings.*field.member).clear();
  const auto is_open = [](std::string_view key) {
    bool open = key != "name";
    const auto compare = [&]<class F>(const F& other) { open = open && (is_open_field<F> || other.key != key); };
    T::fields().each(compare);
    return open;
  };
  for (const auto& [key, value] : form.map("")) {
    if (is_open(key)) (settings.*field.member)[key] = read_value<V>(value, where.at(key), field.range);
  }
}

template <HasFields T>
void check_name(const Form& name, const Where& where) {
  if constexpr (HasName<T>) {
    if (name != Form(T::name)) {
      throw Error(concat(where.str(), ": found ", found_text(name), ", expected ", T::name));
    }
  }
}

// Reads the members whose keys are present; the others keep their values.
template <HasFields T>
void read_members(T& object, const Form& form, const Where& where) {
  static_assert(every_member_has_a_field<T>());
  T::fields().each([&](const auto& field) { read_field(object, field, form, where); });
  if constexpr (requires { object.fill_older(form); }) object.fill_older(form);
}

// Reads a struct from an object; missing keys keep their defaults (unless IsComplete). Named settings may be given by
// their name alone, and an object may repeat the name. If T has `check(where)`, it is called last to check that the
// values fit together.
template <HasFields T>
T read_fields(const Form& form, const Where& where) {
  T object{};
  Where here = where;
  if constexpr (HasName<T>) here = where.in(T::name);
  if (HasName<T> && form.is_string()) {
    check_name<T>(form, where);
  } else {
    if (!form.is_map()) reject<T>(form, where, {});
    if (const Form* name = form.find("name")) check_name<T>(*name, where);
    check_keys<T>(form, here);
    read_members(object, form, here);
  }
  if constexpr (requires { object.check(here); }) object.check(here);
  return object;
}

}  // namespace litestage
