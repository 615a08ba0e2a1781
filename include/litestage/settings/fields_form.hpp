// Settings to Form and back, driven by their fields(). An Error is one sentence that says where, what was found and
// what is accepted. Standard library only: io turns Forms into JSON, settings/spec.hpp into SPEC strings.
#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "litestage/core/enum_names.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/outside_text.hpp"
#include "litestage/settings/accepted.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/form.hpp"

namespace litestage {

// ---- Form -> settings ----

template <HasFields T>
[[nodiscard]] T read_settings(const Form& form, const Where& where);

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
  // Written so that NaN fails.
  const bool fits = number && std::fabs(value) <= static_cast<double>(std::numeric_limits<T>::max()) &&
                    value >= range.low && value <= range.high;
  if (!fits) reject<T>(form, where, range);
  return static_cast<T>(value);
}

template <class E>
[[nodiscard]] E read_enum(const Form& form, const Where& where) {
  if (const auto* text = std::get_if<std::string>(&form.value())) {
    for (std::size_t i = 0; i < EnumNames<E>::names.size(); ++i) {
      if (EnumNames<E>::names[i] == *text) return static_cast<E>(i);
    }
  }
  reject<E>(form, where, {});
}

template <class T>
[[nodiscard]] T read_value(const Form& form, const Where& where, Bounds range = {});

// One value alone stands for the list of it: SPEC cannot tell them apart.
template <class T>
[[nodiscard]] T read_list(const Form& form, const Where& where, Bounds range) {
  using Element = typename T::value_type;
  if (!form.is_list()) return T{read_value<Element>(form, where, range)};
  T result;
  for (const Form& element : form.list("")) result.push_back(read_value<Element>(element, where, range));
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
    return read_settings<T>(form, where);
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

// What a program has found, unlike what a user sets, says `static constexpr bool complete = true;`: every key must be
// there, since nothing has a default, and keys that are not known are ignored, since later versions may write more.
template <class T>
concept IsComplete = HasFields<T> && requires {
  requires T::complete;
};

template <IsComplete T>
void check_keys(const Form::Map& members, const Where& where) {
  const auto need = [&](std::string_view key) {
    for (const auto& member : members) {
      if (member.first == key) return;
    }
    throw Error(
        concat(where.str(), ": key ", in_quotes(key), " is missing, accepted are ", key_list<T>(), ", all of them"));
  };
  std::apply([&](const auto&... field) { (need(field.key), ...); }, T::fields());
}

template <HasFields T>
void check_keys(const Form::Map& members, const Where& where) {
  std::vector<std::string_view> known;
  bool open = false;
  const auto add = [&]<class F>(const F& field) {
    if constexpr (is_open_field<F>)
      open = true;
    else
      known.push_back(field.key);
  };
  std::apply([&](const auto&... field) { (add(field), ...); }, T::fields());
  if constexpr (HasName<T>) known.emplace_back("name");
  for (std::size_t i = 0; i < members.size(); ++i) {
    const std::string& key = members[i].first;
    bool accepted = open && (HasName<T> || key != "name");
    for (const std::string_view k : known) accepted = accepted || k == key;
    if (!accepted) {
      throw Error(concat(where.str(), ": key ", in_quotes(key), " is unknown, accepted are ", key_list<T>()));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (members[j].first == key) {
        throw Error(concat(where.str(), ": key ", in_quotes(key), " is given twice, accepted are ", key_list<T>(),
                           ", each at most once"));
      }
    }
  }
}

template <HasFields T, class M>
void read_field(T& settings, const Field<T, M>& field, const Form::Map& members, const Where& where) {
  for (const auto& [key, value] : members) {
    if (key == field.key) settings.*field.member = read_value<M>(value, where.at(key), field.range);
  }
}

template <HasFields T, class V>
void read_field(T& settings, const OpenField<T, V>& field, const Form::Map& members, const Where& where) {
  (settings.*field.member).clear();
  const auto is_open = [](std::string_view key) {
    bool open = key != "name";
    const auto compare = [&]<class F>(const F& other) { open = open && (is_open_field<F> || other.key != key); };
    std::apply([&](const auto&... other) { (compare(other), ...); }, T::fields());
    return open;
  };
  for (const auto& [key, value] : members) {
    if (is_open(key)) (settings.*field.member)[key] = read_value<V>(value, where.at(key), field.range);
  }
}

template <HasFields T>
void check_name(const Form& name, const Where& where) {
  if constexpr (HasName<T>) {
    if (name != Form(T::name)) {
      throw Error(concat(where.str(), ": found ", found_text(name), ", accepted is ", T::name));
    }
  }
}

// Settings from an object of their keys, the rest as by default (unless IsComplete). Named settings may be given by
// their name alone, and an object may repeat the name. Where T has `check(where)`, it has the last word on how the
// values fit together.
template <HasFields T>
T read_settings(const Form& form, const Where& where) {
  static_assert(every_member_has_a_field<T>());
  T settings{};
  if (HasName<T> && form.is_string()) {
    check_name<T>(form, where);
    return settings;
  }
  if (!form.is_map()) reject<T>(form, where, {});
  const Form::Map& members = form.map("");
  if (const Form* name = form.find("name")) check_name<T>(*name, where);
  Where here = where;
  if constexpr (HasName<T>) here = where.in(T::name);
  check_keys<T>(members, here);
  std::apply([&](const auto&... field) { (read_field(settings, field, members, here), ...); }, T::fields());
  if constexpr (requires { settings.check(here); }) settings.check(here);
  return settings;
}

// ---- settings -> Form ----

template <HasFields T>
[[nodiscard]] Form write_settings(const T& settings, bool all = true);

// As the double nearest to the shortest decimal text of the float: JSON then shows 1.02, not 1.0199999809265137.
[[nodiscard]] inline Form write_float(float value) {
  const std::string text = number_text(value);
  double wide = 0;
  std::from_chars(text.data(), text.data() + text.size(), wide);
  return Form(static_cast<float>(wide) == value ? wide : static_cast<double>(value));
}

template <class T>
[[nodiscard]] Form write_value(const T& value, bool all) {
  if constexpr (FormValue<T>) {
    return value.to_form(all);
  } else if constexpr (is_optional<T>) {
    return value ? write_value(*value, all) : Form();
  } else if constexpr (is_vector<T>) {
    Form::List list;
    for (const auto& element : value) list.push_back(write_value<typename T::value_type>(element, all));
    return Form(std::move(list));
  } else if constexpr (HasFields<T>) {
    return write_settings(value, all);
  } else if constexpr (std::is_enum_v<T>) {
    return Form(EnumNames<T>::names.at(static_cast<std::size_t>(value)));
  } else if constexpr (std::same_as<T, float>) {
    return write_float(value);
  } else {
    return Form(value);
  }
}

template <HasFields T, class M>
void write_field(Form& form, const T& settings, const Field<T, M>& field, bool all) {
  const M& value = settings.*field.member;
  if (all || !(value == T{}.*field.member)) form.add(std::string(field.key), write_value<M>(value, all));
}

template <HasFields T, class V>
void write_field(Form& form, const T& settings, const OpenField<T, V>& field, bool all) {
  for (const auto& [key, value] : settings.*field.member) form.add(key, write_value<V>(value, all));
}

// An object of the name, if any, and every setting; without `all`, of those that differ from the defaults.
template <HasFields T>
Form write_settings(const T& settings, bool all) {
  static_assert(every_member_has_a_field<T>());
  Form form{Form::Map{}};
  if constexpr (HasName<T>) form.add("name", T::name);
  std::apply([&](const auto&... field) { (write_field(form, settings, field, all), ...); }, T::fields());
  return form;
}

}  // namespace litestage
