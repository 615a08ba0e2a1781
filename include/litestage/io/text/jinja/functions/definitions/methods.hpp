// The tables of methods.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <variant>

#include "litestage/core/error.hpp"
#include "litestage/io/text/jinja/functions/arguments.hpp"
#include "litestage/io/text/jinja/functions/methods.hpp"
#include "litestage/io/text/jinja/functions/text_operations.hpp"
#include "litestage/io/text/jinja/values/characters.hpp"
#include "litestage/io/text/jinja/values/items.hpp"
#include "litestage/io/text/jinja/values/loop.hpp"
#include "litestage/io/text/jinja/values/operators.hpp"

namespace litestage::io::jinja {

namespace detail {

struct Method {
  std::string_view name;
  Value (*call)(const Value& self, Arguments& arguments);
};

[[nodiscard]] inline Value strip_method(const Value& self, Arguments& arguments, Side side) {
  return stripped(*self.text(), arguments.text(0, "chars"), side);
}

[[nodiscard]] inline Value split_method(const Value& self, Arguments& arguments, Side from) {
  const MarkedText* separator = arguments.text(0, "sep");
  const std::int64_t most = arguments.integer(1, "maxsplit", -1);
  return arguments.state().list(split(*self.text(), separator, most, from, arguments.state()));
}

[[nodiscard]] inline Value replace_method(const Value& self, Arguments& arguments) {
  const MarkedText& part = arguments.required_text(0, "old");
  const MarkedText& replacement = arguments.required_text(1, "new");
  return replaced(*self.text(), part, replacement, arguments.integer(2, "count", -1), arguments.state());
}

// Whether the text begins or ends with the argument, or with one of a tuple.
template <bool at_beginning>
[[nodiscard]] Value begins_or_ends(const Value& self, Arguments& arguments) {
  const Value& part = arguments.required(0, "prefix");
  const std::string_view text = self.text()->text();
  const auto fits = [&](const Value& one) {
    if (one.text() == nullptr) arguments.state().refuse(arguments.callee(), one);
    return at_beginning ? text.starts_with(one.text()->text()) : text.ends_with(one.text()->text());
  };
  const List* list = part.list();
  if (list == nullptr || list->kind != ListKind::tuple) return Value(fits(part));
  return Value(std::any_of(list->items.begin(), list->items.end(), fits));
}

// Without the argument at the beginning or the end of the text.
template <bool at_beginning>
[[nodiscard]] Value without(const Value& self, Arguments& arguments) {
  const MarkedText& text = *self.text();
  const MarkedText& part = arguments.required_text(0, "prefix");
  const bool fits = at_beginning ? text.text().starts_with(part.text()) : text.text().ends_with(part.text());
  return fits ? text.part(at_beginning ? part.size() : 0, text.size() - part.size()) : text;
}

[[nodiscard]] inline Value position(const Value& self, Arguments& arguments, bool last) {
  const std::string_view text = self.text()->text(), part = arguments.required_text(0, "sub").text();
  std::size_t at = 0;
  if (last) {
    arguments.state().count_bytes(text.size() * (1 + part.size() / 64));
    at = text.rfind(part);
  } else {
    at = find_text(text, part, 0, arguments.state());
  }
  if (at == std::string_view::npos) return Value(std::int64_t{-1});
  return Value(static_cast<std::int64_t>(character_count(text.substr(0, at))));
}

[[nodiscard]] inline Value partition(const Value& self, Arguments& arguments) {
  const MarkedText& text = *self.text();
  const MarkedText& part = arguments.required_text(0, "sep");
  if (part.empty()) arguments.state().fail("the separator of partition is empty, expected characters");
  const std::size_t at = find_text(text.text(), part.text(), 0, arguments.state());
  if (at == std::string_view::npos) return arguments.state().list({text, MarkedText(), MarkedText()}, ListKind::tuple);
  const std::size_t after = at + part.size();
  return arguments.state().list({text.part(0, at), part, text.part(after, text.size() - after)}, ListKind::tuple);
}

[[nodiscard]] inline Value join_method(const Value& self, Arguments& arguments) {
  MarkedText joined;
  bool is_first = true;
  for (const Value& item : items_of(arguments.required(0, "iterable"), arguments.callee(), arguments.state())) {
    if (item.text() == nullptr) arguments.state().refuse("an item of the method join", item);
    arguments.state().count_bytes(item.text()->size() + self.text()->size());
    if (!std::exchange(is_first, false)) joined.append(*self.text());
    joined.append(*item.text());
  }
  return joined;
}

// Whether the text is not empty and all of its characters pass.
template <class Passes>
[[nodiscard]] Value all_characters(const Value& self, Passes passes) {
  std::string_view rest = self.text()->text();
  bool all = !rest.empty();
  while (all && !rest.empty()) {
    const CodePoint c = first_character(rest);
    all = passes(c.value);
    rest.remove_prefix(c.length);
  }
  return Value(all);
}

// Whether there are letters with a case, and none of the other case.
[[nodiscard]] inline Value has_one_case(const Value& self, bool upper) {
  bool found = false;
  for (std::string_view rest = self.text()->text(); !rest.empty();) {
    const CodePoint c = first_character(rest);
    rest.remove_prefix(c.length);
    if (upper ? is_lower(c.value) : is_upper(c.value)) return Value(false);
    found = found || (upper ? is_upper(c.value) : is_lower(c.value));
  }
  return Value(found);
}

[[nodiscard]] constexpr bool is_decimal(char32_t c) {
  return c >= '0' && c <= '9';
}
// A letter of those whose cases are known.
[[nodiscard]] inline bool is_letter(char32_t c) {
  return is_upper(c) || is_lower(c);
}

inline constexpr Method text_methods[] = {
    {"strip", [](const Value& s, Arguments& a) { return strip_method(s, a, Side::both); }},
    {"lstrip", [](const Value& s, Arguments& a) { return strip_method(s, a, Side::left); }},
    {"rstrip", [](const Value& s, Arguments& a) { return strip_method(s, a, Side::right); }},
    {"split", [](const Value& s, Arguments& a) { return split_method(s, a, Side::left); }},
    {"rsplit", [](const Value& s, Arguments& a) { return split_method(s, a, Side::right); }},
    {"splitlines",
     [](const Value& s, Arguments& a) {
       return a.state().list(split_lines(*s.text(), a.flag(0, "keepends", false), a.state()));
     }},
    {"partition", partition},
    {"replace", replace_method},
    {"startswith", begins_or_ends<true>},
    {"endswith", begins_or_ends<false>},
    {"removeprefix", without<true>},
    {"removesuffix", without<false>},
    {"find", [](const Value& s, Arguments& a) { return position(s, a, false); }},
    {"rfind", [](const Value& s, Arguments& a) { return position(s, a, true); }},
    {"count",
     [](const Value& s, Arguments& a) {
       return Value(occurrences(s.text()->text(), a.required_text(0, "sub").text(), a.state()));
     }},
    {"join", join_method},
    {"upper", [](const Value& s, Arguments&) { return Value(in_case(*s.text(), LetterCase::upper)); }},
    {"lower", [](const Value& s, Arguments&) { return Value(in_case(*s.text(), LetterCase::lower)); }},
    {"title", [](const Value& s, Arguments&) { return Value(in_case(*s.text(), LetterCase::title)); }},
    {"capitalize", [](const Value& s, Arguments&) { return Value(in_case(*s.text(), LetterCase::capitalized)); }},
    {"isdigit", [](const Value& s, Arguments&) { return all_characters(s, is_decimal); }},
    {"isalpha", [](const Value& s, Arguments&) { return all_characters(s, is_letter); }},
    {"isalnum", [](const Value& s,
                   Arguments&) { return all_characters(s, [](char32_t c) { return is_decimal(c) || is_letter(c); }); }},
    {"isspace", [](const Value& s, Arguments&) { return all_characters(s, is_python_space); }},
    {"isupper", [](const Value& s, Arguments&) { return has_one_case(s, true); }},
    {"islower", [](const Value& s, Arguments&) { return has_one_case(s, false); }},
};

inline constexpr Method list_methods[] = {
    {"count",
     [](const Value& s, Arguments& a) {
       const Value& item = a.required(0, "value");
       return Value(static_cast<std::int64_t>(
           std::count_if(s.list()->items.begin(), s.list()->items.end(),
                         [&](const Value& inside) { return equal(inside, item, a.state()); })));
     }},
    {"index",
     [](const Value& s, Arguments& a) {
       const Value& item = a.required(0, "value");
       const Values& items = s.list()->items;
       const auto at = std::find_if(items.begin(), items.end(),
                                    [&](const Value& inside) { return equal(inside, item, a.state()); });
       if (at == items.end()) a.state().fail("the method index does not find its argument in the list");
       return Value(static_cast<std::int64_t>(at - items.begin()));
     }},
    {"copy", [](const Value& s, Arguments&) { return s; }},
};

// The keys, the values, or pairs of both.
enum class DictPart : std::uint8_t { keys, values, items };
[[nodiscard]] inline Value dict_view(const Value& self, Arguments& arguments, DictPart part) {
  Values items;
  for (const auto& [key, value] : self.dict()->entries) {
    if (part == DictPart::items) {
      items.push_back(arguments.state().list({key, value}, ListKind::tuple));
    } else {
      items.push_back(part == DictPart::keys ? key : value);
    }
  }
  return arguments.state().list(std::move(items), ListKind::view);
}

inline constexpr Method dict_methods[] = {
    {"items", [](const Value& s, Arguments& a) { return dict_view(s, a, DictPart::items); }},
    {"keys", [](const Value& s, Arguments& a) { return dict_view(s, a, DictPart::keys); }},
    {"values", [](const Value& s, Arguments& a) { return dict_view(s, a, DictPart::values); }},
    {"get",
     [](const Value& s, Arguments& a) {
       const Value& key = a.required(0, "key");
       const Value* left_out = a.find(1, "default");
       const Value found = item_at(s, key, a.state());
       const bool is_there = !found.is<Undefined>() || contains(s, key, a.state());
       return is_there ? found : left_out != nullptr ? *left_out : Value::none();
     }},
    {"copy", [](const Value& s, Arguments&) { return s; }},
};

inline constexpr Method loop_methods[] = {
    {"cycle",
     [](const Value& s, Arguments& a) {
       const Values choices = a.rest(0);
       if (choices.empty()) a.state().fail("loop.cycle is given nothing, expected values");
       const auto& loop = std::get<LoopReference>(s.variant()).loop;
       return choices[loop->index0() % choices.size()];
     }},
};

template <std::size_t N>
[[nodiscard]] const Method* method_in(const Method (&methods)[N], std::string_view name) {
  const auto* found = std::find_if(methods, methods + N, [&](const Method& m) { return m.name == name; });
  return found != methods + N ? found : nullptr;
}

[[nodiscard]] inline const Method* method_of(const Value& self, std::string_view name) {
  if (self.text() != nullptr) return method_in(text_methods, name);
  if (self.dict() != nullptr) return method_in(dict_methods, name);
  if (self.is<LoopReference>()) return method_in(loop_methods, name);
  const List* list = self.list();
  return list != nullptr && list->kind <= ListKind::tuple ? method_in(list_methods, name) : nullptr;
}

}  // namespace detail

LITESTAGE_INLINE bool has_method(const Value& self, std::string_view name) {
  return detail::method_of(self, name) != nullptr;
}

LITESTAGE_INLINE Value call_method(const Value& self, std::string_view name, Arguments& arguments) {
  const detail::Method* method = detail::method_of(self, name);
  LITESTAGE_ASSERT(method != nullptr, name);
  Value result = method->call(self, arguments);
  arguments.refuse_unused();
  return result;
}

}  // namespace litestage::io::jinja
