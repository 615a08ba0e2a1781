// Converts records (read by io/files/dataset.hpp) to questions by the form of a task.
//
// Other keys, and any order of keys, are allowed. Spaces around a text are removed (real files have some), spaces
// inside it are kept. Options have labels that run in order, A, B, C, ... or, where the task allows it, 1, 2, 3, ...
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/settings/record.hpp"
#include "litestage/tasks/standard_tasks.hpp"
#include "litestage/tasks/task_format.hpp"

namespace litestage::tasks {

// `where`: the place of the record; `number`: that of the record in its file, from 1.
[[nodiscard]] Question parse_question(const TaskFormat& task, const Form& record, std::string_view where,
                                      std::size_t number);

// All questions of a file, in file order. Ids must be unique, because results are paired by them.
[[nodiscard]] std::vector<Question> parse_questions(const TaskFormat& task, std::span<const Record> records);

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/definitions/tasks.hpp"
#endif
