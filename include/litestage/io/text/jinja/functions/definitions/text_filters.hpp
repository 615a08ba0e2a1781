// Filters of text and numbers.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/core/text/utf8.hpp"
#include "litestage/io/text/jinja/functions/arguments.hpp"
#include "litestage/io/text/jinja/functions/filters.hpp"
#include "litestage/io/text/jinja/functions/subscripts.hpp"
#include "litestage/io/text/jinja/functions/text_operations.hpp"
#include "litestage/io/text/jinja/values/operators.hpp"
#include "litestage/io/text/jinja/values/printing.hpp"

namespace litestage::io::jinja {

namespace detail {

template <LetterCase letter_case>
[[nodiscard]] Value case_filter(const Value& value, Arguments& arguments) {
  return in_case(printed(value, arguments.state()), letter_case);
}

[[nodiscard]] inline Value replace_filter(const Value& value, Arguments& arguments) {
  const MarkedText part = printed(arguments.required(0, "old"), arguments.state());
  const MarkedText replacement = printed(arguments.required(1, "new"), arguments.state());
  const Value* count = arguments.find(2, "count");
  const std::int64_t most = count == nullptr || count->is<None>() ? -1 : arguments.integer(2, "count", -1);
  return replaced(printed(value, arguments.state()), part, replacement, most, arguments.state());
}

[[nodiscard]] inline Value default_filter(const Value& value, Arguments& arguments) {
  const Value* other = arguments.find(0, "default_value");
  const bool also_false = arguments.flag(1, "boolean", false);
  if (!value.is<Undefined>() && (!also_false || value.truth())) return value;
  return other != nullptr ? *other : Value(MarkedText());
}

[[nodiscard]] inline MarkedText blanks(std::int64_t count, RenderState& state) {
  const auto n = static_cast<std::size_t>(std::max<std::int64_t>(count, 0));
  state.count_bytes(n);
  return {std::string(n, ' '), Author::markup};
}

[[nodiscard]] inline Value indent_filter(const Value& value, Arguments& arguments) {
  const Value* width = arguments.find(0, "width");
  const MarkedText prefix = width != nullptr && width->text() != nullptr
                                ? *width->text()
                                : blanks(arguments.integer(0, "width", 4), arguments.state());
  const bool first = arguments.flag(1, "first", false), blank = arguments.flag(2, "blank", false);
  if (value.text() == nullptr) arguments.state().refuse("the filter indent", value);
  return indented(*value.text(), prefix, first, blank, arguments.state());
}

[[nodiscard]] inline Value tojson_filter(const Value& value, Arguments& arguments) {
  JsonLayout layout;
  layout.only_ascii = arguments.flag(0, "ensure_ascii", false);
  const Value* indent = arguments.find(1, "indent");
  if (indent != nullptr && indent->text() != nullptr) {
    layout.indent = indent->text()->text();
  } else if (indent != nullptr && !indent->is<None>()) {
    layout.indent = blanks(arguments.integer(1, "indent", 0), arguments.state()).text();
  }
  if (layout.indent) layout.item_separator = ",";
  const Value* separators = arguments.find(2, "separators");
  if (separators != nullptr && !separators->is<None>()) {
    const List* pair = separators->list();
    if (pair == nullptr || pair->items.size() != 2 || pair->items[0].text() == nullptr ||
        pair->items[1].text() == nullptr)
      arguments.state().fail("the argument separators of the filter tojson is no pair of strings");
    layout.item_separator = pair->items[0].text()->text();
    layout.key_separator = pair->items[1].text()->text();
  }
  layout.sort_keys = arguments.flag(3, "sort_keys", false);
  return json_text(value, layout, arguments.state());
}

// The number that a text states, as Python's int() and float() read it: white space around it does not matter.
[[nodiscard]] inline std::optional<Number> stated_number(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  const char* const end = text.data() + text.size();
  Number number;
  const auto whole = std::from_chars(text.data(), end, number.whole);
  if (whole.ec == std::errc{} && whole.ptr == end) return number;
  number.is_integer = false;
  const auto real = std::from_chars(text.data(), end, number.real);
  return real.ec == std::errc{} && real.ptr == end ? std::optional(number) : std::nullopt;
}

[[nodiscard]] inline std::optional<Number> converted(const Value& value, Arguments& arguments) {
  if (value.is<Undefined>()) arguments.state().refuse(arguments.callee(), value);
  return value.text() != nullptr ? stated_number(value.text()->text()) : number_of(value);
}

[[nodiscard]] inline Value int_filter(const Value& value, Arguments& arguments) {
  const Value* left_out = arguments.find(0, "default");
  if (arguments.integer(1, "base", 10) != 10) arguments.state().fail("the filter int supports the base 10 only");
  const std::optional<Number> number = converted(value, arguments);
  if (number && number->is_integer) return Value(number->whole);
  constexpr double limit = 9223372036854775808.0;  // 2^63
  if (number && std::fabs(number->real) < limit) return Value(static_cast<std::int64_t>(number->real));
  return left_out != nullptr ? *left_out : Value(std::int64_t{0});
}

[[nodiscard]] inline Value float_filter(const Value& value, Arguments& arguments) {
  const Value* left_out = arguments.find(0, "default");
  const std::optional<Number> number = converted(value, arguments);
  if (number) return Value(number->as_real());
  return left_out != nullptr ? *left_out : Value(0.0);
}

[[nodiscard]] inline Value abs_filter(const Value& value, Arguments& arguments) {
  const std::optional<Number> number = number_of(value);
  if (!number) arguments.state().refuse("the filter abs", value);
  if (!number->is_integer) return Value(std::fabs(number->real));
  return number->whole < 0 ? negated(value, arguments.state()) : Value(number->whole);
}

// Rounds halves to even, on the decimal digits of the exact value, as Python does.
[[nodiscard]] inline Value round_filter(const Value& value, Arguments& arguments) {
  const std::int64_t precision = arguments.integer(0, "precision", 0);
  const MarkedText* method = arguments.text(1, "method");
  const std::string_view how = method != nullptr ? std::string_view(method->text()) : "common";
  const std::optional<Number> number = number_of(value);
  if (!number) arguments.state().refuse("the filter round", value);
  if (precision < 0 || precision > 15) arguments.state().fail("the filter round supports 0 to 15 digits");
  if (how == "ceil" || how == "floor") {
    const double scale = std::pow(10.0, static_cast<double>(precision)), scaled = number->as_real() * scale;
    return Value((how == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale);
  }
  if (how != "common") arguments.state().fail("the argument method of the filter round is none of common, ceil, floor");
  if (number->is_integer || !std::isfinite(number->real)) return value;
  char digits[400];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number->real, std::chars_format::fixed,
                                 static_cast<int>(precision));
  double rounded = number->real;
  std::from_chars(digits, end.ptr, rounded);
  return Value(rounded);
}

// Python's reading of attributes by `|attr`, which does not look for entries.
[[nodiscard]] inline Value attr_filter(const Value& value, Arguments& arguments) {
  const MarkedText& name = arguments.required_text(0, "name");
  if (value.dict() != nullptr) return Value::undefined(concat("a mapping has no attribute ", in_quotes(name.text())));
  return attribute_of(value, name.text(), arguments.state());
}

inline constexpr Filter text_filters[] = {
    {"trim", [](const Value& v,
                Arguments& a) { return Value(stripped(printed(v, a.state()), a.text(0, "chars"), Side::both)); }},
    {"upper", case_filter<LetterCase::upper>},
    {"lower", case_filter<LetterCase::lower>},
    {"title", case_filter<LetterCase::word_beginnings>},
    {"capitalize", case_filter<LetterCase::capitalized>},
    {"replace", replace_filter},
    {"string", [](const Value& v, Arguments& a) { return Value(printed(v, a.state())); }},
    {"safe", [](const Value& v, Arguments& a) { return Value(printed(v, a.state())); }},
    {"default", default_filter},
    {"d", default_filter},
    {"indent", indent_filter},
    {"tojson", tojson_filter},
    {"int", int_filter},
    {"float", float_filter},
    {"abs", abs_filter},
    {"round", round_filter},
    {"attr", attr_filter},
};

}  // namespace detail

LITESTAGE_INLINE const Filter* text_filter(std::string_view name) {
  return entry_named(detail::text_filters, name);
}

}  // namespace litestage::io::jinja
