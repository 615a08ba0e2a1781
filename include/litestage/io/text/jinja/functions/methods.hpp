// The methods of Python's strings, lists and dictionaries that templates use. Those that would change a value are left
// out, as in Jinja's sandbox.
#pragma once

#include <string_view>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/jinja/functions/arguments.hpp"
#include "litestage/io/text/jinja/values/value.hpp"

namespace litestage::io::jinja {

[[nodiscard]] bool has_method(const Value& self, std::string_view name);

// Calls a method that the value has.
[[nodiscard]] Value call_method(const Value& self, std::string_view name, Arguments& arguments);

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/functions/definitions/methods.hpp"
#endif
