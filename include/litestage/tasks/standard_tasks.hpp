// The tasks that programs know by name. Each is the same as the file NAME.json in examples/data/tasks; a further task
// is such a file alone.
//
//   obqa        OpenBookQA "Main" (arXiv 1809.02789), 4 options
//   csqa        CommonsenseQA 1.11 (arXiv 1811.00937), 5 options
//   strategyqa  StrategyQA (arXiv 2101.02235), multiple choice with the options yes and no
//   gsm8k       GSM8K (arXiv 2110.14168), numbers
//   arc         ARC easy and challenge (arXiv 1803.05457), 3 to 5 options, labelled by letters or numbers
//   boolq       BoolQ (arXiv 1905.10044), yes or no to a question about a passage
//   choice      a user's own multiple-choice questions in the form of obqa, 2 to 26 options; the answer may be missing
//   open        a user's own questions with a text for an answer: {"id", "question", "answer"}; it may be missing
//
// All read the original form of their data sets.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/tasks/task_format.hpp"

namespace litestage::tasks {

[[nodiscard]] const std::vector<TaskFormat>& standard_tasks();

[[nodiscard]] std::vector<std::string> task_names();

// Throws an Error that lists the names if there is no such task.
[[nodiscard]] const TaskFormat& find_task(std::string_view name);

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/definitions/standard_tasks.hpp"
#endif
