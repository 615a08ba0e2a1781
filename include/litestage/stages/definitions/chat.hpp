// The stages of a conversation.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/utf8.hpp"
#include "litestage/prompt/option_letter.hpp"
#include "litestage/stages/chat.hpp"
#include "litestage/stages/fill.hpp"

namespace litestage::stages {

LITESTAGE_INLINE StageInfo Chat::stage(std::size_t i) const {
  LITESTAGE_ASSERT(i < size(), i);
  if (i == 0) return {.name = "recall", .max_new_tokens = recall_tokens, .stop = stop};
  if (i == 1) return {.name = "analyze", .max_new_tokens = analyze_tokens, .stop = stop};
  return {.name = "summarize", .max_new_tokens = summarize_tokens, .stop = stop};
}

LITESTAGE_INLINE std::vector<Prompt> Chat::prompts(std::size_t i, const Transcript& transcript) const {
  LITESTAGE_ASSERT(i < size(), i);
  check_options(transcript.question);
  Values values;
  values.question = transcript.question.stem;
  values.options = option_list(transcript.question, "\n");
  Prompt opening;
  if (!system.empty()) opening.messages.push_back({Role::system, filled("system", system, values)});
  opening.messages.push_back({Role::user, filled("recall", recall, values)});
  if (i == 0) return {opening};
  values.recall = std::string(trimmed_ascii(output(transcript, 0, 0)));
  opening.messages.push_back({Role::assistant, values.recall});
  return i == 1 ? analyze_prompts(opening, transcript, values) : summarize_prompts(opening, transcript, values);
}

LITESTAGE_INLINE void Chat::check(const Where& where) const {
  for (const auto& [key, text] :
       {std::pair("system", &system), std::pair("recall", &recall), std::pair("analyze", &analyze),
        std::pair("analysis", &analysis), std::pair("summarize", &summarize)}) {
    static_cast<void>(filled(key, *text, Values{}, where));
  }
}

LITESTAGE_INLINE std::vector<Prompt> Chat::analyze_prompts(const Prompt& opening, const Transcript& transcript,
                                                           Values values) const {
  std::vector<Prompt> branches;
  for (std::size_t o = 0; o < transcript.question.options.size(); ++o) {
    values.letter = option_letter(o);
    values.option = transcript.question.options[o];
    branches.push_back(opening);
    branches.back().messages.push_back({Role::user, filled("analyze", analyze, values)});
  }
  return branches;
}

LITESTAGE_INLINE std::vector<Prompt> Chat::summarize_prompts(Prompt opening, const Transcript& transcript,
                                                             Values values) const {
  for (std::size_t o = 0; o < transcript.question.options.size(); ++o) {
    values.letter = option_letter(o);
    values.option = transcript.question.options[o];
    values.analysis = std::string(trimmed_ascii(output(transcript, 1, o)));
    if (o != 0) values.analyses += '\n';
    values.analyses += filled("analysis", analysis, values);
  }
  opening.messages.push_back({Role::user, filled("summarize", summarize, values)});
  return {opening};
}

LITESTAGE_INLINE std::string Chat::filled(std::string_view key, std::string_view text, const Values& v,
                                          const Where& where) {
  std::vector<Placeholder> known = {{"question", v.question}, {"options", v.options}};
  const bool per_option = key == "analyze" || key == "analysis";
  if (per_option || key == "summarize") known.push_back({"recall", v.recall});
  if (per_option) known.push_back({"letter", v.letter});
  if (per_option) known.push_back({"option", v.option});
  if (key == "analysis") known.push_back({"analysis", v.analysis});
  if (key == "summarize") known.push_back({"analyses", v.analyses});
  return fill(text, known, where.at(key));
}

}  // namespace litestage::stages
