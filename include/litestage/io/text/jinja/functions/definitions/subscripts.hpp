// Looking up of attributes and items.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/text/jinja/functions/methods.hpp"
#include "litestage/io/text/jinja/functions/subscripts.hpp"
#include "litestage/io/text/jinja/values/items.hpp"
#include "litestage/io/text/jinja/values/loop.hpp"

namespace litestage::io::jinja {

namespace detail {

// A method, or the attribute of a namespace or a loop; an undefined value if there is none.
[[nodiscard]] inline Value own_attribute(const Value& value, std::string_view name, RenderState& state) {
  if (has_method(value, name)) return state.method(value, name);
  if (const auto* space = std::get_if<Namespace*>(&value.variant())) {
    const auto found = (*space)->values.find(std::string(name));
    if (found != (*space)->values.end()) return found->second;
  }
  if (const auto* held = std::get_if<LoopReference>(&value.variant())) return held->loop->attribute(name);
  constexpr std::string_view changing[] = {"append", "extend", "insert",  "pop",        "remove", "clear",
                                           "update", "sort",   "reverse", "setdefault", "popitem"};
  const bool changes = (value.list() != nullptr || value.dict() != nullptr) &&
                       std::find(std::begin(changing), std::end(changing), name) != std::end(changing);
  return Value::undefined(concat(value.kind(), " has no attribute ", in_quotes(name),
                                 changes ? " (templates must not change values)" : ""));
}

}  // namespace detail

LITESTAGE_INLINE Value attribute_of(const Value& value, std::string_view name, RenderState& state) {
  if (value.is<Undefined>()) state.refuse(concat("the attribute ", shown(name)), value);
  if (const Dict* dict = value.dict(); dict != nullptr && !has_method(value, name)) {
    state.count_steps(dict->entries.size() / 8);
    if (const Value* found = dict->find(name)) return *found;
  }
  return detail::own_attribute(value, name, state);
}

LITESTAGE_INLINE Value subscript_of(const Value& value, const Value& key, RenderState& state) {
  if (value.is<Undefined>()) state.refuse("an item", value);
  Value item = item_at(value, key, state);
  if (!item.is<Undefined>() || key.text() == nullptr) return item;
  return detail::own_attribute(value, key.text()->text(), state);
}

LITESTAGE_INLINE Value along_path(const Value& value, const Value& path, RenderState& state) {
  if (path.text() == nullptr) return subscript_of(value, path, state);
  Value found = value;
  for (std::string_view rest = path.text()->text();;) {
    const std::size_t dot = rest.find('.');
    const std::string_view part = rest.substr(0, dot);
    std::int64_t index = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
    const bool is_index = error == std::errc{} && end == part.data() + part.size() && part.front() != '-';
    found = subscript_of(found, is_index ? Value(index) : Value::markup(part), state);
    if (dot == std::string_view::npos) return found;
    rest.remove_prefix(dot + 1);
  }
}

}  // namespace litestage::io::jinja
