// The question sets that programs know by name. A task converts records (read by io/files/dataset.hpp) to questions:
//
//   obqa        OpenBookQA "Main" (arXiv 1809.02789): {"id", "question": {"stem", "choices": [{"text", "label"}]},
//               "answerKey"}, 4 options
//   csqa        CommonsenseQA 1.11 (arXiv 1811.00937): the same keys, 5 options
//   strategyqa  StrategyQA (arXiv 2101.02235): {"qid", "question", "answer"}; the options are yes and no
//   choice      a user's own questions: the keys of obqa, 2 to 26 options, "answerKey" may be missing
//
// Other keys, and any order of keys, are allowed. Spaces around a text are removed (real files have some), spaces
// inside it are kept. Options must have the labels A, B, C, ... in this order.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/prompt/option_letter.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/settings/record.hpp"

namespace litestage::tasks {

struct Task {
  std::string_view name;
  std::size_t min_options = 0;
  std::size_t max_options = 0;
  bool gold_required = true;
  Question (*parse)(const Task& task, const Form& record, std::string_view where) = nullptr;
};

// The index of the option with this letter, out of n_options.
[[nodiscard]] int parse_answer_key(const Form& value, std::size_t n_options, const std::string& what);

[[nodiscard]] Question parse_choice_question(const Task& task, const Form& record, std::string_view where);

[[nodiscard]] Question parse_yes_no_question(const Task&, const Form& record, std::string_view where);

inline constexpr std::array<Task, 4> tasks = {{
    {.name = "obqa", .min_options = 4, .max_options = 4, .parse = &parse_choice_question},
    {.name = "csqa", .min_options = 5, .max_options = 5, .parse = &parse_choice_question},
    {.name = "strategyqa", .min_options = 2, .max_options = 2, .parse = &parse_yes_no_question},
    {.name = "choice",
     .min_options = 2,
     .max_options = max_options,
     .gold_required = false,
     .parse = &parse_choice_question},
}};

[[nodiscard]] const Task& find_task(std::string_view name);

// All questions of a file, in file order. Ids must be unique, because results are paired by them.
[[nodiscard]] std::vector<Question> parse_questions(const Task& task, std::span<const Record> records);

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/definitions/tasks.hpp"
#endif
