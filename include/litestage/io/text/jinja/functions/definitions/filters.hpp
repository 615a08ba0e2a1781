// Finding of filters.
#pragma once

#include <string_view>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/text/jinja/functions/arguments.hpp"
#include "litestage/io/text/jinja/functions/filters.hpp"

namespace litestage::io::jinja {

LITESTAGE_INLINE Value apply_filter(std::string_view name, const Value& value, Arguments& arguments) {
  const Filter* filter = text_filter(name);
  if (filter == nullptr) filter = list_filter(name);
  if (filter == nullptr) arguments.state().fail(concat("the filter ", in_quotes(name), " is not supported"));
  Value result = filter->apply(value, arguments);
  arguments.refuse_unused();
  return result;
}

}  // namespace litestage::io::jinja
