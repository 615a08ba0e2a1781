// value.name and value[key], as Jinja looks them up.
#pragma once

#include <string_view>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/jinja/values/render_state.hpp"
#include "litestage/io/text/jinja/values/value.hpp"

namespace litestage::io::jinja {

// value.name: a method, else an entry. An undefined value if there is neither; of an undefined value it is an Error.
[[nodiscard]] Value attribute_of(const Value& value, std::string_view name, RenderState& state);

// value[key]: an item or entry, else, for a key that is text, what value.key is.
[[nodiscard]] Value subscript_of(const Value& value, const Value& key, RenderState& state);

// What the text `path` leads to by subscripts, where dots are between keys: "function.name". Anything else than text is
// the only key.
[[nodiscard]] Value along_path(const Value& value, const Value& path, RenderState& state);

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/functions/definitions/subscripts.hpp"
#endif
