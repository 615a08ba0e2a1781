// How enumerators are spelt in SPEC strings, JSON and help.
#pragma once

namespace litestage {

// Specialise for an enum beside its definition: `names` in the order of the enumerators, which count up from 0.
template <class E>
struct EnumNames;

template <class E>
[[nodiscard]] constexpr auto enum_name(E value) {
  return EnumNames<E>::names[static_cast<unsigned>(value)];
}

}  // namespace litestage
