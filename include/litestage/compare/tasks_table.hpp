// Prints a table with one line per method and, for each task, its accuracy and speed-up.
#pragma once

#include <cmath>
#include <cstddef>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "litestage/compare/comparison.hpp"
#include "litestage/core/error.hpp"
#include "litestage/evaluate/text_table.hpp"

namespace litestage::compare {

// The comparison of one task. It outlives this object.
struct TaskComparison {
  std::string task;
  const Comparison* comparison = nullptr;
};

namespace detail {

struct TaskScore {
  std::optional<double> accuracy, speed_up;
};

[[nodiscard]] inline TaskScore task_score(const Comparison& c, const std::string& method) {
  for (const Method& m : c.methods) {
    if (m.name != method || !m.missing.empty()) continue;
    const ComparisonRow row = compare_to(c.methods[0], m, c.questions);
    TaskScore score;
    if (row.accuracy.trials > 0) score.accuracy = row.accuracy.value;
    if (row.speed.speed_up) score.speed_up = row.speed.speed_up->value;
    return score;
  }
  return {};
}

// The mean over all tasks, or nothing if a task lacks the number: means over different sets of tasks would mislead.
[[nodiscard]] inline TaskScore mean_score(const std::vector<TaskScore>& scores) {
  double right = 0, logs = 0;
  bool all_right = true, all_timed = true;
  for (const TaskScore& s : scores) {
    all_right = all_right && s.accuracy;
    all_timed = all_timed && s.speed_up;
    right += s.accuracy.value_or(0);
    logs += std::log(s.speed_up.value_or(1));
  }
  const auto n = static_cast<double>(scores.size());
  TaskScore mean;
  if (all_right) mean.accuracy = right / n;
  if (all_timed) mean.speed_up = std::exp(logs / n);
  return mean;
}

[[nodiscard]] inline std::vector<std::string> task_names(std::span<const TaskComparison> compared) {
  std::vector<std::string> names;
  for (const TaskComparison& t : compared) names.push_back(concat(t.task, " (", t.comparison->questions.size(), ")"));
  names.emplace_back("mean");
  return names;
}

}  // namespace detail

// Prints the methods in the order of the first task.
inline void print_tasks(std::ostream& out, std::span<const TaskComparison> compared,
                        evaluate::TableStyle style = evaluate::TableStyle::plain) {
  LITESTAGE_ASSERT(!compared.empty());
  std::vector<evaluate::TextTable::Column> columns = {{"method", evaluate::Align::left}};
  for (const std::string& name : detail::task_names(compared)) {
    columns.push_back({concat(name, " %")});
    columns.push_back({"speed-up"});
  }
  evaluate::TextTable table(columns);
  for (const Method& m : compared[0].comparison->methods) {
    std::vector<detail::TaskScore> scores;
    for (const TaskComparison& t : compared) scores.push_back(detail::task_score(*t.comparison, m.name));
    scores.push_back(detail::mean_score(scores));
    std::vector<std::string> cells = {m.name};
    for (const detail::TaskScore& s : scores) {
      cells.push_back(s.accuracy ? evaluate::fixed(100 * *s.accuracy, 1) : "-");
      cells.push_back(s.speed_up ? evaluate::fixed(*s.speed_up, 2) : "-");
    }
    table.add(std::move(cells));
  }
  const bool markdown = style == evaluate::TableStyle::markdown;
  out << (markdown ? "# " : "") << "All tasks\n" << (markdown ? "\n" : "");
  table.print(out, style);
  out << (markdown ? "\n" : "")
      << "Accuracy in per cent (of so many questions), and speed-up against full depth on the timed ones. Mean: of "
         "the\n"
         "accuracies, and the geometric one of the speed-ups; each task counts the same.\n\n";
}

}  // namespace litestage::compare
