// Prompt templates: {placeholder} is replaced by a value; {{ and }} are literal braces.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/settings/expected.hpp"

namespace litestage::stages {

struct Placeholder {
  std::string name;
  std::function<std::string()> value;  // called where a template uses it; empty if templates are only checked
};

// A part of a template: literal text, or the name of a placeholder.
struct TemplatePart {
  std::string text;
  bool is_placeholder = false;
};

// Cuts a template into its parts. `where` names the template in errors.
[[nodiscard]] std::vector<TemplatePart> template_parts(std::string_view text, const Where& where);

// "{a}, {b}, and {{ and }} for braces": the names that a template may use, for messages.
[[nodiscard]] std::string placeholder_list(std::span<const Placeholder> known);

// Fills the placeholders of the template; values are copied unchanged.
[[nodiscard]] std::string fill(std::string_view text, std::span<const Placeholder> known, const Where& where);

}  // namespace litestage::stages

#if LITESTAGE_HEADER_ONLY
#include "litestage/stages/definitions/fill.hpp"
#endif
