// Truth, kind and depth of values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "litestage/io/text/jinja/values/marked_text.hpp"
#include "litestage/io/text/jinja/values/value.hpp"

namespace litestage::io::jinja {

LITESTAGE_INLINE Value::Value(MarkedText text) : variant_(std::make_shared<const MarkedText>(std::move(text))) {}

LITESTAGE_INLINE Value Value::markup(std::string_view text) {
  return MarkedText(text, Author::markup);
}

LITESTAGE_INLINE Value Value::undefined(std::string what) {
  return Value(Undefined{std::make_shared<const std::string>(std::move(what))});
}

LITESTAGE_INLINE bool Value::truth() const {
  if (const MarkedText* held = text()) return !held->empty();
  if (const Dict* held = dict()) return !held->entries.empty();
  if (const List* held = list()) return held->kind == ListKind::generator || !held->items.empty();
  if (const bool* held = std::get_if<bool>(&variant_)) return *held;
  if (const std::int64_t* held = std::get_if<std::int64_t>(&variant_)) return *held != 0;
  if (const double* held = std::get_if<double>(&variant_)) return *held != 0;
  return !is<Undefined>() && !is<None>();
}

LITESTAGE_INLINE std::string_view Value::kind() const {
  constexpr std::string_view names[] = {"an undefined value", "none",    "a boolean", "an integer",  "a number",
                                        "a string",           "a list",  "a mapping", "a namespace", "a loop",
                                        "a method",           "a macro", "a function"};
  static_assert(std::size(names) == std::variant_size_v<Variant>);
  if (const List* held = list()) {
    constexpr std::string_view lists[] = {"a list", "a tuple", "a range", "a view of a mapping", "a generator"};
    return lists[static_cast<std::size_t>(held->kind)];
  }
  return names[variant_.index()];
}

LITESTAGE_INLINE int Value::depth() const {
  if (const List* held = list()) return held->depth;
  if (const Dict* held = dict()) return held->depth;
  if (const auto* held = std::get_if<LoopReference>(&variant_)) return held->depth;
  if (const auto* held = std::get_if<std::shared_ptr<const BoundMethod>>(&variant_)) return (*held)->self.depth() + 1;
  return 0;
}

LITESTAGE_INLINE const Value* Dict::find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    const MarkedText* text = name.text();
    if (text != nullptr && text->text() == key) return &value;
  }
  return nullptr;
}

}  // namespace litestage::io::jinja
