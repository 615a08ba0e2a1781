// How enumerators are spelt in SPEC strings, JSON and help.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "litestage/policy/types.hpp"

namespace litestage {

// Specialise for an enum that is a setting: `names` in the order of the enumerators, which count up from 0.
template <class E>
struct EnumNames;

template <>
struct EnumNames<KvOnSkip> {
  static constexpr std::array<std::string_view, 3> names = {"none", "project", "copy_below"};
};

// The steps in which a policy acts.
enum class Phases : std::uint8_t { both, prefill, decode };

template <>
struct EnumNames<Phases> {
  static constexpr std::array<std::string_view, 3> names = {"both", "prefill", "decode"};
};

[[nodiscard]] constexpr bool covers(Phases phases, Phase phase) {
  return phases == Phases::both || (phases == Phases::prefill) == (phase == Phase::prefill);
}

}  // namespace litestage
