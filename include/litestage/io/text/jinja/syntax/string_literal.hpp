// The escapes of string literals, which are those of Python.
#pragma once

#include <string>
#include <string_view>

#include "litestage/core/compiled.hpp"

namespace litestage::io::jinja {

// The text of a literal whose characters between its quotation marks are `literal`. `name` and `line` are the place of
// an Error, which says which escape is not one.
[[nodiscard]] std::string unescaped(std::string_view literal, std::string_view name, int line);

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/syntax/definitions/string_literal.hpp"
#endif
