// Prompt templates: {placeholder} is replaced by a value; {{ and }} are literal braces.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/core/error.hpp"
#include "litestage/settings/expected.hpp"

namespace litestage::stages {

struct Placeholder {
  std::string_view name;
  std::string_view value;
};

// Fills the placeholders of the template; values are copied unchanged. `where` names the template in errors.
[[nodiscard]] std::string fill(std::string_view text, std::span<const Placeholder> known, const Where& where);

}  // namespace litestage::stages

#if LITESTAGE_HEADER_ONLY
#include "litestage/stages/definitions/fill.hpp"
#endif
