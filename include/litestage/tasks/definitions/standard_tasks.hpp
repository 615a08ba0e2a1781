// The forms of well-known data sets.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/tasks/standard_tasks.hpp"

namespace litestage::tasks {

namespace detail {

// The form of OpenBookQA, CommonsenseQA and ARC: {"id", "question": {"stem", "choices": [{"text", "label"}]},
// "answerKey"}.
[[nodiscard]] inline TaskFormat choice_task(std::string_view name, std::size_t min, std::size_t max) {
  TaskFormat task;
  task.name = name;
  task.id = "/id";
  task.question = "/question/stem";
  task.options.at = "/question/choices";
  task.options.text = "/text";
  task.options.label = "/label";
  task.options.min = min;
  task.options.max = max;
  task.gold.at = "/answerKey";
  return task;
}

// {"question", "answer"}
[[nodiscard]] inline TaskFormat answer_task(std::string_view name, AnswerKind kind) {
  TaskFormat task;
  task.name = name;
  task.kind = kind;
  task.question = "/question";
  task.gold.at = "/answer";
  return task;
}

[[nodiscard]] inline std::vector<TaskFormat> all_tasks() {
  TaskFormat strategyqa = answer_task("strategyqa", AnswerKind::letter);
  strategyqa.id = "/qid";
  strategyqa.options.fixed = {"yes", "no"};
  strategyqa.gold.values = {{"true", "A"}, {"false", "B"}};
  TaskFormat gsm8k = answer_task("gsm8k", AnswerKind::number);
  gsm8k.gold.after = "####";
  gsm8k.percent_is_number = true;  // its answers have no units
  TaskFormat arc = choice_task("arc", 3, 5);
  arc.options.numbered = true;
  TaskFormat boolq = answer_task("boolq", AnswerKind::yes_no);
  boolq.other_fields = {{"passage", "/passage"}};
  TaskFormat choice = choice_task("choice", 2, max_options);
  choice.gold.required = false;
  TaskFormat open = answer_task("open", AnswerKind::text);
  open.id = "/id";
  open.gold.required = false;
  return {choice_task("obqa", 4, 4), choice_task("csqa", 5, 5), strategyqa, gsm8k, arc, boolq, choice, open};
}

}  // namespace detail

LITESTAGE_INLINE const std::vector<TaskFormat>& standard_tasks() {
  static const std::vector<TaskFormat> all = detail::all_tasks();
  return all;
}

LITESTAGE_INLINE std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const TaskFormat& task : standard_tasks()) names.push_back(task.name);
  return names;
}

LITESTAGE_INLINE const TaskFormat& find_task(std::string_view name) {
  for (const TaskFormat& task : standard_tasks()) {
    if (task.name == name) return task;
  }
  throw Error(concat("task ", in_quotes(name), " is unknown, expected ", joined(task_names()), " or a file NAME.json"));
}

}  // namespace litestage::tasks
