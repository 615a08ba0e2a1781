// Reads runs of digits as numbers.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/text/lower_ascii.hpp"
#include "litestage/tasks/reading/plain_text.hpp"
#include "litestage/tasks/reading/rational.hpp"
#include "litestage/tasks/reading/written_numbers.hpp"

namespace litestage::tasks {

namespace detail {

class NumberScanner {
 public:
  NumberScanner(std::string_view text, bool stated) : text_(text), stated_(stated) {}

  [[nodiscard]] std::vector<WrittenNumber> scan() {
    for (std::size_t i = 0; i < text_.size();) {
      const bool begins = is_digit(at(i)) || (at(i) == '.' && is_digit(at(i + 1)) && at(i - 1) != '.');
      i = begins ? number(i) : i + 1;
    }
    return std::move(found_);
  }

 private:
  [[nodiscard]] char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
  [[nodiscard]] std::string_view part(std::size_t begin, std::size_t end) const {
    return text_.substr(begin, end - begin);
  }
  [[nodiscard]] std::size_t after_spaces(std::size_t i) const {
    while (at(i) == ' ') ++i;
    return i;
  }
  [[nodiscard]] std::size_t word_end(std::size_t i) const {
    while (i < text_.size() && is_word_byte(text_[i])) ++i;
    return i;
  }
  [[nodiscard]] std::string word_at(std::size_t i) const { return lower_ascii(part(i, word_end(i))); }

  // Digits with separators: "1,080.50", "12:30". A separator belongs to them if a digit follows.
  [[nodiscard]] std::size_t digits_end(std::size_t i) const {
    while (is_digit(at(i)) || ((at(i) == ',' || at(i) == '.' || at(i) == ':') && is_digit(at(i + 1)))) ++i;
    return i;
  }

  // The value of digits with separators.
  [[nodiscard]] static std::optional<Rational> grouped(std::string_view digits) {
    const std::size_t point = std::min(digits.find('.'), digits.size());
    std::string_view whole = digits.substr(0, point);
    std::string plain;
    if (whole.find(',') != std::string_view::npos) {
      const std::size_t head = whole.find(',');
      if (head == 0 || head > 3 || whole[0] == '0' || (whole.size() - head) % 4 != 0) return std::nullopt;
      for (std::size_t i = 0; i < whole.size(); ++i) {
        const bool comma = i >= head && (i - head) % 4 == 0;
        if (comma != (whole[i] == ',')) return std::nullopt;
        if (!comma) plain += whole[i];
      }
      plain += digits.substr(point);
    } else {
      plain = digits;
    }
    const std::size_t fraction = plain.find('.');
    if (plain.find_first_not_of("0123456789.") != std::string::npos) return std::nullopt;
    if (fraction != std::string::npos && plain.find('.', fraction + 1) != std::string::npos) return std::nullopt;
    return decimal(plain);
  }

  // Reads the number whose digits begin at `begin`, and returns where to go on.
  std::size_t number(std::size_t begin) {
    std::size_t end = digits_end(begin);
    if (in_name(begin)) return std::max(end, word_end(begin));
    WrittenNumber n;
    n.value = grouped(part(begin, end));
    const bool whole = part(begin, end).find_first_of(".,:") == std::string_view::npos;
    fraction(n, end, whole);
    n.begin = begin;
    const bool money = sign(n);
    if (suffix(n, end, money)) return end;
    n.end = end;
    percent(n);
    const bool item = whole && begins_item(begin, end) && !(stated_ && found_.empty());
    if (!item && !labelled(n.begin)) found_.push_back(n);
    return std::max(n.end, end);
  }

  // Whether the digits are part of a name or unit: a letter stands before them, directly, with a hyphen or underscore,
  // or with the sign of a power ("m^2").
  [[nodiscard]] bool in_name(std::size_t begin) const {
    if (begin == 0) return false;
    const char before = at(begin - 1);
    if (is_word_byte(before)) return true;
    if (before == '^') {
      std::size_t base = begin - 1;
      while (base > 0 && begin - base < 4 && at(base - 1) == ' ') --base;
      return base > 0 && is_word_byte(at(base - 1)) && !is_digit(at(base - 1));
    }
    return (before == '-' || before == '_') && begin > 1 && is_word_byte(at(begin - 2)) && !is_digit(at(begin - 2));
  }

  // "3/4", and "2 3/4" after a whole number.
  void fraction(WrittenNumber& n, std::size_t& end, bool whole) const {
    if (at(end) == '/' && is_digit(at(end + 1))) {
      const std::size_t bottom = end + 1;
      end = digits_end(bottom);
      const std::optional<Rational> divisor = grouped(part(bottom, end));
      n.value = n.value && divisor ? quotient(*n.value, *divisor) : std::nullopt;
      if (at(end) != '/' || !is_digit(at(end + 1))) return;
      n.value.reset();  // a date
      while (at(end) == '/' && is_digit(at(end + 1))) end = digits_end(end + 1);
      return;
    }
    const std::size_t top = after_spaces(end), middle = digits_end(top);
    if (!whole || top == end || middle == top || at(middle) != '/' || !is_digit(at(middle + 1))) return;
    const std::size_t last = digits_end(middle + 1);
    const std::optional<Rational> above = grouped(part(top, middle)), below = grouped(part(middle + 1, last));
    const std::optional<Rational> share = above && below ? quotient(*above, *below) : std::nullopt;
    end = last;
    const bool proper = share && share->numerator < share->denominator && at(end) != '/';
    n.value = n.value && proper ? sum(*n.value, *share) : std::nullopt;
  }

  // Takes in the signs before the digits: "-5", "$5", "-$5", "$-5", "$ 5", "negative 5". Returns whether one is a
  // currency sign. A minus sign after an operand is an operator.
  bool sign(WrittenNumber& n) const {
    std::size_t i = n.begin;
    bool money = false, minus = false;
    const auto take_minus = [&] {
      if (i == 0 || (at(i - 1) != '-' && at(i - 1) != '+') || minus) return;
      std::size_t before = i - 1;
      while (before > 0 && at(before - 1) == ' ') --before;
      const char operand = before == 0 ? '\n' : at(before - 1);
      const bool spaced = before < i - 1;
      if (is_digit(operand) || operand == ')' || operand == '%' || (!spaced && is_word_byte(operand))) return;
      minus = at(i - 1) == '-';
      --i;
    };
    take_minus();
    std::size_t before = i;
    while (before > 0 && at(before - 1) == ' ' && i - before < 2) --before;
    if (before > 0 && at(before - 1) == '$') {
      money = true;
      i = before - 1;
      take_minus();
    }
    if (const std::size_t word = minus_word(i); word < i) {
      minus = true;
      i = word;
    }
    n.begin = i;
    if (minus && n.value) n.value->numerator = -n.value->numerator;
    return money;
  }

  // The word that ends before `i`, in lower case, or the end of a longer one. `i` becomes its begin.
  [[nodiscard]] std::string last_word(std::size_t& i) const {
    while (i > 0 && at(i - 1) == ' ') --i;
    const std::size_t end = i;
    while (i > 0 && end - i < 10 && is_ascii_letter(at(i - 1))) --i;
    return lower_ascii(part(i, end));
  }

  // Where the word "negative" or "minus" begins that makes the number at `i` negative; `i` if there is none. "minus" is
  // an operator except at the beginning and after a verb.
  [[nodiscard]] std::size_t minus_word(std::size_t i) const {
    std::size_t begin = i;
    const std::string word = last_word(begin);
    if (word == "negative") return begin;
    if (word != "minus") return i;
    std::size_t before = begin;
    const std::string verb = last_word(before);
    if (verb == "is" || verb == "be" || verb == "was" || verb == "equals") return begin;
    const char operand = at(before - 1);
    return verb.empty() && !is_digit(operand) && operand != '%' && operand != ')' ? begin : i;
  }

  // What is written directly after the digits. Returns true if it makes them no number.
  bool suffix(WrittenNumber& n, std::size_t& end, bool money) const {
    if (!is_word_byte(at(end))) {
      scale(n, end);
      return false;
    }
    const std::string unit = word_at(end);
    if (unit == "st" || unit == "nd" || unit == "rd" || unit == "th" || unit == "x" || unit == "y" || unit == "z") {
      end += unit.size();
      return true;
    }
    if (unit == "k" || (money && unit == "m")) {
      n.value = money && n.value ? product(*n.value, {unit == "k" ? 1000 : 1'000'000, 1}) : std::nullopt;
      end += 1;
    } else if (unit.size() > 1 && unit[0] == 'e' && is_digit(unit[1])) {
      n.value.reset();
      end += unit.size();
    } else {
      scale(n, end);
    }
    return false;
  }

  void scale(WrittenNumber& n, std::size_t& end) const {
    constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> words = {{{"hundred", 100},
                                                                                 {"thousand", 1000},
                                                                                 {"million", 1'000'000},
                                                                                 {"billion", 1'000'000'000},
                                                                                 {"trillion", 1'000'000'000'000}}};
    const std::size_t begin = after_spaces(end);
    const std::string word = word_at(begin);
    for (const auto& [name, factor] : words) {
      if (word != name) continue;
      n.value = n.value ? product(*n.value, {factor, 1}) : std::nullopt;
      end = begin + word.size();
    }
  }

  void percent(WrittenNumber& n) const {
    const std::size_t begin = after_spaces(n.end);
    const std::string word = word_at(begin);
    if (at(begin) == '%') {
      n.end = begin + 1;
    } else if (word == "percent") {
      n.end = begin + word.size();
    } else if (word == "per" && word_at(after_spaces(begin + 3)) == "cent") {
      n.end = after_spaces(begin + 3) + 4;
    } else {
      return;
    }
    n.percent = true;
  }

  // Whether a whole number is that of a list's item: "3. Add", "3) Add" at the beginning of a line.
  [[nodiscard]] bool begins_item(std::size_t begin, std::size_t end) const {
    if (end - begin > 2 || (at(end) != '.' && at(end) != ')') || at(end + 1) != ' ') return false;
    const char next = at(after_spaces(end + 1));
    if (next == '\0') return !found_.empty();  // an item that was cut off: "...\n4. **"
    if (next == '\n') return false;
    while (begin > 0 && (at(begin - 1) == ' ' || at(begin - 1) == '#')) --begin;
    return begin == 0 || at(begin - 1) == '\n';
  }

  // Whether the number is a label: "Step 3".
  [[nodiscard]] bool labelled(std::size_t begin) const {
    constexpr std::array<std::string_view, 7> words = {"step",    "question", "problem", "part",
                                                       "example", "equation", "case"};
    if (begin == 0 || at(begin - 1) != ' ') return false;
    std::size_t word = begin - 1;
    while (word > 0 && begin - word < 12 && is_word_byte(at(word - 1))) --word;
    const std::string name = lower_ascii(part(word, begin - 1));
    return std::find(words.begin(), words.end(), name) != words.end();
  }

  std::string_view text_;
  bool stated_;
  std::vector<WrittenNumber> found_;
};

}  // namespace detail

LITESTAGE_INLINE std::vector<WrittenNumber> written_numbers(std::string_view text, bool stated) {
  return detail::NumberScanner(text, stated).scan();
}

}  // namespace litestage::tasks
