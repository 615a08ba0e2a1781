// Rewrites the marks around numbers to plain ASCII.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "litestage/tasks/reading/number_text.hpp"
#include "litestage/tasks/reading/plain_text.hpp"

namespace litestage::tasks {

namespace detail {

struct Replacement {
  std::string_view from, to;
};

inline constexpr std::array<Replacement, 35> number_signs = {{
    {"\u2212", "-"},    {"\u2010", "-"},    {"\u2011", "-"},    {"\u2012", "-"},    {"\u2013", "-"},
    {"\uFE63", "-"},    {"\uFF0D", "-"},    {"\u2014", " ; "},  {"\u00D7", " * "},  {"\u00B7", " * "},
    {"\u22C5", " * "},  {"\u2217", " * "},  {"\u00F7", " / "},  {"\u2044", "/"},    {"\u2248", " = "},
    {"\u20AC", "$"},    {"\u00A3", "$"},    {"\u00A5", "$"},    {"\u20B9", "$"},    {"\u00A0", " "},
    {"\u2009", ","},    {"\u202F", ","},    {"\u00BD", " 1/2"}, {"\u00BC", " 1/4"}, {"\u00BE", " 3/4"},
    {"\u2153", " 1/3"}, {"\u2154", " 2/3"}, {"\u215B", " 1/8"}, {"\u215C", " 3/8"}, {"\u215D", " 5/8"},
    {"\u215E", " 7/8"}, {"\u2019", "'"},    {"\u00B0", " "},    {"\u2192", " ; "},  {"\u03C0", "x"},
}};

inline constexpr std::array<Replacement, 18> number_commands = {{
    {"times", " * "},
    {"cdot", " * "},
    {"ast", " * "},
    {"div", " / "},
    {"approx", " = "},
    {"pi", "x"},
    {"sqrt", "x"},
    {"left", ""},
    {"right", ""},
    {"circ", ""},
    {"quad", " "},
    {"qquad", " "},
    {"text", " "},
    {"textbf", " "},
    {"mathbf", " "},
    {"mathrm", " "},
    {"boxed", " "},
    {"mbox", " "},
}};

class NumberText {
 public:
  explicit NumberText(std::string_view written) : rest_(written) { out_.reserve(written.size()); }

  [[nodiscard]] std::string take() {
    while (!rest_.empty()) step();
    return std::move(out_);
  }

 private:
  [[nodiscard]] char next(std::size_t i = 1) const { return i < rest_.size() ? rest_[i] : '\0'; }
  [[nodiscard]] char last() const { return out_.empty() ? '\n' : out_.back(); }
  void put(std::string_view text, std::size_t taken) {
    out_ += text;
    rest_.remove_prefix(taken);
  }

  void step() {
    const char c = rest_.front();
    if (!is_ascii(c)) return sign();
    if (c == '\\') return command();
    if (c == '*') return star();
    if (c == '<' && next() == '<') return annotation();
    if (rest_.substr(0, 3) == "{,}") return put(",", 3);
    if ((c == 'x' || c == 'X') && is_digit(last()) && is_digit(next())) return put(" * ", 1);
    if (c == '^' && (rest_.substr(1, 5) == "\\circ" || rest_.substr(1, 6) == "{\\circ")) return put(" ", 1);
    if (c == '`' || c == '~') return put("", 1);
    if (c == '{' || c == '}' || c == '&' || c == '<' || c == '>' || c == '\t' || c == '\r') return put(" ", 1);
    put(rest_.substr(0, 1), 1);
  }

  void sign() {
    for (const Replacement& r : number_signs) {
      if (rest_.substr(0, r.from.size()) == r.from) return put(r.to, r.from.size());
    }
    put(rest_.substr(0, 1), 1);
  }

  // Two or more stars are bold, but a power between digits; a single one is a product between two operands.
  void star() {
    const std::size_t n = std::min(rest_.find_first_not_of('*'), rest_.size());
    const char before = last(), after = next(n);
    const auto operand = [](char x) {
      return is_word_byte(x) || x == '(' || x == ')' || x == '$' || x == '%' || x == '.';
    };
    if (n == 2 && is_digit(before) && is_digit(after)) return put("^", n);
    const bool apart = before == ' ' && after == ' ' && !begins_line();
    put(n == 1 && (apart || (operand(before) && operand(after))) ? "*" : "", n);
  }

  // Whether only a few spaces stand on the line so far, as before the star of a list.
  [[nodiscard]] bool begins_line() const {
    std::size_t i = out_.size();
    while (i > 0 && out_.size() - i < 8 && out_[i - 1] == ' ') --i;
    return i == 0 || out_[i - 1] == '\n';
  }

  void annotation() {
    constexpr std::size_t longest = 100;
    const std::string_view near = rest_.substr(0, longest);
    const std::size_t end = near.find(">>");
    if (end == std::string_view::npos || near.find('\n') < end) return put(" ", 2);
    put("", end + 2);
  }

  void command() {
    std::size_t n = 1;
    while (n < rest_.size() && is_ascii_letter(rest_[n])) ++n;
    if (n == 1) return escaped();
    const std::string_view name = rest_.substr(1, n - 1);
    if (name.size() >= 4 && name.size() <= 5 && name.substr(name.size() - 4) == "frac") return fraction(n);
    for (const Replacement& r : number_commands) {
      if (name == r.from) return put(r.to, name == "sqrt" && next(n) == '{' ? n + 1 : n);
    }
    put(" ", n);
  }

  void escaped() {
    const char c = next();
    if (c == '%' || c == '$') return put(rest_.substr(1, 1), 2);
    if (c == ',' || c == '!' || c == ' ') return put(is_digit(last()) && is_digit(next(2)) && c == ',' ? "," : " ", 2);
    if (c == '\\') return put("\n", 2);
    if (c == ';' || c == ':' || c == '(' || c == ')' || c == '[' || c == ']') return put(" ", 2);
    put(" ", 1);
  }

  // The argument of a command at `begin`: the inside of braces without nested ones, or one digit.
  [[nodiscard]] std::string_view argument(std::size_t begin, std::size_t& end) const {
    end = begin + 1;
    if (begin < rest_.size() && is_digit(rest_[begin])) return rest_.substr(begin, 1);
    if (begin >= rest_.size() || rest_[begin] != '{') return {};
    const std::size_t close = rest_.find_first_of("{}", begin + 1);
    if (close == std::string_view::npos || rest_[close] != '}') return {};
    end = close + 1;
    return rest_.substr(begin + 1, close - begin - 1);
  }

  void fraction(std::size_t n) {
    std::size_t middle = 0, end = 0;
    const std::string_view top = argument(n, middle), bottom = argument(middle, end);
    const auto digits = [](std::string_view text) {
      return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c); });
    };
    if (!digits(top) || !digits(bottom)) return put(" x", n);  // its value is not read
    if (is_digit(last())) out_ += ' ';
    out_.append(top).append("/").append(bottom);
    rest_.remove_prefix(end);
  }

  std::string_view rest_;
  std::string out_;
};

}  // namespace detail

LITESTAGE_INLINE std::string plain_numbers(std::string_view written) {
  return detail::NumberText(written).take();
}

}  // namespace litestage::tasks
