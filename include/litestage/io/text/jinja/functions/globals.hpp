// The functions that every template may call: range, namespace, dict, raise_exception and strftime_now.
#pragma once

#include <string>
#include <string_view>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/jinja/functions/arguments.hpp"
#include "litestage/io/text/jinja/values/value.hpp"

namespace litestage::io::jinja {

// The function with this name; an undefined value if there is none.
[[nodiscard]] Value function_named(std::string_view name);
[[nodiscard]] std::string_view name_of(Function function);

// raise_exception throws an Error that shows its message.
[[nodiscard]] Value call_function(Function function, Arguments& arguments);

// The 26th of July 2024, 0:00, in the format of strftime. Templates that write today's date get this one, so that runs
// can be repeated; it is the date that Llama's templates write without a clock.
[[nodiscard]] std::string fixed_date(std::string_view format, RenderState& state);

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/functions/definitions/globals.hpp"
#endif
