// Writes the prompts of a custom schedule.
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
#include "litestage/core/text/outside_text.hpp"
#include "litestage/core/text/utf8.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/stages/custom.hpp"
#include "litestage/stages/custom_check.hpp"
#include "litestage/stages/custom_scope.hpp"
#include "litestage/stages/fill.hpp"
#include "litestage/stages/wording.hpp"

namespace litestage::stages {

LITESTAGE_INLINE StageInfo Custom::stage(std::size_t i) const {
  LITESTAGE_ASSERT(i < size(), i);
  const CustomStage& s = stages[i];
  StageInfo info{.name = s.name, .max_new_tokens = s.max_new_tokens, .stop = s.stop};
  if (const auto* samples = std::get_if<Samples>(&s.branches.active())) info.sampler = samples->sampler();
  return info;
}

namespace detail {

// The prompt of one branch of a stage. Of a continued stage it begins with the prompt of that stage and its output.
inline Prompt custom_prompt(const Custom& schedule, std::size_t i, const Transcript& transcript, std::size_t branch) {
  const CustomStage& stage = schedule.stages[i];
  const auto known = placeholders(schedule, place_in(schedule, i), &transcript, branch);
  const auto filled = [&](std::string_view text) { return fill(text, known, concat("stages custom, ", stage.name)); };
  Prompt prompt;
  if (!stage.continues.empty()) {
    const std::optional<std::size_t> before = stage_named(schedule, stage.continues);
    LITESTAGE_ASSERT(before && *before < i, stage.continues, " is no earlier stage");
    const std::size_t from = axis_of(schedule, *before) == BranchAxis{} ? 0 : branch;
    prompt = custom_prompt(schedule, *before, transcript, from);
    const std::string said = std::exchange(prompt.continuation, "") + output(transcript, *before, from);
    if (stage.is_conversation())
      prompt.messages.push_back({Role::assistant, std::string(trimmed_ascii(said))});
    else
      prompt.messages.at(0).text += said;
  }
  for (const CustomMessage& m : stage.messages) {
    const Role role = m.role == Speaker::system ? Role::system : m.role == Speaker::user ? Role::user : Role::assistant;
    prompt.messages.push_back({role, filled(m.content)});
  }
  if (!stage.is_conversation()) {
    if (prompt.messages.empty()) prompt.messages.push_back({Role::text, ""});
    prompt.messages.at(0).text += filled(stage.text);
  }
  prompt.continuation = filled(stage.continuation);
  return prompt;
}

}  // namespace detail

LITESTAGE_INLINE std::vector<Prompt> Custom::prompts(std::size_t i, const Transcript& transcript) const {
  LITESTAGE_ASSERT(i < size(), i);
  check_question(transcript.question);
  std::vector<Prompt> branches;
  for (std::size_t b = 0; b < branch_count(*this, i, transcript.question); ++b) {
    branches.push_back(detail::custom_prompt(*this, i, transcript, b));
  }
  return branches;
}

LITESTAGE_INLINE std::size_t Custom::branches(const Question& question) const {
  std::size_t most = 1;
  for (std::size_t i = 0; i < size(); ++i) most = std::max(most, branch_count(*this, i, question));
  return most;
}

LITESTAGE_INLINE void Custom::check_question(const Question& question) const {
  bool options = !question.options.empty();
  for (const CustomStage& s : stages) options = options || std::holds_alternative<PerOption>(s.branches.active());
  for (const CustomText& text : texts_of(*this, "stages custom")) {
    for (const TemplatePart& part : template_parts(text.text, text.where)) {
      if (!part.is_placeholder) continue;
      const std::string& used = part.text;
      options =
          options || (text.place.kind != TextPlace::Kind::variant && (used == "options" || used == "options_inline"));
      if (!used.starts_with(field_prefix) || question.fields.contains(used.substr(field_prefix.size()))) continue;
      std::vector<std::string> has;
      for (const auto& field : question.fields) has.push_back(field.first);
      throw Error(concat("question ", shown(question.id), ": field ", in_quotes(used.substr(field_prefix.size())),
                         " is missing, which ", text.where.str(), " uses; the question has ",
                         has.empty() ? "no fields" : joined(has)));
    }
  }
  if (options) check_options(question);
}

}  // namespace litestage::stages
