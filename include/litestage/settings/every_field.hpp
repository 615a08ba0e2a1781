// A compile-time check that fields() lists every member of a struct. A member without a Field would be lost in SPEC and
// JSON.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <exception>
#include <type_traits>

#include "litestage/settings/field.hpp"

namespace litestage {

// Converts to any member type of Aggregate, but not to Aggregate itself, which would select the copy constructor.
template <class Aggregate>
struct AnyMember {
  template <class M>
  requires(!std::same_as<M, Aggregate>) operator M() const { std::terminate(); }  // never called
};

// Counts the members of an aggregate; each base struct counts as one.
template <class T, class... Members>
[[nodiscard]] consteval std::size_t member_count() {
  if constexpr (requires { T{Members{}..., AnyMember<T>{}}; })
    return member_count<T, Members..., AnyMember<T>>();
  else
    return sizeof...(Members);
}

template <class F>
[[nodiscard]] consteval std::size_t member_count_of_owner() {
  using Owner = typename FieldOwner<F>::type;
  if constexpr (std::is_void_v<Owner>)
    return 0;
  else
    return member_count<Owner>();
}

template <class Owner>
inline constexpr char owner_mark = 0;  // its address stands for the type

template <class T, class... Fs>
[[nodiscard]] consteval bool lists_every_member(std::type_identity<Fields<Fs...>>) {
  const std::array<const void*, sizeof...(Fs)> owners = {&owner_mark<typename FieldOwner<Fs>::type>...};
  const std::array<std::size_t, sizeof...(Fs)> members = {member_count_of_owner<Fs>()...};
  std::size_t described = 0;  // members and base structs of T
  for (std::size_t i = 0; i < owners.size(); ++i) {
    if (owners[i] == &owner_mark<void>) continue;
    if (owners[i] == &owner_mark<T>) {
      ++described;
    } else if (std::find(owners.begin(), owners.end(), owners[i]) == owners.begin() + i) {  // first of a base
      const std::size_t fields = std::count(owners.begin(), owners.end(), owners[i]);
      if (fields != members[i]) return false;
      ++described;
    }
  }
  return described == member_count<T>();
}

// A write-only struct may describe only some of its members, and all described members are written.
template <class T>
concept IsWrittenOnly = requires {
  requires T::written_only;
};

template <HasFields T>
consteval bool every_member_has_a_field() {
  static_assert(std::is_aggregate_v<T>, "settings are an aggregate: public members, no constructors");
  static_assert(IsWrittenOnly<T> || lists_every_member<T>(std::type_identity<decltype(T::fields())>{}),
                "fields() must list every member of the settings, and nothing else");
  return true;
}

}  // namespace litestage
