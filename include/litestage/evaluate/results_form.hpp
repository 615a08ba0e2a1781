// Converts Results to and from a Form: the results file, format "litestage.results/1". Names once released stay; new
// ones may be added, so reading ignores unknown keys. `gold` and `predicted` are answers in their canonical form,
// such as letters, or null if there is none; several right answers are a list.
// `summary` is written for readers of the file and is not read back, because it follows from the answers (summary.hpp).
#pragma once

#include <string_view>

#include "litestage/evaluate/results.hpp"
#include "litestage/settings/fields_form.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::evaluate {

inline constexpr std::string_view results_format = "litestage.results/1";

[[nodiscard]] inline Form to_form(const Results& results) {
  return write_file(results_format, results);
}

// `source`: name of the file.
[[nodiscard]] inline Results results_from_form(const Form& form, std::string_view source) {
  return read_file_of<Results>(results_format, form, source);
}

}  // namespace litestage::evaluate
