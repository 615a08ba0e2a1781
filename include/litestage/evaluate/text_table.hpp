// Rows and columns of text, for a terminal or as Markdown.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"

namespace litestage::evaluate {

enum class TableStyle {
  plain,     // a rule below the header
  bare,      // without the rule
  markdown,  // in the syntax of GitHub
};

enum class Align { left, right };

[[nodiscard]] inline std::string fixed(double value, int digits) {
  char text[384];  // 309 digits before the decimal point, and more behind it than any table prints
  const std::to_chars_result end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, digits);
  return end.ec == std::errc{} ? std::string(text, end.ptr) : "?";
}

class TextTable {
 public:
  struct Column {
    std::string head;
    Align align = Align::right;
  };

  static constexpr std::size_t longest_cell = 400;  // in bytes; a longer cell is cut

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  void add(std::vector<std::string> row) {
    LITESTAGE_ASSERT(row.size() == columns_.size(), row.size(), " cells for ", columns_.size(), " columns");
    rows_.push_back(std::move(row));
  }

  // Columns are as wide as their longest cell; a code point counts as one character.
  void print(std::ostream& out, TableStyle style = TableStyle::plain) const {
    std::vector<std::vector<std::string>> lines(1);
    for (const Column& column : columns_) lines[0].push_back(escaped(column.head, style));
    for (const auto& row : rows_) {
      lines.emplace_back();
      for (const std::string& cell : row) lines.back().push_back(escaped(cell, style));
    }
    // A Markdown rule has at least 3 characters.
    std::vector<std::size_t> width(columns_.size(), style == TableStyle::markdown ? 3 : 0);
    for (const auto& line : lines) {
      for (std::size_t c = 0; c < line.size(); ++c) width[c] = std::max(width[c], places(line[c]));
    }
    if (style != TableStyle::bare) lines.insert(lines.begin() + 1, rule(width, style));
    for (const auto& line : lines) print_line(out, line, width, style);
  }

 private:
  [[nodiscard]] static std::size_t places(std::string_view text) {  // counts the bytes that start a code point
    return std::count_if(text.begin(), text.end(),
                         [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  }
  // Names come from outside the program: they must not end their cell or row, or reach the terminal as control codes.
  [[nodiscard]] static std::string escaped(std::string_view text, TableStyle style) {
    const std::string cell = shown(text, longest_cell);
    if (style != TableStyle::markdown) return cell;
    std::string out;
    for (const char c : cell) {
      if (c == '|' || c == '\\') out += '\\';
      out += c;
    }
    return out;
  }
  [[nodiscard]] std::vector<std::string> rule(const std::vector<std::size_t>& width, TableStyle style) const {
    std::vector<std::string> line;
    for (std::size_t c = 0; c < width.size(); ++c) {
      line.emplace_back(width[c], '-');
      if (style == TableStyle::markdown && columns_[c].align == Align::right) line.back().back() = ':';
    }
    return line;
  }
  void print_line(std::ostream& out, const std::vector<std::string>& line, const std::vector<std::size_t>& width,
                  TableStyle style) const {
    const bool markdown = style == TableStyle::markdown;
    std::string text = markdown ? "| " : "";
    for (std::size_t c = 0; c < line.size(); ++c) {
      const std::string pad(width[c] - places(line[c]), ' ');
      if (c > 0) text += markdown ? " | " : "  ";
      text += columns_[c].align == Align::left ? line[c] + pad : pad + line[c];
    }
    if (markdown) text += " |";
    text.erase(text.find_last_not_of(' ') + 1);
    out << text << '\n';
  }

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace litestage::evaluate
