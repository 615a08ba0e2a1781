// Formats default values for help texts.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "litestage/settings/describe.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/fields_form.hpp"
#include "litestage/settings/spec.hpp"

namespace litestage {

LITESTAGE_INLINE std::string default_text(const Form& form) {
  if (form.is_map()) {
    const Form* name = form.find("name");
    return name == nullptr ? "" : name->string("name");
  }
  if (!form.is_list()) return spec_scalar(form);
  std::string text;
  for (const Form& element : form.list("")) text += (text.empty() ? "" : "/") + default_text(element);
  return text;
}

}  // namespace litestage
