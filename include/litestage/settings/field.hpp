// How a struct of settings describes itself: a `name`, default member initialisers, and `fields()`, one Field to each
// member. SPEC strings, JSON, help texts and range checks all come from this one description.
//
//   struct Cap {
//     static constexpr std::string_view name = "cap";
//     int tokens = 64;
//     static constexpr auto fields() { return std::tuple(Field("tokens", &Cap::tokens, "tokens a stage may have", 1,
//     4096)); } friend bool operator==(const Cap&, const Cap&) = default;
//   };
#pragma once

#include <concepts>
#include <cstddef>
#include <exception>
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

// One setting. The range, ends included, is for numbers and for the elements of lists of numbers. The key "name" is
// taken, and keys have no dot.
template <class T, class M>
struct Field {
  constexpr Field(std::string_view spelling, M T::*of, std::string_view meaning, double low = -unbounded,
                  double high = unbounded)
      : key(spelling), member(of), doc(meaning), range{low, high} {}
  std::string_view key;
  M T::*member;
  std::string_view doc;
  Bounds range;
};

// Settings whose keys are the user's own, beside those of the other fields: every key that no Field has. At most one
// to a struct. `key` is what help calls such a key.
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

template <class F>
inline constexpr bool is_open_field = false;
template <class T, class V>
inline constexpr bool is_open_field<OpenField<T, V>> = true;

template <class T>
concept HasFields = std::default_initializable<T> && std::copyable<T> && requires {
  T::fields();
};

template <class T>
concept HasName = requires {
  { T::name } -> std::convertible_to<std::string_view>;
};

template <class T>
concept NamedSettings = HasFields<T> && HasName<T> && std::equality_comparable<T>;

// Converts to any member type of Aggregate, but not to Aggregate itself, which would pass for a copy.
template <class Aggregate>
struct AnyMember {
  template <class M>
  requires(!std::same_as<M, Aggregate>) operator M() const { std::terminate(); }  // never called
};

template <class T, class... Members>
[[nodiscard]] consteval std::size_t member_count() {
  if constexpr (requires { T{Members{}..., AnyMember<T>{}}; })
    return member_count<T, Members..., AnyMember<T>>();
  else
    return sizeof...(Members);
}

// A member without its Field would be lost on the way through SPEC and JSON, so it does not compile.
template <HasFields T>
consteval bool every_member_has_a_field() {
  static_assert(std::is_aggregate_v<T>, "settings are an aggregate: public members, no constructors");
  static_assert(std::tuple_size_v<decltype(T::fields())> == member_count<T>(),
                "fields() must list every member of the settings, and nothing else");
  return true;
}

}  // namespace litestage
