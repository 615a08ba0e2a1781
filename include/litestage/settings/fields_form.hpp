// Converts structs with fields() to Forms and back, and handles the "format" key at the beginning of files.
#pragma once

#include <string_view>

#include "litestage/core/error.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/settings/read_fields.hpp"
#include "litestage/settings/write_fields.hpp"

namespace litestage {

// Writes the members of a file after its format, for example "litestage.plan/1".
template <HasFields T>
[[nodiscard]] Form write_file(std::string_view format, const T& object) {
  Form form{Form::Map{{"format", Form(format)}}};
  write_members(form, object, /*all=*/true);
  return form;
}

// Throws Error if the file has a different format. `source` is the file's name.
template <HasFields T>
[[nodiscard]] T read_file_of(std::string_view format, const Form& form, std::string_view source) {
  const Where where{source};
  if (!form.is_map()) reject<T>(form, where, {});
  const Form* found = form.find("format");
  if (found == nullptr) throw Error(concat(where.str(), ": key \"format\" is missing, expected ", format));
  if (*found != Form(format))
    throw Error(concat(where.at("format").str(), ": found ", found_text(*found), ", expected ", format));
  return read_fields<T>(form, where);
}

}  // namespace litestage
