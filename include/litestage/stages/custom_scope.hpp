// Which placeholders a text of a custom schedule may use, and their values. The check of a schedule and the writing of
// its prompts share this, so that a text which passed the check can be filled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/stages/fill.hpp"

namespace litestage::stages {

struct BranchJoin;
struct Custom;

// Placeholders of this prefix are fields of the question.
inline constexpr std::string_view field_prefix = "field.";

// What the branches of a stage stand for. Of stages with equal axes, branch i of one belongs to branch i of the other.
struct BranchAxis {
  enum class Kind : std::uint8_t { one, options, samples };
  Kind kind = Kind::one;
  std::size_t stage = 0;  // that made the samples

  friend bool operator==(const BranchAxis&, const BranchAxis&) = default;
};

[[nodiscard]] std::optional<std::size_t> stage_named(const Custom& schedule, std::string_view name);
[[nodiscard]] BranchAxis axis_of(const Custom& schedule, std::size_t stage);
[[nodiscard]] std::size_t branch_count(const Custom& schedule, std::size_t stage, const Question& question);

// Where a text stands, which decides what it may use.
struct TextPlace {
  enum class Kind : std::uint8_t { stage, join, variant };
  Kind kind = Kind::stage;
  std::size_t stages_before = 0;  // the stages whose outputs exist there
  BranchAxis axis = {};
  bool options = true;  // whether the question may have options
};
[[nodiscard]] TextPlace place_in(const Custom& schedule, std::size_t stage);
[[nodiscard]] TextPlace place_in(const Custom& schedule, const BranchJoin& join);

// The placeholders of a text, for one branch of its axis. Their values refer to the schedule and the transcript.
// Without a transcript there are only names.
[[nodiscard]] std::vector<Placeholder> placeholders(const Custom& schedule, const TextPlace& place,
                                                    const Transcript* transcript, std::size_t branch);

// Every text of a schedule.
struct CustomText {
  std::string_view text;
  Where where;
  TextPlace place;
};
[[nodiscard]] std::vector<CustomText> texts_of(const Custom& schedule, const Where& where);

}  // namespace litestage::stages

#if LITESTAGE_HEADER_ONLY
#include "litestage/stages/definitions/custom_scope.hpp"
#endif
