// Writes a comparison as a Form, its file in the format "litestage.comparison/1". Names once released stay; new ones
// may be added. It holds no texts of questions or answers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/compare/comparison.hpp"
#include "litestage/settings/fields_form.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::compare {

inline constexpr std::string_view comparison_format = "litestage.comparison/1";

namespace detail {

// Every answer, with its time if it was timed.
[[nodiscard]] inline Form answers_form(const Method& method, const std::vector<ComparedQuestion>& questions) {
  Form::List list;
  for (std::size_t q = 0; q < method.outcomes.size(); ++q) {
    Form f;
    f.add("id", questions[q].id);
    write_members(f, method.outcomes[q], /*all=*/true);
    if (q < method.timings.size()) f.add("timed", write_fields(method.timings[q]));
    list.push_back(std::move(f));
  }
  return list;
}

[[nodiscard]] inline Form method_form(const Comparison& c, const Method& method) {
  Form f = write_fields(method);
  if (!method.missing.empty()) return f;
  f.add("summary", write_fields(compare_to(c.methods.front(), method, c.questions)));
  f.add("answers", answers_form(method, c.questions));
  return f;
}

}  // namespace detail

// `facts`: how the comparison was made, an object whose members are written first.
[[nodiscard]] inline Form to_form(const Comparison& c, const Form& facts) {
  Form f;
  f.add("format", comparison_format);
  for (const auto& [key, value] : facts.map("facts")) f.add(key, value);
  f.add("warnings", write_value(c.warnings, true)).add("questions", write_value(c.questions, true));
  Form::List methods;
  for (const Method& m : c.methods) methods.push_back(detail::method_form(c, m));
  f.add("methods", std::move(methods));
  return f;
}

}  // namespace litestage::compare
