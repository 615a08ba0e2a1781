// Jinja's tests: `value is name`.
#pragma once

#include <string_view>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/jinja/functions/arguments.hpp"
#include "litestage/io/text/jinja/values/value.hpp"

namespace litestage::io::jinja {

// Whether the value passes the test with this name.
[[nodiscard]] bool apply_test(std::string_view name, const Value& value, Arguments& arguments);

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/functions/definitions/value_tests.hpp"
#endif
