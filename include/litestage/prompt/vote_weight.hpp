// How much the answer of a sample weighs in a vote.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "litestage/core/enum_names.hpp"

namespace litestage {

// Every weight but `one` is computed from the confidences of the sample's tokens, as DeepConf does (arXiv 2508.15260;
// tasks/trace_score.hpp has the formulas).
enum class VoteWeight : std::uint8_t {
  one,           // plain majority, the vote of self-consistency (arXiv 2203.11171)
  mean,          // of all tokens
  tail,          // of the last tokens
  lowest_group,  // of the least confident window
  lowest_tenth   // of the least confident tenth of all windows
};
template <>
struct EnumNames<VoteWeight> {
  static constexpr std::array<std::string_view, 5> names = {"one", "mean", "tail", "lowest_group", "lowest_tenth"};
};

}  // namespace litestage
