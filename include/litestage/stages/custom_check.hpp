// The checks of a custom schedule, made when it is read: its stages fit together, and its texts can be filled
// (Custom::check, which definitions/custom_check.hpp defines).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "litestage/core/compiled.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/stages/custom_scope.hpp"
#include "litestage/stages/fill.hpp"

namespace litestage::stages {

struct Custom;

// The largest number of stages, of joins and of variants, so that a hostile file can exhaust neither the stack nor the
// time of the checks.
inline constexpr std::size_t max_parts = 64;

// Throws Error if the text has a placeholder that cannot be used at its place. `also`: further placeholders that it may
// use.
void check_text(const Custom& schedule, const CustomText& text, std::span<const Placeholder> also = {});

}  // namespace litestage::stages

#if LITESTAGE_HEADER_ONLY
#include "litestage/stages/definitions/custom_check.hpp"
#endif
