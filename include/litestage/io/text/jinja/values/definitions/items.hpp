// Items, lengths and slices.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/text/jinja/values/characters.hpp"
#include "litestage/io/text/jinja/values/items.hpp"
#include "litestage/io/text/jinja/values/operators.hpp"
#include "litestage/io/text/jinja/values/printing.hpp"
#include "litestage/io/text/jinja/values/render_state.hpp"

namespace litestage::io::jinja {

LITESTAGE_INLINE Values items_of(const Value& value, std::string_view operation, RenderState& state) {
  Values items;
  if (const MarkedText* text = value.text()) {
    state.count_bytes(text->size() * sizeof(Value));
    const std::vector<std::size_t> starts = character_starts(text->text());
    for (std::size_t i = 0; i + 1 < starts.size(); ++i)
      items.emplace_back(text->part(starts[i], starts[i + 1] - starts[i]));
  } else if (const List* list = value.list()) {
    if (list->is_spent) return items;
    list->is_spent = list->kind == ListKind::generator;
    state.count_bytes(list->items.size() * sizeof(Value));
    items = list->items;
  } else if (const Dict* dict = value.dict()) {
    state.count_bytes(dict->entries.size() * sizeof(Value));
    for (const auto& entry : dict->entries) items.push_back(entry.first);
  } else if (!value.is<Undefined>()) {
    state.refuse(operation, value);
  }
  state.count_steps(items.size() / 16);
  return items;
}

LITESTAGE_INLINE bool has_items(const Value& value) {
  return value.text() != nullptr || value.list() != nullptr || value.dict() != nullptr || value.is<Undefined>();
}

LITESTAGE_INLINE std::optional<std::int64_t> length_of(const Value& value, RenderState& state) {
  if (const MarkedText* text = value.text()) {
    state.count_bytes(text->size());
    return static_cast<std::int64_t>(character_count(text->text()));
  }
  if (const List* list = value.list()) {
    if (list->kind == ListKind::generator) return std::nullopt;
    return static_cast<std::int64_t>(list->items.size());
  }
  if (const Dict* dict = value.dict()) return static_cast<std::int64_t>(dict->entries.size());
  if (value.is<Undefined>()) return 0;
  return std::nullopt;
}

namespace detail {

// Python's index of a sequence: negative ones count from its end. Nothing if it is outside.
[[nodiscard]] inline std::optional<std::size_t> position_of(std::int64_t index, std::size_t size) {
  const auto n = static_cast<std::int64_t>(size);
  if (index < -n || index >= n) return std::nullopt;
  return static_cast<std::size_t>(index < 0 ? index + n : index);
}

[[nodiscard]] inline Value no_item(const Value& value, const Value& key, RenderState& state) {
  return Value::undefined(concat(value.kind(), " has no item ", shown(represented(key, state).text())));
}

[[nodiscard]] inline std::optional<std::int64_t> bound_of(const Value& bound, RenderState& state) {
  if (bound.is<None>()) return std::nullopt;
  const std::optional<Number> number = number_of(bound);
  if (!number || !number->is_integer) state.refuse("a slice's bound", bound);
  return number->whole;
}

// The positions that begin:end:step selects of a sequence of this size: `first`, first + by, ... up to but without
// `last`.
struct Slice {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t by = 1;
};
[[nodiscard]] inline Slice made_slice(const Value& begin, const Value& end, const Value& step, std::int64_t size,
                                      RenderState& state) {
  const std::int64_t by = bound_of(step, state).value_or(1);
  if (by == 0) state.fail("the step of a slice is 0, expected another integer");
  const std::int64_t low = by < 0 ? -1 : 0, high = by < 0 ? size - 1 : size;
  const auto clamped = [&](std::optional<std::int64_t> bound, std::int64_t left_out) {
    if (!bound) return left_out;
    return std::clamp(*bound < 0 ? *bound + size : *bound, low, high);
  };
  return {.first = clamped(bound_of(begin, state), by < 0 ? high : low),
          .last = clamped(bound_of(end, state), by < 0 ? low : high),
          .by = by};
}

template <class Use>
void for_each_position(const Slice& slice, Use use) {
  for (std::int64_t at = slice.first; slice.by < 0 ? at > slice.last : at < slice.last;) {
    use(static_cast<std::size_t>(at));
    if (__builtin_add_overflow(at, slice.by, &at)) return;
  }
}

[[nodiscard]] inline MarkedText slice_of_text(const MarkedText& text, const Slice& slice, RenderState& state) {
  if (slice.by == 1) {
    const std::size_t begin = character_start(text.text(), static_cast<std::size_t>(slice.first));
    const std::size_t end = character_start(text.text(), static_cast<std::size_t>(slice.last));
    return slice.first < slice.last ? text.part(begin, end - begin) : MarkedText();
  }
  state.count_bytes(text.size() * sizeof(std::size_t));
  const std::vector<std::size_t> starts = character_starts(text.text());
  MarkedText part;
  for_each_position(slice, [&](std::size_t at) { part.append(text, starts[at], starts[at + 1] - starts[at]); });
  return part;
}

}  // namespace detail

LITESTAGE_INLINE Value item_at(const Value& value, const Value& key, RenderState& state) {
  state.count_steps();
  if (const Dict* dict = value.dict()) {
    state.count_steps(dict->entries.size() / 8);
    const auto found = std::find_if(dict->entries.begin(), dict->entries.end(),
                                    [&](const auto& entry) { return equal(entry.first, key, state); });
    return found != dict->entries.end() ? found->second : detail::no_item(value, key, state);
  }
  const std::optional<Number> number = number_of(key);
  if (!number || !number->is_integer) return detail::no_item(value, key, state);
  if (const MarkedText* text = value.text()) {
    state.count_bytes(text->size());
    const auto at = detail::position_of(number->whole, character_count(text->text()));
    if (!at) return detail::no_item(value, key, state);
    const std::size_t begin = character_start(text->text(), *at);
    return text->part(begin, first_character(std::string_view(text->text()).substr(begin)).length);
  }
  const List* list = value.list();
  if (list == nullptr || list->kind > ListKind::range) return detail::no_item(value, key, state);
  const auto at = detail::position_of(number->whole, list->items.size());
  return at ? list->items[*at] : detail::no_item(value, key, state);
}

LITESTAGE_INLINE Value slice_of(const Value& value, const Value& begin, const Value& end, const Value& step,
                                RenderState& state) {
  if (const MarkedText* text = value.text()) {
    state.count_bytes(2 * text->size());
    const auto size = static_cast<std::int64_t>(character_count(text->text()));
    return detail::slice_of_text(*text, detail::made_slice(begin, end, step, size, state), state);
  }
  const List* list = value.list();
  if (list == nullptr || list->kind > ListKind::range) state.refuse("a slice", value);
  const auto size = static_cast<std::int64_t>(list->items.size());
  const detail::Slice slice = detail::made_slice(begin, end, step, size, state);
  Values items;
  detail::for_each_position(slice, [&](std::size_t at) { items.push_back(list->items[at]); });
  return state.list(std::move(items), list->kind);
}

}  // namespace litestage::io::jinja
