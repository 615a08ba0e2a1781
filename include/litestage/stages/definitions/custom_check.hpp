// Checks custom schedules.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/stages/custom.hpp"
#include "litestage/stages/custom_check.hpp"
#include "litestage/stages/custom_scope.hpp"
#include "litestage/stages/fill.hpp"

namespace litestage::stages {

namespace detail {

// Placeholders with a fixed meaning, and keys of policies that have settings by stage (skip/static.hpp,
// skip/lite_stage.hpp, early_exit/cap.hpp).
inline constexpr std::array<std::string_view, 15> reserved_names = {
    "question", "options", "options_inline", "letter", "option", "number",  "field", "sentence",
    "name",     "all",     "phase",          "kv",     "scale",  "ranking", "tokens"};

[[nodiscard]] inline bool is_identifier(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto fits = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  return !text.empty() && letter(text[0]) && text[0] != '_' && std::all_of(text.begin(), text.end(), fits);
}

[[noreturn]] inline void refuse(const Where& where, std::string_view found, std::string_view expected) {
  throw Error(concat(where.str(), ": found ", found, ", expected ", expected));
}

// The names of the first n stages.
[[nodiscard]] inline std::string stage_list(const Custom& schedule, std::size_t n) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < n; ++i) names.push_back(schedule.stages[i].name);
  return joined(names);
}

// Stages, joins and variants share one set of names, because all of them are placeholders.
class UsedNames {
 public:
  void add(const std::string& name, const Where& where) {
    if (!is_identifier(name)) {
      refuse(where, name.empty() ? "no name" : in_quotes(name), "letters, digits and _, beginning with a letter");
    }
    if (std::find(reserved_names.begin(), reserved_names.end(), name) != reserved_names.end())
      refuse(where, in_quotes(name), concat("none of the reserved names ", joined(reserved_names)));
    for (const auto& [other, place] : names_) {
      if (other == name) refuse(where, in_quotes(name), concat("a different name, because ", place, " has this one"));
    }
    names_.push_back({name, where.key});
  }

 private:
  struct Named {
    std::string name, place;
  };
  std::vector<Named> names_;
};

inline void check_messages(const CustomStage& stage, const Where& where) {
  bool users_turn = true;
  for (std::size_t m = 0; m < stage.messages.size(); ++m) {
    const Speaker role = stage.messages[m].role;
    const Where here = where.at("messages").item(m).at("role");
    if (role == Speaker::system && m == 0 && stage.continues.empty()) continue;
    const Speaker expected = users_turn ? Speaker::user : Speaker::assistant;
    if (role != expected) {
      refuse(here, name(role),
             role == Speaker::system
                 ? concat(name(expected), ", because only a conversation's first message is the system's")
                 : concat(name(expected), ", because user and assistant take turns"));
    }
    users_turn = !users_turn;
  }
  for (std::size_t m = 0; m < stage.messages.size(); ++m) {
    if (stage.messages[m].content.empty())
      refuse(where.at("messages").item(m).at("content"), "an empty text", "one or more characters");
  }
  if (stage.messages.back().role == Speaker::user) return;
  refuse(where.at("messages"), concat("a last message by ", name(stage.messages.back().role)),
         "one by user (the key continuation begins the model's answer)");
}

inline void check_continued(const Custom& schedule, std::size_t i, const Where& where) {
  const CustomStage& stage = schedule.stages[i];
  const Where here = where.at("continues");
  const std::optional<std::size_t> found = stage_named(schedule, stage.continues);
  if (!found || *found >= i) {
    const std::string_view which = !found ? "" : *found == i ? ", the stage itself" : ", a later stage";
    refuse(here, concat(in_quotes(stage.continues), which),
           i == 0 ? "none, because no stage is before it" : concat("an earlier stage: ", stage_list(schedule, i)));
  }
  const CustomStage& before = schedule.stages[*found];
  if (before.is_conversation() != stage.is_conversation()) {
    refuse(here, concat(in_quotes(stage.continues), ", which has ", before.is_conversation() ? "messages" : "text"),
           concat("a stage with ", stage.is_conversation() ? "messages" : "text", ", as this one has"));
  }
  const BranchAxis axis = axis_of(schedule, *found);
  if (axis != BranchAxis{} && axis != axis_of(schedule, i)) {
    refuse(where.at("branches"), in_quotes(stage.branches.active_name()),
           concat("each, because the continued stage ", in_quotes(before.name), " has several branches"));
  }
}

inline void check_stage(const Custom& schedule, std::size_t i, const Where& where) {
  const CustomStage& stage = schedule.stages[i];
  if (stage.is_conversation() && !stage.text.empty()) refuse(where, "both messages and text", "one of them");
  if (!stage.is_conversation() && stage.text.empty() && stage.continues.empty())
    refuse(where, "neither messages nor text", "one of them");
  if (stage.is_conversation()) check_messages(stage, where);
  if (!stage.continues.empty()) check_continued(schedule, i, where);
  if (stage.continues.empty() && std::holds_alternative<EachBranch>(stage.branches.active()))
    refuse(where.at("branches"), in_quotes("each"), "one, options or samples in a stage that continues none");
  for (std::size_t s = 0; s < stage.stop.size(); ++s) {
    if (stage.stop[s].empty()) refuse(where.at("stop").item(s), "an empty string", "one or more characters");
  }
}

// What is wrong with a placeholder that has the name of a stage or of a join.
[[nodiscard]] inline std::string why_not_there(const Custom& schedule, const CustomText& text, std::string_view name) {
  const std::string_view stage_name = name.substr(0, name.find('.'));
  const std::optional<std::size_t> stage = stage_named(schedule, stage_name);
  const std::string_view form = name.substr(stage_name.size());
  if (stage && text.place.kind == TextPlace::Kind::variant) return ", the output of a stage";
  if (stage && *stage == text.place.stages_before && text.place.kind == TextPlace::Kind::stage)
    return ", the stage's own output";
  if (stage && *stage >= text.place.stages_before) return ", the output of a later stage";
  const bool several =
      stage && axis_of(schedule, *stage) != BranchAxis{} && axis_of(schedule, *stage) != text.place.axis;
  if (several) return ", the output of a stage with several branches, which only a join can use";
  if (stage && form != "" && form != ".sentence") return "";
  for (const BranchJoin& join : schedule.joins) {
    if (join.name == name) return concat(", which joins the branches of ", in_quotes(join.of));
  }
  return "";
}

inline void check_answer(const Custom& schedule, const Where& where) {
  const CustomStage& last = schedule.stages.back();
  const bool continued = last.is_conversation() || !last.continuation.empty();
  const std::string& end = continued ? last.continuation : last.text;
  const std::string& opening = schedule.answer.opening;
  if (end.ends_with(opening) || end.ends_with('}')) return;  // what a placeholder ends with is not known here
  refuse(where.at("answer").at("opening"), in_quotes(opening),
         concat("the end of the last stage's ", continued ? "continuation" : "text"));
}

}  // namespace detail

LITESTAGE_INLINE void check_text(const Custom& schedule, const CustomText& text, std::span<const Placeholder> also) {
  std::vector<Placeholder> known = placeholders(schedule, text.place, nullptr, 0);
  known.insert(known.end(), also.begin(), also.end());
  for (const TemplatePart& part : template_parts(text.text, text.where)) {
    const auto same = [&](const Placeholder& p) { return p.name == part.text; };
    if (!part.is_placeholder || std::any_of(known.begin(), known.end(), same)) continue;
    if (part.text.starts_with(field_prefix) && part.text.size() > field_prefix.size()) continue;
    known.push_back({concat(field_prefix, "NAME"), nullptr});
    detail::refuse(text.where,
                   concat(in_quotes(concat('{', part.text, '}')), detail::why_not_there(schedule, text, part.text)),
                   placeholder_list(known));
  }
}

LITESTAGE_INLINE void Custom::check(const Where& where) const {
  const Custom& schedule = *this;
  if (schedule.stages.empty()) detail::refuse(where.at("stages"), "an empty list", "one stage or more");
  for (const auto& [key, n] :
       {std::pair("stages", stages.size()), std::pair("joins", joins.size()), std::pair("variants", variants.size())}) {
    if (n > max_parts) detail::refuse(where.at(key), concat(n, " ", key), concat("at most ", max_parts));
  }
  detail::UsedNames names;
  for (std::size_t i = 0; i < schedule.stages.size(); ++i)
    names.add(schedule.stages[i].name, where.at("stages").item(i).at("name"));
  for (std::size_t i = 0; i < schedule.stages.size(); ++i) detail::check_stage(schedule, i, where.at("stages").item(i));
  for (std::size_t i = 0; i < schedule.joins.size(); ++i) {
    const Where here = where.at("joins").item(i);
    names.add(schedule.joins[i].name, here.at("name"));
    if (stage_named(schedule, schedule.joins[i].of)) continue;
    detail::refuse(here.at("of"), in_quotes(schedule.joins[i].of),
                   concat("a stage: ", detail::stage_list(schedule, schedule.stages.size())));
  }
  for (std::size_t i = 0; i < schedule.variants.size(); ++i) {
    const TextVariant& variant = schedule.variants[i];
    const Where here = where.at("variants").item(i);
    names.add(variant.name, here.at("name"));
    if (variant.with_options.empty() && variant.without_options.empty())
      detail::refuse(here, "two empty texts", "with_options, without_options or both");
  }
  for (const CustomText& text : texts_of(schedule, where)) check_text(schedule, text);
  detail::check_answer(schedule, where);
}

}  // namespace litestage::stages
