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

LITESTAGE_INLINE std::string fill(std::string_view text, std::span<const Placeholder> known, const Where& where) {
  const auto fail = [&](std::string_view found) {
    std::vector<std::string> names;
    for (const Placeholder& p : known) names.push_back(concat('{', p.name, '}'));
    throw Error(concat(where.str(), ": found ", found_text(Form(found)), ", expected ",
                       names.empty() ? "no placeholders" : joined(names), ", and {{ and }} for braces"));
  };
  std::string result;
  while (!text.empty()) {
    const std::size_t brace = std::min(text.find_first_of("{}"), text.size());
    result += text.substr(0, brace);
    text.remove_prefix(brace);
    if (text.empty()) break;
    if (text.size() > 1 && text[1] == text[0]) {
      result += text[0];
      text.remove_prefix(2);
      continue;
    }
    const std::size_t end = text.find('}');
    if (text[0] == '}' || end == std::string_view::npos) fail(text);
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const Placeholder& p) { return p.name == text.substr(1, end - 1); });
    if (found == known.end()) fail(text.substr(0, end + 1));
    result += found->value;
    text.remove_prefix(end + 1);
  }
  return result;
}

}  // namespace litestage::stages
