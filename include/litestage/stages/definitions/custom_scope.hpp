// Names and values of placeholders.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/utf8.hpp"
#include "litestage/prompt/option_letter.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/stages/custom.hpp"
#include "litestage/stages/custom_scope.hpp"
#include "litestage/stages/fill.hpp"
#include "litestage/stages/wording.hpp"

namespace litestage::stages {

LITESTAGE_INLINE std::optional<std::size_t> stage_named(const Custom& schedule, std::string_view name) {
  for (std::size_t i = 0; i < schedule.stages.size(); ++i) {
    if (schedule.stages[i].name == name) return i;
  }
  return std::nullopt;
}

LITESTAGE_INLINE BranchAxis axis_of(const Custom& schedule, std::size_t stage) {
  const CustomStage& s = schedule.stages.at(stage);
  const Branches::Alternatives& branches = s.branches.active();
  if (std::holds_alternative<PerOption>(branches)) return {BranchAxis::Kind::options, 0};
  if (const auto* samples = std::get_if<Samples>(&branches)) {
    return samples->n == 1 ? BranchAxis{} : BranchAxis{BranchAxis::Kind::samples, stage};
  }
  const std::optional<std::size_t> before = stage_named(schedule, s.continues);
  if (std::holds_alternative<OneBranch>(branches) || !before || *before >= stage) return {};
  return axis_of(schedule, *before);
}

LITESTAGE_INLINE std::size_t branch_count(const Custom& schedule, std::size_t stage, const Question& question) {
  const BranchAxis axis = axis_of(schedule, stage);
  if (axis.kind == BranchAxis::Kind::one) return 1;
  if (axis.kind == BranchAxis::Kind::options) return question.options.size();
  return std::get<Samples>(schedule.stages[axis.stage].branches.active()).n;
}

LITESTAGE_INLINE TextPlace place_in(const Custom& schedule, std::size_t stage) {
  return {.kind = TextPlace::Kind::stage, .stages_before = stage, .axis = axis_of(schedule, stage)};
}

LITESTAGE_INLINE TextPlace place_in(const Custom& schedule, const BranchJoin& join) {
  const std::size_t joined = stage_named(schedule, join.of).value_or(0);
  return {.kind = TextPlace::Kind::join, .stages_before = joined + 1, .axis = axis_of(schedule, joined)};
}

namespace detail {

inline std::string joined_branches(const Custom& schedule, const BranchJoin& join, const Transcript& transcript) {
  const TextPlace place = place_in(schedule, join);
  std::string text;
  for (std::size_t b = 0; b < branch_count(schedule, place.stages_before - 1, transcript.question); ++b) {
    if (b != 0) text += join.between;
    text += fill(join.line, placeholders(schedule, place, &transcript, b), concat("stages custom, joins ", join.name));
  }
  return text;
}

inline std::string chosen_variant(const Custom& schedule, const TextVariant& variant, const Transcript& transcript) {
  const bool options = !transcript.question.options.empty();
  const TextPlace place{.kind = TextPlace::Kind::variant, .options = options};
  return fill(options ? variant.with_options : variant.without_options, placeholders(schedule, place, &transcript, 0),
              concat("stages custom, variants ", variant.name));
}

}  // namespace detail

namespace detail {

inline void add_question(std::vector<Placeholder>& known, const TextPlace& place, const Transcript* t,
                         std::size_t branch) {
  known.push_back({"question", [t] { return t->question.stem; }});
  if (place.options) {
    known.push_back({"options", [t] { return option_list(t->question, "\n"); }});
    known.push_back({"options_inline", [t] { return option_list(t->question, " "); }});
  }
  if (place.axis.kind == BranchAxis::Kind::options) {
    known.push_back({"letter", [branch] { return std::string(1, option_letter(branch)); }});
    known.push_back({"option", [t, branch] { return t->question.options.at(branch); }});
  }
  if (place.axis.kind != BranchAxis::Kind::one) {
    known.push_back({"number", [branch] { return std::to_string(branch + 1); }});
  }
}

inline void add_outputs(std::vector<Placeholder>& known, const Custom& schedule, const TextPlace& place,
                        const Transcript* t, std::size_t branch) {
  for (std::size_t s = 0; s < place.stages_before; ++s) {
    const BranchAxis axis = axis_of(schedule, s);
    const bool single = axis == BranchAxis{};
    if (!single && axis != place.axis) continue;
    const auto text = [t, s, from = single ? 0 : branch] { return trimmed_ascii(output(*t, s, from)); };
    known.push_back({schedule.stages[s].name, [text] { return std::string(text()); }});
    known.push_back({schedule.stages[s].name + ".sentence", [text] { return as_sentence(text()); }});
  }
}

}  // namespace detail

LITESTAGE_INLINE std::vector<Placeholder> placeholders(const Custom& schedule, const TextPlace& place,
                                                       const Transcript* transcript, std::size_t branch) {
  std::vector<Placeholder> known;
  detail::add_question(known, place, transcript, branch);
  detail::add_outputs(known, schedule, place, transcript, branch);
  for (const BranchJoin& join : schedule.joins) {
    const std::optional<std::size_t> of = stage_named(schedule, join.of);
    if (place.kind != TextPlace::Kind::stage || !of || *of >= place.stages_before) continue;
    known.push_back({join.name, [&, transcript] { return detail::joined_branches(schedule, join, *transcript); }});
  }
  if (place.kind != TextPlace::Kind::variant) {
    for (const TextVariant& variant : schedule.variants) {
      known.push_back(
          {variant.name, [&, transcript] { return detail::chosen_variant(schedule, variant, *transcript); }});
    }
  }
  if (transcript == nullptr) return known;
  for (const auto& field : transcript->question.fields) {
    known.push_back({concat(field_prefix, field.first), [&field] { return field.second; }});
  }
  return known;
}

LITESTAGE_INLINE std::vector<CustomText> texts_of(const Custom& schedule, const Where& where) {
  std::vector<CustomText> texts;
  for (std::size_t i = 0; i < schedule.stages.size(); ++i) {
    const CustomStage& stage = schedule.stages[i];
    const TextPlace place = place_in(schedule, i);
    const Where here = where.at("stages").item(i);
    for (std::size_t m = 0; m < stage.messages.size(); ++m) {
      texts.push_back({stage.messages[m].content, here.at("messages").item(m).at("content"), place});
    }
    texts.push_back({stage.text, here.at("text"), place});
    texts.push_back({stage.continuation, here.at("continuation"), place});
  }
  for (std::size_t i = 0; i < schedule.joins.size(); ++i) {
    const BranchJoin& join = schedule.joins[i];
    if (!stage_named(schedule, join.of)) continue;
    texts.push_back({join.line, where.at("joins").item(i).at("line"), place_in(schedule, join)});
  }
  for (std::size_t i = 0; i < schedule.variants.size(); ++i) {
    const Where here = where.at("variants").item(i);
    const TextPlace place{.kind = TextPlace::Kind::variant};
    texts.push_back({schedule.variants[i].with_options, here.at("with_options"), place});
    texts.push_back({schedule.variants[i].without_options, here.at("without_options"), place});
    texts.back().place.options = false;
  }
  return texts;
}

}  // namespace litestage::stages
