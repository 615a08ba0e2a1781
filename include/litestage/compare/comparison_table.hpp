// Prints a comparison as three tables with one line per method, since one table with all columns would have twenty.
#pragma once

#include <cstddef>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "litestage/compare/comparison.hpp"
#include "litestage/evaluate/text_table.hpp"

namespace litestage::compare {

namespace detail {

// Formats a p-value without an exponent such as "1.0e-05".
[[nodiscard]] inline std::string p_text(double p) {
  return p < 0.001 ? "< 0.001" : evaluate::fixed(p, 3);
}
[[nodiscard]] inline std::string signed_points(double difference) {
  const std::string text = evaluate::fixed(100 * difference, 1);
  return difference > 0 ? "+" + text : text == "-0.0" ? "0.0" : text;
}
[[nodiscard]] inline std::string interval(double low, double high, int digits) {
  return concat(evaluate::fixed(low, digits), " to ", evaluate::fixed(high, digits));
}
// Example: "12.0 / 80.5 / 3.2", one number per stage.
[[nodiscard]] inline std::string by_stage(const ComparisonRow& row, double StageMeans::*of, int digits) {
  std::string text;
  for (const StageMeans& s : row.stages) text += concat(text.empty() ? "" : " / ", evaluate::fixed(s.*of, digits));
  return text.empty() ? "-" : text;
}
// Example: "stop_string 75, cap 25", in per cent of all branches.
[[nodiscard]] inline std::string stops_text(const StopCounts& stops) {
  int all = 0;
  for (const int n : stops) all += n;
  std::string text;
  for (std::size_t r = 0; r < stops.size(); ++r) {
    if (stops[r] == 0) continue;
    text +=
        concat(text.empty() ? "" : ", ", enum_names<StopReason>[r], " ", evaluate::fixed(100.0 * stops[r] / all, 0));
  }
  return text.empty() ? "-" : text;
}

[[nodiscard]] inline std::vector<std::string> answer_cells(const Method& m, const ComparisonRow& row, bool reference) {
  const bool scored = row.accuracy.trials > 0, compared = scored && !reference;
  const evaluate::PairedDifference& d = row.difference;
  return {m.name,
          scored ? evaluate::fixed(100 * row.accuracy.value, 1) : "-",
          scored ? interval(100 * row.accuracy.low, 100 * row.accuracy.high, 1) : "-",
          compared ? signed_points(d.value) : "-",
          compared ? concat(signed_points(d.low), " to ", signed_points(d.high)) : "-",
          compared ? p_text(d.p_value) : "-",
          reference ? "-" : evaluate::fixed(100 * row.agreement.value, 1),
          concat(row.silent)};
}

[[nodiscard]] inline std::vector<std::string> speed_cells(const Method& m, const Speed& s, bool reference) {
  const auto ratio = [](const std::optional<evaluate::Ratio>& r) {
    return r ? evaluate::fixed(r->value, 2) : std::string("-");
  };
  return {m.name,
          evaluate::fixed(s.seconds, 3),
          ratio(s.speed_up),
          s.speed_up && !reference && s.questions > 1 ? interval(s.speed_up->low, s.speed_up->high, 2) : "-",
          ratio(s.fewer_tokens),
          s.faster_token > 0 ? evaluate::fixed(s.faster_token, 2) : "-",
          evaluate::fixed(s.tokens, 1),
          s.ms_per_token > 0 ? evaluate::fixed(s.ms_per_token, 2) : "-"};
}

[[nodiscard]] inline std::vector<std::string> work_cells(const Method& m, const ComparisonRow& row) {
  const std::string setting = m.same_as.empty() ? m.setting : concat("as ", m.same_as);
  return {m.name,
          evaluate::fixed(row.tokens, 1),
          by_stage(row, &StageMeans::generated_tokens, 1),
          by_stage(row, &StageMeans::sublayers_skipped, 0),
          evaluate::fixed(row.skipped, 1),
          stops_text(row.stops),
          setting.empty() ? "-" : setting};
}

inline void print_note(std::ostream& out, evaluate::TableStyle style, const std::string& text) {
  out << (style == evaluate::TableStyle::markdown ? "\n" : "") << text << "\n\n";
}
inline void print_heading(std::ostream& out, evaluate::TableStyle style, const std::string& text) {
  out << (style == evaluate::TableStyle::markdown ? "## " : "") << text << "\n"
      << (style == evaluate::TableStyle::markdown ? "\n" : "");
}

// Lists the stages of the reference. Other methods list theirs only if they differ.
[[nodiscard]] inline std::string stage_list(const ComparisonRow& reference) {
  std::string text;
  for (const StageMeans& s : reference.stages) text += concat(text.empty() ? "" : " / ", s.name);
  return text;
}

using Rows = std::vector<std::pair<const Method*, ComparisonRow>>;

inline void print_answers(std::ostream& out, const Rows& rows, std::size_t questions, evaluate::TableStyle style) {
  evaluate::TextTable table({{"method", evaluate::Align::left},
                             {"accuracy %"},
                             {"95 % interval"},
                             {"difference"},
                             {"95 % interval"},
                             {"p"},
                             {"agreement %"},
                             {"no answer"}});
  for (const auto& [method, row] : rows) table.add(answer_cells(*method, row, method == rows[0].first));
  print_heading(out, style, "Answers");
  table.print(out, style);
  print_note(out, style,
             concat(questions, " questions. Difference: points of accuracy to ", rows[0].first->name,
                    " on the same questions; p: exact McNemar test, for one row\n"
                    "alone. Agreement: the answer is that of ",
                    rows[0].first->name, "."));
}

inline void print_speeds(std::ostream& out, const Rows& rows, evaluate::TableStyle style) {
  evaluate::TextTable table({{"method", evaluate::Align::left},
                             {"s/question"},
                             {"speed-up"},
                             {"95 % interval"},
                             {"= fewer tokens"},
                             {"x faster token"},
                             {"tokens/question"},
                             {"ms/token"}});
  const std::size_t questions = rows[0].second.speed.questions;
  for (const auto& [method, row] : rows) {
    if (row.speed.questions > 0) table.add(speed_cells(*method, row.speed, method == rows[0].first));
  }
  print_heading(out, style, "Time");
  table.print(out, style);
  print_note(out, style,
             concat("One question at a time, the first ", questions,
                    ", the methods in turn on each. Speed-up: the product of how many times fewer\ntokens and how many "
                    "times less time for each; prefills count, so that few tokens are slow tokens.",
                    questions < evaluate::enough_questions ? concat("\nWith fewer than ", evaluate::enough_questions,
                                                                    " questions the intervals are too narrow.")
                                                           : std::string()));
}

inline void print_work(std::ostream& out, const Rows& rows, evaluate::TableStyle style) {
  evaluate::TextTable table({{"method", evaluate::Align::left},
                             {"tokens"},
                             {"by stage"},
                             {"skipped"},
                             {"mean"},
                             {"ended by, %", evaluate::Align::left},
                             {"setting", evaluate::Align::left}});
  for (const auto& [method, row] : rows) {
    if (!row.stages.empty()) table.add(work_cells(*method, row));
  }
  print_heading(out, style, "Work");
  table.print(out, style);
  print_note(
      out, style,
      concat("Means of a question. By stage: ", stage_list(rows[0].second),
             ". Skipped: distinct sub-layers in each stage; mean: of all tokens\nthat were forwarded, of which those "
             "that branches share count once. Ended by: of all branches."));
}

// Prints the methods that were not run, grouped by reason, and the warnings.
inline void print_remarks(std::ostream& out, const Comparison& comparison, evaluate::TableStyle style) {
  std::vector<std::pair<std::string, std::string>> reasons;  // reason, names of methods
  for (const Method& m : comparison.methods) {
    if (m.missing.empty()) continue;
    std::size_t r = 0;
    while (r < reasons.size() && reasons[r].first != m.missing) ++r;
    if (r == reasons.size()) reasons.emplace_back(m.missing, "");
    reasons[r].second += concat(reasons[r].second.empty() ? "" : "; ", m.name);
  }
  const char* const item = style == evaluate::TableStyle::markdown ? "- " : "";
  for (const auto& [reason, names] : reasons) out << item << "not run: " << names << ": " << reason << '\n';
  for (const std::string& warning : comparison.warnings) out << item << "warning: " << warning << '\n';
  if (!reasons.empty() || !comparison.warnings.empty()) out << '\n';
}

}  // namespace detail

inline void print_comparison(std::ostream& out, const Comparison& comparison,
                             evaluate::TableStyle style = evaluate::TableStyle::plain) {
  detail::Rows rows;
  for (const Method& m : comparison.methods) {
    if (m.missing.empty()) rows.emplace_back(&m, compare_to(comparison.methods[0], m, comparison.questions));
  }
  LITESTAGE_ASSERT(!rows.empty() && rows[0].first == comparison.methods.data(), "no reference");
  detail::print_answers(out, rows, comparison.questions.size(), style);
  if (rows[0].second.speed.questions > 0) detail::print_speeds(out, rows, style);
  detail::print_work(out, rows, style);
  detail::print_remarks(out, comparison, style);
}

}  // namespace litestage::compare
