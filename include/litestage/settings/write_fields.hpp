// Converts a struct to a Form (a tree of values, settings/form.hpp) by its fields(). Nothing here knows JSON or SPEC
// strings: io/files/json.hpp and settings/spec.hpp convert Forms to these.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <type_traits>
#include <utility>

#include "litestage/core/enum_names.hpp"
#include "litestage/settings/every_field.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/form.hpp"

namespace litestage {

template <HasFields T>
[[nodiscard]] Form write_fields(const T& object, bool all = true);
template <HasFields T>
void write_members(Form& form, const T& object, bool all);

// The double nearest to the shortest decimal text of the float: JSON then shows 1.02, not 1.0199999809265137.
[[nodiscard]] inline Form write_float(float value) {
  const std::string text = number_text(value);
  double wide = 0;
  std::from_chars(text.data(), text.data() + text.size(), wide);
  return Form(static_cast<float>(wide) == value ? wide : value);
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
    return write_fields(value, all);
  } else if constexpr (std::is_enum_v<T>) {
    return Form(name(value));
  } else if constexpr (std::same_as<T, float>) {
    return write_float(value);
  } else {
    return Form(value);
  }
}

template <class T, class Owner, class M, class Codec>
void write_field(Form& form, const T& object, const Field<Owner, M, Codec>& field, bool all) {
  const M& value = object.*field.member;
  if constexpr (!IsWrittenOnly<T>) {  // write-only structs write every member and need no ==
    if ((!all || field.presence == Presence::unless_default) && value == T{}.*field.member) return;
  }
  if constexpr (std::is_void_v<Codec>)
    form.add(std::string(field.key), write_value<M>(value, all));
  else
    form.add(std::string(field.key), Codec::write(value));
}

template <class T, class V>
void write_field(Form& form, const T& settings, const OpenField<T, V>& field, bool all) {
  for (const auto& [key, value] : settings.*field.member) form.add(key, write_value<V>(value, all));
}

template <class T, class Owner, class M>
void write_field(Form& form, const T& object, const InlineField<Owner, M>& field, bool all) {
  write_members(form, object.*field.member, all);
}

template <class T, class Get>
void write_field(Form& form, const T& object, const ComputedField<Get>& field, bool all) {
  form.add(std::string(field.key),
           write_value<std::remove_cvref_t<decltype(field.get(object))>>(field.get(object), all));
}

// Adds the members to an object; if `all` is false, only those that differ from their defaults.
template <HasFields T>
void write_members(Form& form, const T& object, bool all) {
  static_assert(every_member_has_a_field<T>());
  T::fields().each([&](const auto& field) { write_field(form, object, field, all); });
}

// An object with the name, if the struct has one, and the members; if `all` is false, only those that differ from their
// defaults.
template <HasFields T>
Form write_fields(const T& object, bool all) {
  Form form{Form::Map{}};
  if constexpr (HasName<T>) form.add("name", T::name);
  write_members(form, object, all);
  return form;
}

}  // namespace litestage
