// Any bytes as a question file of every task and as a results file: accepted with sound values, or an Error.
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
#include "litestage/tasks/subset.hpp"
#include "litestage/tasks/tasks.hpp"

namespace {

using litestage::no_answer;
namespace evaluate = litestage::evaluate;
namespace tasks = litestage::tasks;

void read_questions(const tasks::Task& task, const std::vector<litestage::Record>& records) {
  const auto questions = tasks::parse_questions(task, records);
  need(questions.size() == records.size());
  for (const litestage::Question& q : questions) {
    const auto n = static_cast<int>(q.options.size());
    const int gold = q.gold.empty() ? no_answer : option_of(q.gold[0]);
    need(q.options.size() >= task.min_options && q.options.size() <= task.max_options && !q.stem.empty() &&
         !q.id.empty());
    need(gold < n && gold >= (task.gold_required ? 0 : no_answer));
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
  for (const tasks::Task& task : tasks::tasks) {
    try {
      read_questions(task, records);
    } catch (const litestage::Error&) {
    }
  }
  try {
    read_results(records[0].value);
  } catch (const litestage::Error&) {
  }
}
