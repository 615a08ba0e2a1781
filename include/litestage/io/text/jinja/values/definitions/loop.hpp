// Moving through a loop, and its attributes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "litestage/core/error.hpp"
#include "litestage/io/text/jinja/values/loop.hpp"
#include "litestage/io/text/jinja/values/value.hpp"

namespace litestage::io::jinja {

LITESTAGE_INLINE bool Loop::move_on() {
  const Value* next = peek();
  previous_ = std::move(current_);
  current_.reset();
  if (next == nullptr) return false;
  current_ = *next;
  ++ahead_read_;
  if (has_begun_) ++index0_;
  has_begun_ = true;
  return true;
}

LITESTAGE_INLINE const Value* Loop::peek() {
  if (ahead_read_ < ahead_.size()) return &ahead_[ahead_read_];
  ahead_.clear();
  ahead_read_ = 0;
  while (next_ < items_.size()) {
    const Value& item = items_[next_++];
    if (condition_ && !condition_(item)) continue;
    ahead_.push_back(item);
    return &ahead_.back();
  }
  return nullptr;
}

LITESTAGE_INLINE std::size_t Loop::length() {
  while (next_ < items_.size()) {
    const Value& item = items_[next_++];
    if (!condition_ || condition_(item)) ahead_.push_back(item);
  }
  return index0_ + 1 + (ahead_.size() - ahead_read_);
}

LITESTAGE_INLINE Value Loop::attribute(std::string_view name) {
  const auto number = [](std::size_t n) { return Value(static_cast<std::int64_t>(n)); };
  if (name == "index") return number(index0_ + 1);
  if (name == "index0") return number(index0_);
  if (name == "first") return Value(index0_ == 0);
  if (name == "last") return Value(peek() == nullptr);
  if (name == "length") return number(length());
  if (name == "revindex") return number(length() - index0_);
  if (name == "revindex0") return number(length() - index0_ - 1);
  if (name == "depth") return number(1);
  if (name == "depth0") return number(0);
  if (name == "previtem") return previous_ ? *previous_ : Value::undefined("there is no previous item");
  if (name == "nextitem") {
    const Value* next = peek();
    return next != nullptr ? *next : Value::undefined("there is no next item");
  }
  return Value::undefined(concat("'LoopContext' has no attribute '", name, "'"));
}

}  // namespace litestage::io::jinja
