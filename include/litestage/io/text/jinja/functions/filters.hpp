// Jinja's filters: `value | name(arguments)`.
#pragma once

#include <string_view>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/jinja/functions/arguments.hpp"
#include "litestage/io/text/jinja/values/value.hpp"

namespace litestage::io::jinja {

// What the filter with this name makes of the value.
[[nodiscard]] Value apply_filter(std::string_view name, const Value& value, Arguments& arguments);

struct Filter {
  std::string_view name;
  Value (*apply)(const Value& value, Arguments& arguments);
};

// A filter of text and numbers, or of lists and mappings; null if there is none with this name.
[[nodiscard]] const Filter* text_filter(std::string_view name);
[[nodiscard]] const Filter* list_filter(std::string_view name);

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/functions/definitions/filters.hpp"
#include "litestage/io/text/jinja/functions/definitions/list_filters.hpp"
#include "litestage/io/text/jinja/functions/definitions/text_filters.hpp"
#endif
