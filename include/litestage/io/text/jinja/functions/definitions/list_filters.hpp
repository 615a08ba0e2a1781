// Filters of lists and mappings.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/io/text/jinja/functions/arguments.hpp"
#include "litestage/io/text/jinja/functions/filters.hpp"
#include "litestage/io/text/jinja/functions/subscripts.hpp"
#include "litestage/io/text/jinja/functions/text_operations.hpp"
#include "litestage/io/text/jinja/functions/value_tests.hpp"
#include "litestage/io/text/jinja/values/items.hpp"
#include "litestage/io/text/jinja/values/operators.hpp"
#include "litestage/io/text/jinja/values/printing.hpp"

namespace litestage::io::jinja {

namespace detail {

[[nodiscard]] inline Value length_filter(const Value& value, Arguments& arguments) {
  const std::optional<std::int64_t> length = length_of(value, arguments.state());
  if (!length) arguments.state().refuse(arguments.callee(), value);
  return Value(*length);
}

[[nodiscard]] inline Value end_filter(const Value& value, Arguments& arguments, bool last) {
  const List* list = value.list();
  if (last && list != nullptr && list->kind == ListKind::generator) arguments.state().refuse("the filter last", value);
  const Values items = items_of(value, arguments.callee(), arguments.state());
  if (items.empty()) return Value::undefined("there is no item in an empty sequence");
  return last ? items.back() : items.front();
}

// What a filter with an argument `attribute` looks at: the item, or what the path leads to.
[[nodiscard]] inline Value looked_at(const Value& item, const Value* path, Arguments& arguments) {
  return path == nullptr || path->is<None>() ? item : along_path(item, *path, arguments.state());
}

[[nodiscard]] inline Value join_filter(const Value& value, Arguments& arguments) {
  const Value* between = arguments.find(0, "d");
  const Value* path = arguments.find(1, "attribute");
  const MarkedText separator = between != nullptr ? printed(*between, arguments.state()) : MarkedText();
  MarkedText joined;
  bool is_first = true;
  for (const Value& item : items_of(value, arguments.callee(), arguments.state())) {
    const MarkedText text = printed(looked_at(item, path, arguments), arguments.state());
    arguments.state().count_bytes(text.size() + separator.size());
    if (!std::exchange(is_first, false)) joined.append(separator);
    joined.append(text);
  }
  return joined;
}

[[nodiscard]] inline Value list_filter_items(const Value& value, Arguments& arguments) {
  return arguments.state().list(items_of(value, arguments.callee(), arguments.state()));
}

// The name of a filter or test that is given as an argument, then its own arguments.
[[nodiscard]] inline Arguments forwarded(Arguments& arguments, std::string_view kind, std::string_view name,
                                         const Values& positional, const Arguments::Named& named) {
  return {concat("the ", kind, " ", name), positional, named, arguments.state()};
}

// The items of filters that take any false value, such as none, for an empty list, as Jinja's do.
[[nodiscard]] inline Values items_if_true(const Value& value, Arguments& arguments) {
  return value.truth() ? items_of(value, arguments.callee(), arguments.state()) : Values();
}

[[nodiscard]] inline Value map_filter(const Value& value, Arguments& arguments) {
  const Values items = items_if_true(value, arguments);
  Values results;
  const Value* name = arguments.find(0, "filter");
  if (name == nullptr) {
    const Value path = arguments.required(1, "attribute");
    const Value* left_out = arguments.find(2, "default");
    for (const Value& item : items) {
      Value found = along_path(item, path, arguments.state());
      results.push_back(found.is<Undefined>() && left_out != nullptr ? *left_out : std::move(found));
    }
  } else {
    if (name->text() == nullptr) arguments.state().refuse("the name of a filter in map", *name);
    const std::string filter = name->text()->text();
    const Values positional = arguments.rest(1);
    const Arguments::Named named = arguments.take_named();
    for (const Value& item : items) {
      arguments.state().count_steps();
      Arguments own = forwarded(arguments, "filter", filter, positional, named);
      results.push_back(apply_filter(filter, item, own));
    }
  }
  return arguments.state().list(std::move(results), ListKind::generator);
}

// select, reject, selectattr, rejectattr: the items that pass a test, or that are true, or the others.
template <bool keeps, bool by_attribute>
[[nodiscard]] Value select_filter(const Value& value, Arguments& arguments) {
  const Values items = items_if_true(value, arguments);
  const Value path = by_attribute ? arguments.required(0, "attribute") : Value();
  constexpr std::size_t name_at = by_attribute ? 1 : 0;
  const Value* name = arguments.find(name_at, "test");
  if (name != nullptr && name->text() == nullptr) arguments.state().refuse("the name of a test", *name);
  const std::string test = name != nullptr ? name->text()->text() : std::string();
  const Values positional = arguments.rest(name_at + 1);
  const Arguments::Named named = arguments.take_named();
  Values selected;
  for (const Value& item : items) {
    arguments.state().count_steps();
    const Value subject = by_attribute ? along_path(item, path, arguments.state()) : item;
    Arguments own = forwarded(arguments, "test", test, positional, named);
    const bool passes = name != nullptr ? apply_test(test, subject, own) : subject.truth();
    if (passes == keeps) selected.push_back(item);
  }
  return arguments.state().list(std::move(selected), ListKind::generator);
}

// Items with what they are compared by.
struct Keyed {
  Value key;
  Value item;
};
[[nodiscard]] inline std::vector<Keyed> keyed_items(const Value& value, const Value* path, bool case_sensitive,
                                                    Arguments& arguments) {
  std::vector<Keyed> keyed;
  for (const Value& item : items_of(value, arguments.callee(), arguments.state())) {
    Value key = looked_at(item, path, arguments);
    if (!case_sensitive && key.text() != nullptr) key = in_case(*key.text(), LetterCase::lower);
    keyed.push_back({std::move(key), item});
  }
  return keyed;
}

// Keeps the order of equal items, even in reverse.
[[nodiscard]] inline Values sorted(std::vector<Keyed> keyed, bool reverse, RenderState& state) {
  std::stable_sort(keyed.begin(), keyed.end(), [&](const Keyed& a, const Keyed& b) {
    return reverse ? less(b.key, a.key, state) : less(a.key, b.key, state);
  });
  Values items;
  for (Keyed& one : keyed) items.push_back(std::move(one.item));
  return items;
}

[[nodiscard]] inline Value sort_filter(const Value& value, Arguments& arguments) {
  const bool reverse = arguments.flag(0, "reverse", false), case_sensitive = arguments.flag(1, "case_sensitive", false);
  std::vector<Keyed> keyed = keyed_items(value, arguments.find(2, "attribute"), case_sensitive, arguments);
  return arguments.state().list(sorted(std::move(keyed), reverse, arguments.state()));
}

[[nodiscard]] inline Value dictsort_filter(const Value& value, Arguments& arguments) {
  const bool case_sensitive = arguments.flag(0, "case_sensitive", false);
  const MarkedText* by = arguments.text(1, "by");
  const bool reverse = arguments.flag(2, "reverse", false);
  if (value.dict() == nullptr) arguments.state().refuse("the filter dictsort", value);
  const bool by_value = by != nullptr && by->text() == "value";
  std::vector<Keyed> keyed;
  for (const auto& [key, entry] : value.dict()->entries) {
    Value compared = by_value ? entry : key;
    if (!case_sensitive && compared.text() != nullptr) compared = in_case(*compared.text(), LetterCase::lower);
    keyed.push_back({std::move(compared), arguments.state().list({key, entry}, ListKind::tuple)});
  }
  return arguments.state().list(sorted(std::move(keyed), reverse, arguments.state()));
}

[[nodiscard]] inline Value unique_filter(const Value& value, Arguments& arguments) {
  const bool case_sensitive = arguments.flag(0, "case_sensitive", false);
  std::vector<Keyed> kept;
  for (Keyed& one : keyed_items(value, arguments.find(1, "attribute"), case_sensitive, arguments)) {
    const bool is_known =
        std::any_of(kept.begin(), kept.end(), [&](const Keyed& k) { return equal(k.key, one.key, arguments.state()); });
    if (!is_known) kept.push_back(std::move(one));
  }
  Values items;
  for (Keyed& one : kept) items.push_back(std::move(one.item));
  return arguments.state().list(std::move(items), ListKind::generator);
}

template <bool largest>
[[nodiscard]] Value extreme_filter(const Value& value, Arguments& arguments) {
  const bool case_sensitive = arguments.flag(0, "case_sensitive", false);
  std::vector<Keyed> keyed = keyed_items(value, arguments.find(1, "attribute"), case_sensitive, arguments);
  if (keyed.empty()) return Value::undefined("there is no item in an empty sequence");
  const Keyed* best = &keyed.front();
  for (const Keyed& one : keyed) {
    const bool is_better =
        largest ? less(best->key, one.key, arguments.state()) : less(one.key, best->key, arguments.state());
    if (is_better) best = &one;
  }
  return best->item;
}

[[nodiscard]] inline Value sum_filter(const Value& value, Arguments& arguments) {
  const Value* path = arguments.find(0, "attribute");
  const Value* start = arguments.find(1, "start");
  Value sum = start != nullptr ? *start : Value(std::int64_t{0});
  for (const Value& item : items_of(value, arguments.callee(), arguments.state()))
    sum = apply(Operator::add, sum, looked_at(item, path, arguments), arguments.state());
  return sum;
}

[[nodiscard]] inline Value reverse_filter(const Value& value, Arguments& arguments) {
  RenderState& state = arguments.state();
  if (value.text() != nullptr) return slice_of(value, Value::none(), Value::none(), Value(std::int64_t{-1}), state);
  const bool becomes_list = value.list() != nullptr && value.list()->kind == ListKind::generator;
  Values items = items_of(value, arguments.callee(), state);
  std::reverse(items.begin(), items.end());
  return state.list(std::move(items), becomes_list ? ListKind::list : ListKind::generator);
}

[[nodiscard]] inline Value items_filter(const Value& value, Arguments& arguments) {
  Values items;
  if (!value.is<Undefined>()) {
    if (value.dict() == nullptr) arguments.state().refuse("the filter items", value);
    for (const auto& [key, entry] : value.dict()->entries)
      items.push_back(arguments.state().list({key, entry}, ListKind::tuple));
  }
  return arguments.state().list(std::move(items), ListKind::generator);
}

[[nodiscard]] inline Value batch_filter(const Value& value, Arguments& arguments) {
  const std::int64_t size = arguments.integer(0, "linecount", 0);
  const Value* filling = arguments.find(1, "fill_with");
  if (size < 1 || size > max_range) arguments.state().fail(concat("the filter batch takes sizes of 1 to ", max_range));
  Values batches, batch;
  for (const Value& item : items_of(value, arguments.callee(), arguments.state())) {
    if (batch.size() == static_cast<std::size_t>(size))
      batches.push_back(arguments.state().list(std::exchange(batch, {})));
    batch.push_back(item);
  }
  if (!batch.empty() && filling != nullptr && !filling->is<None>())
    batch.resize(static_cast<std::size_t>(size), *filling);
  if (!batch.empty()) batches.push_back(arguments.state().list(std::move(batch)));
  return arguments.state().list(std::move(batches), ListKind::generator);
}

inline constexpr Filter list_filters[] = {
    {"length", length_filter},
    {"count", length_filter},
    {"first", [](const Value& v, Arguments& a) { return end_filter(v, a, false); }},
    {"last", [](const Value& v, Arguments& a) { return end_filter(v, a, true); }},
    {"join", join_filter},
    {"list", list_filter_items},
    {"map", map_filter},
    {"select", select_filter<true, false>},
    {"reject", select_filter<false, false>},
    {"selectattr", select_filter<true, true>},
    {"rejectattr", select_filter<false, true>},
    {"sort", sort_filter},
    {"dictsort", dictsort_filter},
    {"unique", unique_filter},
    {"min", extreme_filter<false>},
    {"max", extreme_filter<true>},
    {"sum", sum_filter},
    {"reverse", reverse_filter},
    {"items", items_filter},
    {"batch", batch_filter},
};

}  // namespace detail

LITESTAGE_INLINE const Filter* list_filter(std::string_view name) {
  return entry_named(detail::list_filters, name);
}

}  // namespace litestage::io::jinja
