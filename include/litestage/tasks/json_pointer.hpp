// Finds values in a record by JSON pointers (RFC 6901): "/question/choices/0/text". "~1" stands for a slash in a key,
// "~0" for a tilde; the empty pointer is the record itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::tasks {

[[nodiscard]] constexpr bool is_pointer(std::string_view text) {
  return text.empty() || text.front() == '/';
}

// The keys and indices of a pointer, in order.
[[nodiscard]] std::vector<std::string> pointer_keys(std::string_view pointer);

// The place as messages name it: "set.jsonl:3: question.stem". `where`: the place of the value that the pointer starts
// from.
[[nodiscard]] std::string place_text(std::string_view where, std::string_view pointer);

// The value at the pointer; null if a key on the way is missing.
[[nodiscard]] const Form* find_at(const Form& from, std::string_view pointer);
// The same, but throws an Error that names the missing key.
[[nodiscard]] const Form& value_at(const Form& from, std::string_view pointer, std::string_view where);

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/definitions/json_pointer.hpp"
#endif
