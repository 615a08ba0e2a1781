// Fills in prompt templates.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/stages/fill.hpp"

namespace litestage::stages {

LITESTAGE_INLINE std::vector<TemplatePart> template_parts(std::string_view text, const Where& where) {
  std::vector<TemplatePart> parts;
  const auto add_text = [&](std::string_view literal) {
    if (literal.empty()) return;
    if (parts.empty() || parts.back().is_placeholder) parts.emplace_back();
    parts.back().text += literal;
  };
  while (!text.empty()) {
    const std::size_t brace = std::min(text.find_first_of("{}"), text.size());
    add_text(text.substr(0, brace));
    text.remove_prefix(brace);
    if (text.empty()) break;
    if (text.size() > 1 && text[1] == text[0]) {
      add_text(text.substr(0, 1));
      text.remove_prefix(2);
      continue;
    }
    const std::size_t end = text.find('}');
    if (text[0] == '}' || end == std::string_view::npos) {
      throw Error(concat(where.str(), ": found ", found_text(Form(text)),
                         ", expected the name of a placeholder in braces, and {{ and }} for braces"));
    }
    parts.push_back({std::string(text.substr(1, end - 1)), true});
    text.remove_prefix(end + 1);
  }
  return parts;
}

LITESTAGE_INLINE std::string placeholder_list(std::span<const Placeholder> known) {
  std::vector<std::string> names;
  for (const Placeholder& p : known) names.push_back(concat('{', p.name, '}'));
  return concat(names.empty() ? "no placeholders" : joined(names), ", and {{ and }} for braces");
}

LITESTAGE_INLINE std::string fill(std::string_view text, std::span<const Placeholder> known, const Where& where) {
  std::string result;
  for (const TemplatePart& part : template_parts(text, where)) {
    if (!part.is_placeholder) {
      result += part.text;
      continue;
    }
    const auto found =
        std::find_if(known.begin(), known.end(), [&](const Placeholder& p) { return p.name == part.text; });
    if (found == known.end()) {
      throw Error(concat(where.str(), ": found ", found_text(Form(concat('{', part.text, '}'))), ", expected ",
                         placeholder_list(known)));
    }
    result += found->value();
  }
  return result;
}

}  // namespace litestage::stages
