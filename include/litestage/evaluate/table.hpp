// Prints several runs side by side, for a terminal or as Markdown.
#pragma once

#include <cmath>
#include <cstddef>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "litestage/evaluate/results.hpp"
#include "litestage/evaluate/text_table.hpp"

namespace litestage::evaluate {

struct Row {
  std::string method;
  Summary summary;
  std::size_t asked = 0;  // questions; more than in the summary if the run was stopped
};

[[nodiscard]] inline Row make_row(const Results& results) {
  return {results.info.method, summarize(results.answers, results.info.clock_s), results.info.asked};
}

namespace detail {

// Example: "recall 12 / analyze 20.5", the mean number of distinct sub-layers skipped per question; "0" if none was.
[[nodiscard]] inline std::string skipped_text(const Summary& summary) {
  std::string text;
  bool any = false;
  for (const StageSummary& stage : summary.stages) {
    const double n = stage.sublayers_skipped;
    any = any || n > 0;
    text += concat(text.empty() ? "" : " / ", stage.name, " ", fixed(n, n == std::floor(n) ? 0 : 1));
  }
  return any ? text : "0";
}

[[nodiscard]] inline std::vector<std::string> cells(const Row& row) {
  const Summary& s = row.summary;
  const bool scored = s.accuracy.trials != 0;
  return {row.method,
          scored ? fixed(100 * s.accuracy.value, 1) : "-",
          scored ? fixed(100 * s.accuracy.low, 1) + " to " + fixed(100 * s.accuracy.high, 1) : "-",
          row.asked > s.questions ? concat(s.questions, " of ", row.asked) : concat(s.questions),
          fixed(s.seconds, 1),
          concat(s.tokens),
          fixed(s.tokens_per_s, 1),
          fixed(s.seconds_per_question, 2),
          fixed(s.tokens_per_question, 1),
          skipped_text(s)};
}

}  // namespace detail

// Time, tokens and tokens/s are always shown together (see Summary).
inline void print_table(std::ostream& out, std::span<const Row> rows, TableStyle style = TableStyle::plain) {
  TextTable table({{"method", Align::left},
                   {"accuracy %"},
                   {"95 % interval"},
                   {"questions"},
                   {"seconds"},
                   {"tokens"},
                   {"tokens/s"},
                   {"s/question"},
                   {"tokens/question"},
                   {"sub-layers skipped", Align::left}});
  for (const Row& row : rows) table.add(detail::cells(row));
  table.print(out, style);
}

}  // namespace litestage::evaluate
