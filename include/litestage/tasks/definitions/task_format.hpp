// Reads and checks the form of a task.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/tasks/answer_kinds.hpp"
#include "litestage/tasks/json_pointer.hpp"
#include "litestage/tasks/task_format.hpp"

namespace litestage::tasks {

LITESTAGE_INLINE Form TextMapForm::write(const Texts& texts) {
  Form form{Form::Map{}};
  for (const auto& [key, text] : texts) form.add(key, text);
  return form;
}

LITESTAGE_INLINE TextMapForm::Texts TextMapForm::read(const Form& form, const Where& where) {
  if (!form.is_map())
    throw Error(concat(where.str(), ": found ", found_text(form), ", expected an object whose values are strings"));
  Texts texts;
  for (const auto& [key, value] : form.map("")) texts[key] = read_value<std::string>(value, where.at(key));
  return texts;
}

namespace detail {

inline void check_pointer(const std::string& pointer, const Where& where) {
  if (!is_pointer(pointer))
    throw Error(
        concat(where.str(), ": found ", in_quotes(pointer), ", expected a JSON pointer, which begins with \"/\""));
}
inline void need_pointer(const std::string& pointer, const Where& where, std::string_view key) {
  if (pointer.empty())
    throw Error(concat(where.str(), ": key ", in_quotes(key), " is missing, expected a JSON pointer such as ",
                       in_quotes(concat("/", key == "gold.at" ? "answer" : "question"))));
  check_pointer(pointer, where.at(key));
}

inline void check_options(const TaskFormat& task, const Where& where) {
  const OptionsFormat& o = task.options;
  if (task.kind != AnswerKind::letter) {
    if (o.any())
      throw Error(concat(where.str(), ": found options for the kind ", name(task.kind), ", expected kind letter"));
    return;
  }
  const Where here = where.at("options");
  if (o.at.empty() == o.fixed.empty())
    throw Error(concat(here.str(), ": found ", o.any() ? "both" : "neither", " at ", o.any() ? "and" : "nor",
                       " fixed, expected one of them for the kind letter"));
  for (const auto& [key, pointer] : std::map<std::string_view, std::string_view>{
           {"at", o.at}, {"text", o.text}, {"label", o.label}, {"labels_at", o.labels_at}})
    check_pointer(std::string(pointer), here.at(key));
  if (o.min > o.max)
    throw Error(concat(here.str(), ": found min ", o.min, " and max ", o.max, ", expected min <= max"));
  if (o.fixed.size() > max_options)
    throw Error(concat(here.at("fixed").str(), ": found ", o.fixed.size(), " options, expected at most ", max_options));
}

// A key of `values` means an answer of the task's kind.
inline void check_values(const TaskFormat& task, const Where& where) {
  for (const auto& [key, value] : task.gold.values) {
    const std::optional<Answer> answer = canonical_answer(task.kind, value, task.percent_is_number);
    const bool beyond = answer && !task.options.fixed.empty() && option_of(*answer) >= std::ssize(task.options.fixed);
    if (!answer || beyond)
      throw Error(concat(where.at(key).str(), ": found ", in_quotes(value), ", expected ", expected_answer(task.kind)));
  }
}

}  // namespace detail

LITESTAGE_INLINE void TaskFormat::check(const Where& where) const {
  if (name.empty()) throw Error(concat(where.str(), ": key \"name\" is missing, expected the name of the task"));
  detail::need_pointer(question, where, "question");
  detail::check_pointer(id, where.at("id"));
  for (const auto& [key, pointer] : other_fields) detail::check_pointer(pointer, where.at("fields").at(key));
  detail::check_options(*this, where);
  if (gold.required || !gold.at.empty()) detail::need_pointer(gold.at, where, "gold.at");
  detail::check_values(*this, where.at("gold").at("values"));
}

LITESTAGE_INLINE TaskFormat task_from_form(const Form& form, std::string_view source) {
  return read_fields<TaskFormat>(form, Where(source));
}

LITESTAGE_INLINE Form to_form(const TaskFormat& task) {
  return write_fields(task, /*all=*/false);
}

}  // namespace litestage::tasks
