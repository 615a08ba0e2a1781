// Several runs side by side, for a terminal or as Markdown.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/evaluate/results.hpp"

namespace litestage::evaluate {

struct Row {
  std::string method;
  Summary summary;
};

[[nodiscard]] inline Row make_row(const Results& results) {
  return {results.info.method, summarize(results.answers)};
}

enum class TableStyle { plain, markdown };

namespace detail {

[[nodiscard]] inline std::string fixed(double value, int digits) {
  char text[64];
  const int length = std::snprintf(text, sizeof text, "%.*f", digits, value);
  return length > 0 && length < static_cast<int>(sizeof text) ? std::string(text) : "?";
}

// "recall 12 / analyze 20.5": mean over questions of the distinct sub-layers skipped; "0" where nothing was.
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
          concat(s.questions),
          fixed(s.seconds, 1),
          concat(s.tokens),
          fixed(s.tokens_per_s, 1),
          fixed(s.seconds_per_question, 2),
          fixed(s.tokens_per_question, 1),
          skipped_text(s)};
}

// A method's name comes from the user: in Markdown it must not end its cell or its row.
[[nodiscard]] inline std::string escaped(std::string_view text, TableStyle style) {
  std::string out;
  for (const char c : text) {
    if (style == TableStyle::markdown && c == '|') out += '\\';
    out += c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
  }
  return out;
}

inline constexpr std::array<std::string_view, 10> table_head = {
    "method", "accuracy %", "95 % interval", "questions",       "seconds",
    "tokens", "tokens/s",   "s/question",    "tokens/question", "sub-layers skipped"};

// The first and the last column are text.
[[nodiscard]] constexpr bool set_left(std::size_t column) {
  return column == 0 || column + 1 == table_head.size();
}

inline void print_line(std::ostream& out, const std::vector<std::string>& line, const std::vector<std::size_t>& width,
                       TableStyle style) {
  const bool markdown = style == TableStyle::markdown;
  std::string text = markdown ? "| " : "";
  for (std::size_t c = 0; c < line.size(); ++c) {
    const std::string pad(width[c] - line[c].size(), ' ');
    if (c > 0) text += markdown ? " | " : "  ";
    text += set_left(c) ? line[c] + pad : pad + line[c];
  }
  if (markdown) text += " |";
  text.erase(text.find_last_not_of(' ') + 1);
  out << text << '\n';
}

}  // namespace detail

// Time, tokens and tokens/s are always shown together (see Summary). Text is set left, numbers right.
inline void print_table(std::ostream& out, std::span<const Row> rows, TableStyle style = TableStyle::plain) {
  std::vector<std::vector<std::string>> lines = {{detail::table_head.begin(), detail::table_head.end()}};
  for (const Row& row : rows) lines.push_back(detail::cells(row));
  std::vector<std::size_t> width(lines[0].size(), 3);  // 3: the shortest Markdown rule
  for (auto& line : lines) {
    for (std::size_t c = 0; c < line.size(); ++c) {
      line[c] = detail::escaped(line[c], style);
      width[c] = std::max(width[c], line[c].size());
    }
  }
  std::vector<std::string> rule;
  for (std::size_t c = 0; c < width.size(); ++c) {
    rule.push_back(std::string(width[c], '-'));
    if (style == TableStyle::markdown && !detail::set_left(c)) rule.back().back() = ':';
  }
  lines.insert(lines.begin() + 1, std::move(rule));
  for (const auto& line : lines) detail::print_line(out, line, width, style);
}

}  // namespace litestage::evaluate
