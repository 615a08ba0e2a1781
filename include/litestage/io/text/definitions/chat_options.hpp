// Reading of variables for chat templates.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/text/chat_options.hpp"

namespace litestage::io {

LITESTAGE_INLINE TemplateVariable template_variable(std::string_view text) {
  constexpr std::array<std::string_view, 7> given = {"messages",  "tools",     "documents", "add_generation_prompt",
                                                     "bos_token", "eos_token", "unk_token"};
  const std::string_view name = text.substr(0, text.find('='));
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const bool is_name = !name.empty() && is_letter(name.front()) && std::all_of(name.begin(), name.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
  });
  if (!is_name || name.size() == text.size()) {
    throw Error(concat("--template-variable is ", in_quotes(text),
                       ", expected NAME=VALUE with a name of letters, digits and underscores"));
  }
  if (std::find(given.begin(), given.end(), name) != given.end()) {
    throw Error(concat("--template-variable is ", in_quotes(text), ", expected another name than ", name,
                       ", which every template is given"));
  }
  return {.name = std::string(name), .value = std::string(text.substr(name.size() + 1))};
}

}  // namespace litestage::io
