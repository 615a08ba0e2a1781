// A struct describes itself by `fields()`, with one Field per member. SPEC strings, JSON, help texts and range checks
// all use this description. A struct of settings also has a `name` and default member initialisers.
//
//   struct Cap {
//     static constexpr std::string_view name = "cap";
//     int tokens = 64;
//     static constexpr auto fields() {
//       return Fields(Field("tokens", &Cap::tokens, "tokens a stage may have", 1, 4096));
//     }
//     friend bool operator==(const Cap&, const Cap&) = default;
//   };
//
// A struct may have base structs; its fields() lists their members too. every_field.hpp checks that none is forgotten.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace litestage {

inline constexpr double unbounded = std::numeric_limits<double>::infinity();

struct Bounds {
  double low = -unbounded;
  double high = unbounded;
};

// When a file contains the member. Only complete structs use this (IsComplete, in read_fields.hpp); settings may lack
// any key.
enum class Presence : std::uint8_t {
  always,
  unless_default,   // omitted while the member has its default value, which a missing key then means
  missing_in_older  // always written, but missing in older files; `fill_older` of the struct may fill it in
};

// One member. The range, ends included, applies to numbers and to the elements of lists of numbers. In settings the key
// "name" is reserved; keys contain no dot. Codec is void, or a type that writes and reads the member in its own form,
// by the static functions write(const M&) and read(const Form&, const Where&).
template <class T, class M, class Codec = void>
struct Field {
  constexpr Field(std::string_view spelling, M T::*of, std::string_view meaning, double low = -unbounded,
                  double high = unbounded)
      : key(spelling), member(of), doc(meaning), range{low, high} {}
  // The same description for a member of a different struct.
  template <class U>
  [[nodiscard]] constexpr Field<U, M, Codec> of(M U::*other) const {
    Field<U, M, Codec> field(key, other, doc, range.low, range.high);
    field.presence = presence;
    return field;
  }
  // The same description with a different presence.
  [[nodiscard]] constexpr Field with(Presence when) const {
    Field field = *this;
    field.presence = when;
    return field;
  }

  std::string_view key;
  M T::*member;
  std::string_view doc;
  Bounds range;
  Presence presence = Presence::always;
};

template <class Codec, class T, class M>
[[nodiscard]] constexpr Field<T, M, Codec> coded_field(std::string_view key, M T::*of, std::string_view meaning) {
  return Field<T, M, Codec>(key, of, meaning);
}

// Settings with user-defined keys, for example stage names: every key that no Field of the struct has. At most one per
// struct. `key` is the placeholder for such a key in help texts.
template <class T, class V>
struct OpenField {
  using Values = std::map<std::string, V>;
  constexpr OpenField(std::string_view placeholder, Values T::*of, std::string_view meaning, double low = -unbounded,
                      double high = unbounded)
      : key(placeholder), member(of), doc(meaning), range{low, high} {}
  std::string_view key;
  Values T::*member;
  std::string_view doc;
  Bounds range;
};

// A nested record whose fields are written among those of the enclosing struct, without a key of its own.
template <class T, class M>
struct InlineField {
  constexpr explicit InlineField(M T::*of) : member(of) {}
  M T::*member;
};

// A value computed from the members of a record. It is written for readers of the file and never read back.
template <class Get>
struct ComputedField {
  constexpr ComputedField(std::string_view spelling, Get from) : key(spelling), get(from) {}
  std::string_view key;
  Get get;  // value(const T&)
};

// The descriptions of a struct's members, in their order. A std::tuple would do as well, but every translation unit
// instantiates those of all structs that it sees, and the constructors of tuples took an eighth of the compiler's time
// for litestage.hpp.
template <std::size_t, class F>
struct FieldAt {
  F field;
};
template <class Indices, class... Fs>
struct FieldList;
template <std::size_t... i, class... Fs>
struct FieldList<std::index_sequence<i...>, Fs...> : FieldAt<i, Fs>... {
  static constexpr std::size_t size = sizeof...(Fs);
  constexpr explicit FieldList(const Fs&... fields) : FieldAt<i, Fs>{fields}... {}
  // Calls f with each of them, one after the other.
  template <class F>
  constexpr void each(F&& f) const {
    (f(static_cast<const FieldAt<i, Fs>&>(*this).field), ...);
  }
};
template <class... Fs>
struct Fields : FieldList<std::index_sequence_for<Fs...>, Fs...> {
  using FieldList<std::index_sequence_for<Fs...>, Fs...>::FieldList;
};
template <class... Fs>
Fields(Fs...) -> Fields<Fs...>;

template <std::size_t i, class F>
[[nodiscard]] constexpr const F& field_at(const FieldAt<i, F>& fields) {
  return fields.field;
}

// Those of one list, then those of the other.
template <class... As, class... Bs>
[[nodiscard]] constexpr Fields<As..., Bs...> operator+(const Fields<As...>& a, const Fields<Bs...>& b) {
  return [&]<std::size_t... i, std::size_t... j>(std::index_sequence<i...>, std::index_sequence<j...>) {
    return Fields<As..., Bs...>(field_at<i>(a)..., field_at<j>(b)...);
  }
  (std::index_sequence_for<As...>{}, std::index_sequence_for<Bs...>{});
}

// The struct whose member a field describes; void for a computed one.
template <class F>
struct FieldOwner {
  using type = void;
};
template <class T, class M, class Codec>
struct FieldOwner<Field<T, M, Codec>> {
  using type = T;
};
template <class T, class V>
struct FieldOwner<OpenField<T, V>> {
  using type = T;
};
template <class T, class M>
struct FieldOwner<InlineField<T, M>> {
  using type = T;
};

template <class M>
struct MemberType;
template <class T, class M>
struct MemberType<M T::*> {
  using type = M;
};
// The type of the member that a field of type F describes.
template <class F>
using MemberOf = typename MemberType<decltype(F::member)>::type;

template <class F>
inline constexpr bool is_open_field = false;
template <class T, class V>
inline constexpr bool is_open_field<OpenField<T, V>> = true;
template <class F>
inline constexpr bool is_inline_field = false;
template <class T, class M>
inline constexpr bool is_inline_field<InlineField<T, M>> = true;

template <class T>
concept HasFields = std::default_initializable<T> && std::copyable<T> && requires {
  T::fields();
};

template <class T>
concept HasName = requires {  // only a constant of the type counts: records may have a member called `name`
  { *&T::name } -> std::convertible_to<std::string_view>;
};

template <class T>
concept NamedSettings = HasFields<T> && HasName<T> && std::equality_comparable<T>;

// The Field that describes `member` in its struct's fields(), for structs that reuse a part of a different struct.
template <class T, class M>
[[nodiscard]] consteval Field<T, M> field_of(M T::*member) {
  Field<T, M> found("", nullptr, "");
  const auto compare = [&]<class F>(const F& field) {
    if constexpr (std::same_as<F, Field<T, M>>) {
      if (field.member == member) found = field;
    }
  };
  T::fields().each(compare);
  if (found.member == nullptr) throw "fields() does not list this member";  // a compile-time error
  return found;
}

}  // namespace litestage
