// How a struct describes itself: `fields()`, one Field for each member. SPEC strings, JSON, help texts and range checks
// all come from this one description. A struct of settings has a `name` and default member initialisers as well.
//
//   struct Cap {
//     static constexpr std::string_view name = "cap";
//     int tokens = 64;
//     static constexpr auto fields() {
//       return std::tuple(Field("tokens", &Cap::tokens, "tokens a stage may have", 1, 4096));
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
#include <tuple>
#include <type_traits>

namespace litestage {

inline constexpr double unbounded = std::numeric_limits<double>::infinity();

struct Bounds {
  double low = -unbounded;
  double high = unbounded;
};

// When a member stands in a file. Only complete structs use this (IsComplete, in read_fields.hpp): settings may lack
// any key.
enum class Presence : std::uint8_t {
  always,
  unless_default,   // left out while the member has its default value, which it keeps if the key is missing
  missing_in_older  // always written, but files of earlier versions lack it; `fill_older` of the struct may fill it in
};

// One member. The range, ends included, is for numbers and for the elements of lists of numbers. The key "name" is
// reserved in settings, and keys have no dot. Codec: void, or a type that writes and reads the member in a form of its
// own, by the static functions write(const M&) and read(const Form&, const Where&).
template <class T, class M, class Codec = void>
struct Field {
  constexpr Field(std::string_view spelling, M T::*of, std::string_view meaning, double low = -unbounded,
                  double high = unbounded)
      : key(spelling), member(of), doc(meaning), range{low, high} {}
  // The same description, for the member of another struct.
  template <class U>
  [[nodiscard]] constexpr Field<U, M, Codec> of(M U::*other) const {
    Field<U, M, Codec> field(key, other, doc, range.low, range.high);
    field.presence = presence;
    return field;
  }
  // The same description, with another presence.
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

// Settings whose keys are the user's own, beside those of the other fields: every key that no Field has. At most one
// to a struct. `key` is the placeholder for such a key in help.
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

// A member of a record whose own fields stand among those of the struct around it, with no key of its own.
template <class T, class M>
struct InlineField {
  constexpr explicit InlineField(M T::*of) : member(of) {}
  M T::*member;
};

// A value that follows from the members of a record. It is written for readers of the file and not read back.
template <class Get>
struct ComputedField {
  constexpr ComputedField(std::string_view spelling, Get from) : key(spelling), get(from) {}
  std::string_view key;
  Get get;  // value(const T&)
};

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
concept HasName = requires {  // a constant of the type: records may have a member of this name
  { *&T::name } -> std::convertible_to<std::string_view>;
};

template <class T>
concept NamedSettings = HasFields<T> && HasName<T> && std::equality_comparable<T>;

// The Field that the fields() of its struct gives a member: for structs that keep a part of another one.
template <class T, class M>
[[nodiscard]] consteval Field<T, M> field_of(M T::*member) {
  Field<T, M> found("", nullptr, "");
  const auto compare = [&]<class F>(const F& field) {
    if constexpr (std::same_as<F, Field<T, M>>) {
      if (field.member == member) found = field;
    }
  };
  std::apply([&](const auto&... field) { (compare(field), ...); }, T::fields());
  if (found.member == nullptr) throw "fields() does not list this member";  // a compile-time error
  return found;
}

}  // namespace litestage
