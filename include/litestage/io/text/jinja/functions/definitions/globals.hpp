// What the functions do.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/text/jinja/functions/arguments.hpp"
#include "litestage/io/text/jinja/functions/globals.hpp"
#include "litestage/io/text/jinja/values/printing.hpp"

namespace litestage::io::jinja {

namespace detail {

inline constexpr std::array<std::string_view, 5> function_names = {"range", "namespace", "dict", "raise_exception",
                                                                   "strftime_now"};

[[nodiscard]] inline Value made_range(Arguments& arguments) {
  const bool has_begin = arguments.find(1, "stop") != nullptr;
  const std::int64_t begin = has_begin ? arguments.integer(0, "start", 0) : 0;
  const std::int64_t end = arguments.integer(has_begin ? 1 : 0, has_begin ? "stop" : "start", 0);
  const std::int64_t step = arguments.integer(2, "step", 1);
  static_cast<void>(arguments.required(0, "start"));
  if (step == 0) arguments.state().fail("the step of range is 0, expected another integer");
  Values items;
  for (std::int64_t at = begin; step < 0 ? at > end : at < end;) {
    if (static_cast<std::int64_t>(items.size()) == max_range)
      arguments.state().fail(concat("a range has more than ", max_range, " items, expected fewer"));
    items.emplace_back(at);
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  return arguments.state().list(std::move(items), ListKind::range);
}

// Entries of mappings given by position, then the named arguments.
[[nodiscard]] inline DictEntries merged_entries(Arguments& arguments) {
  DictEntries entries;
  for (const Value& source : arguments.rest(0)) {
    if (source.dict() == nullptr) arguments.state().refuse(arguments.callee(), source);
    entries.insert(entries.end(), source.dict()->entries.begin(), source.dict()->entries.end());
  }
  for (auto& [name, value] : arguments.take_named()) entries.emplace_back(Value::markup(name), std::move(value));
  return entries;
}

[[nodiscard]] inline Value made_namespace(Arguments& arguments) {
  Namespace* space = arguments.state().make_namespace();
  for (const auto& [name, value] : merged_entries(arguments)) {
    if (name.text() == nullptr) arguments.state().refuse("the name of a value in a namespace", name);
    arguments.state().count_bytes(name.text()->size() + sizeof(Value));
    space->values.insert_or_assign(name.text()->text(), value);
  }
  return Value(space);
}

}  // namespace detail

LITESTAGE_INLINE Value function_named(std::string_view name) {
  const auto found = std::find(detail::function_names.begin(), detail::function_names.end(), name);
  if (found == detail::function_names.end()) return Value::undefined(concat(in_quotes(name), " is undefined"));
  return Value(static_cast<Function>(found - detail::function_names.begin()));
}

LITESTAGE_INLINE std::string_view name_of(Function function) {
  return detail::function_names[static_cast<std::size_t>(function)];
}

LITESTAGE_INLINE Value call_function(Function function, Arguments& arguments) {
  RenderState& state = arguments.state();
  Value result;
  switch (function) {
    case Function::range:
      result = detail::made_range(arguments);
      break;
    case Function::make_namespace:
      result = detail::made_namespace(arguments);
      break;
    case Function::dict:
      result = state.dict(detail::merged_entries(arguments));
      break;
    case Function::raise_exception: {
      const MarkedText message = printed(arguments.required(0, "message"), state);
      state.fail(concat("the template refuses the conversation: ", in_quotes(message.text(), 400)));
    }
    case Function::strftime_now: {
      const MarkedText& format = arguments.required_text(0, "format");
      result = MarkedText(fixed_date(format.text(), state), format.author());
      break;
    }
  }
  arguments.refuse_unused();
  return result;
}

LITESTAGE_INLINE std::string fixed_date(std::string_view format, RenderState& state) {
  struct Part {
    std::string_view letter, text;
  };
  constexpr Part parts[] = {{"a", "Fri"},      {"A", "Friday"}, {"b", "Jul"}, {"B", "July"},       {"d", "26"},
                            {"-d", "26"},      {"e", "26"},     {"m", "07"},  {"-m", "7"},         {"y", "24"},
                            {"Y", "2024"},     {"H", "00"},     {"-H", "0"},  {"I", "12"},         {"-I", "12"},
                            {"M", "00"},       {"-M", "0"},     {"S", "00"},  {"-S", "0"},         {"p", "AM"},
                            {"j", "208"},      {"w", "5"},      {"u", "5"},   {"F", "2024-07-26"}, {"T", "00:00:00"},
                            {"D", "07/26/24"}, {"z", ""},       {"Z", ""},    {"%", "%"}};
  std::string date;
  for (std::size_t at = 0; at < format.size(); ++at) {
    if (format[at] != '%') {
      date += format[at];
      continue;
    }
    const std::string_view rest = format.substr(at + 1);
    const auto* const part =
        std::find_if(std::begin(parts), std::end(parts), [&](const Part& p) { return rest.starts_with(p.letter); });
    if (part == std::end(parts))
      state.fail(concat("strftime_now is given ", in_quotes(format), ", whose ", in_quotes(format.substr(at, 2)),
                        " is not supported"));
    date += part->text;
    at += part->letter.size();
  }
  return date;
}

}  // namespace litestage::io::jinja
