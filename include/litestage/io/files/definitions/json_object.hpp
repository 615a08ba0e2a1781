// Reads members of objects of JSON files.
#pragma once

#include <climits>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/files/json_object.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::io {

LITESTAGE_INLINE JsonObject::JsonObject(const Form& form, std::string source, std::string prefix)
    : form_(&form), source_(std::move(source)), prefix_(std::move(prefix)) {
  const std::string what = prefix_.empty() ? source_ : concat(source_, ": key ", prefix_.substr(0, prefix_.size() - 1));
  static_cast<void>(form.map(what));
}

LITESTAGE_INLINE std::string JsonObject::name(std::string_view key) const {
  return concat(source_, ": key ", prefix_, shown(key));
}

LITESTAGE_INLINE const Form* JsonObject::find(std::string_view key) {
  read_.emplace(key);
  const Form* found = form_->find(key);
  return found == nullptr || found->is_null() ? nullptr : found;
}

LITESTAGE_INLINE const Form& JsonObject::get(std::string_view key) {
  if (const Form* found = find(key)) return *found;
  throw Error(concat(name(key), " is missing"));
}

LITESTAGE_INLINE JsonObject JsonObject::object(std::string_view key) {
  return {get(key), source_, concat(prefix_, key, ".")};
}

LITESTAGE_INLINE bool JsonObject::boolean(std::string_view key, bool otherwise) {
  const Form* found = find(key);
  return found == nullptr ? otherwise : found->boolean(name(key));
}

LITESTAGE_INLINE std::optional<double> JsonObject::number(std::string_view key) {
  const Form* found = find(key);
  if (found == nullptr) return std::nullopt;
  return found->number(name(key));
}

LITESTAGE_INLINE std::optional<std::string> JsonObject::string(std::string_view key) {
  const Form* found = find(key);
  if (found == nullptr) return std::nullopt;
  return found->string(name(key));
}

LITESTAGE_INLINE std::optional<int> JsonObject::size(std::string_view key) {
  const Form* found = find(key);
  if (found == nullptr) return std::nullopt;
  const std::int64_t value = found->integer(name(key));
  if (value >= 1 && value <= INT_MAX) return static_cast<int>(value);
  throw Error(concat(name(key), " is ", value, ", expected 1 to ", INT_MAX));
}

LITESTAGE_INLINE int JsonObject::required_size(std::string_view key) {
  if (const std::optional<int> found = size(key)) return *found;
  throw Error(concat(name(key), " is missing"));
}

LITESTAGE_INLINE void JsonObject::expect(std::string_view key, bool value) {
  if (boolean(key, value) == value) return;
  throw Error(concat(name(key), " is ", value ? "false" : "true", ", expected ", value ? "true" : "false"));
}

LITESTAGE_INLINE void JsonObject::pass_over(std::span<const std::string_view> keys) {
  for (const std::string_view key : keys) read_.emplace(key);
}

LITESTAGE_INLINE void JsonObject::refuse_the_rest() const {
  for (const auto& [key, value] : form_->map(source_)) {
    if (!value.is_null() && !read_.contains(key)) throw Error(concat(name(key), " is not supported"));
  }
}

}  // namespace litestage::io
