// Any bytes as a question file of every task, as a task with its questions, and as a results file: accepted with sound
// values, or an Error.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "common/longest_option.hpp"
#include "fuzz/target.hpp"
#include "litestage/core/error.hpp"
#include "litestage/evaluate/controls.hpp"
#include "litestage/evaluate/results_form.hpp"
#include "litestage/io/files/dataset.hpp"
#include "litestage/tasks/answer_kinds.hpp"
#include "litestage/tasks/subset.hpp"
#include "litestage/tasks/tasks.hpp"

namespace {

namespace evaluate = litestage::evaluate;
namespace tasks = litestage::tasks;

void read_questions(const tasks::TaskFormat& task, const std::vector<litestage::Record>& records) {
  const auto questions = tasks::parse_questions(task, records);
  need(questions.size() == records.size());
  for (const litestage::Question& q : questions) {
    const std::size_t n = q.options.size();
    need(q.kind == task.kind && !q.stem.empty() && !q.id.empty() && q.fields.size() == task.other_fields.size());
    need(task.options.any() ? n >= task.options.min && n <= task.options.max : n == 0);
    need(!q.gold.empty() || !task.gold.required);
    for (const litestage::Answer& right : q.gold) {
      need(tasks::canonical_answer(task.kind, right.text, task.percent_is_number) == right);
      need(task.kind != litestage::AnswerKind::letter || option_of(right) < static_cast<int>(n));
    }
  }
  need(tasks::first_questions(questions, 3).size() <= 3);
  need(evaluate::majority_class(questions).accuracy.value <= 1);
  need(litestage::test::longest_option(questions).value <= 1);
}

void read_results(const litestage::Form& form) {
  const evaluate::Results results = evaluate::results_from_form(form, "fuzz");
  need(evaluate::results_from_form(evaluate::to_form(results), "fuzz") == results);
}

}  // namespace

void fuzz_dataset(const std::uint8_t* data, std::size_t size) {
  std::vector<litestage::Record> records;
  try {
    records = litestage::io::parse_records({reinterpret_cast<const char*>(data), size}, "fuzz");
  } catch (const litestage::Error&) {
    return;
  }
  for (const tasks::TaskFormat& task : tasks::standard_tasks()) {
    try {
      read_questions(task, records);
    } catch (const litestage::Error&) {
    }
  }
  // The first record as a task by which the others are read.
  try {
    const tasks::TaskFormat task = tasks::task_from_form(records[0].value, "fuzz");
    need(tasks::task_from_form(tasks::to_form(task), "fuzz") == task);
    read_questions(task, std::vector<litestage::Record>(records.begin() + 1, records.end()));
  } catch (const litestage::Error&) {
  }
  try {
    read_results(records[0].value);
  } catch (const litestage::Error&) {
  }
}
