// Errors with their place, limits, and the making of large values.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "litestage/core/error.hpp"
#include "litestage/io/text/jinja/values/operators.hpp"
#include "litestage/io/text/jinja/values/render_state.hpp"
#include "litestage/io/text/jinja/values/value.hpp"

namespace litestage::io::jinja {

LITESTAGE_INLINE void fail_at(std::string_view name, int line, std::string_view what) {
  throw Error(concat(name, ", line ", line, ": ", what));
}

LITESTAGE_INLINE void RenderState::refuse(std::string_view operation, const Value& value) const {
  if (const auto* undefined = std::get_if<Undefined>(&value.variant()))
    fail(concat(operation, " needs a value, but ", undefined->what ? *undefined->what : "it is undefined"));
  fail(concat(operation, " does not take ", value.kind()));
}

LITESTAGE_INLINE void RenderState::fail_of_steps() const {
  fail(concat("the template takes more than ", limits_.steps, " steps, expected one that ends"));
}
LITESTAGE_INLINE void RenderState::fail_of_bytes() const {
  fail(concat("the template's texts and lists take more than ", limits_.bytes, " bytes together, expected fewer"));
}
LITESTAGE_INLINE void RenderState::fail_of_output() const {
  fail(concat("the template writes more than ", limits_.output_bytes, " bytes, expected fewer"));
}
LITESTAGE_INLINE void RenderState::fail_of_depth() const {
  fail(concat("the template nests or calls itself more than ", limits_.depth, " deep, expected fewer levels"));
}

LITESTAGE_INLINE int RenderState::depth_around(int inner) const {
  if (inner >= max_value_depth)
    fail(concat("lists and mappings are nested more than ", max_value_depth, " deep, expected fewer levels"));
  return inner + 1;
}

LITESTAGE_INLINE Value RenderState::text(MarkedText text) {
  count_bytes(text.size());
  return text;
}

LITESTAGE_INLINE Value RenderState::list(Values items, ListKind kind) {
  count_bytes(items.size() * sizeof(Value));
  int deepest = 0;
  for (const Value& item : items) deepest = std::max(deepest, item.depth());
  return Value(
      std::make_shared<const List>(List{.kind = kind, .items = std::move(items), .depth = depth_around(deepest)}));
}

LITESTAGE_INLINE Value RenderState::dict(DictEntries entries) {
  count_bytes(entries.size() * sizeof(DictEntries::value_type));
  Dict made;
  int deepest = 0;
  for (DictEntries::value_type& added : entries) {
    const Value& key = added.first;
    if (key.is<Undefined>() || key.depth() != 0 || key.is<Namespace*>()) refuse("a key of a mapping", key);
    deepest = std::max(deepest, added.second.depth());
    count_steps(made.entries.size() / 8 + 1);
    const auto same = std::find_if(made.entries.begin(), made.entries.end(),
                                   [&](const auto& entry) { return equal(entry.first, key, *this); });
    if (same == made.entries.end()) {
      made.entries.push_back(std::move(added));
    } else {
      same->second = std::move(added.second);
    }
  }
  made.depth = depth_around(deepest);
  return Value(std::make_shared<const Dict>(std::move(made)));
}

LITESTAGE_INLINE Value RenderState::method(Value self, std::string_view name) {
  static_cast<void>(depth_around(self.depth()));
  return Value(std::make_shared<const BoundMethod>(BoundMethod{.self = std::move(self), .name = std::string(name)}));
}

LITESTAGE_INLINE Namespace* RenderState::make_namespace() {
  count_bytes(sizeof(Namespace));
  namespaces_.push_back(std::make_unique<Namespace>());
  return namespaces_.back().get();
}

}  // namespace litestage::io::jinja
