// What values consist of: their items in a loop, their number, single items and slices, as in Python.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/jinja/values/value.hpp"

namespace litestage::io::jinja {

class RenderState;

// What a loop over the value visits: characters, items, or the keys of a mapping. `operation` names the user in errors.
// A generator is empty afterwards.
[[nodiscard]] Values items_of(const Value& value, std::string_view operation, RenderState& state);
[[nodiscard]] bool has_items(const Value& value);

// Python's len(); nothing if the value has no length.
[[nodiscard]] std::optional<std::int64_t> length_of(const Value& value, RenderState& state);

// The item at a position or under a key; an undefined value if there is none.
[[nodiscard]] Value item_at(const Value& value, const Value& key, RenderState& state);

// value[begin:end:step]; bounds that are none are left out.
[[nodiscard]] Value slice_of(const Value& value, const Value& begin, const Value& end, const Value& step,
                             RenderState& state);

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/values/definitions/items.hpp"
#endif
