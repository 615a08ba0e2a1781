// Follows JSON pointers.
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/tasks/json_pointer.hpp"

namespace litestage::tasks {

namespace detail {

// The index that a key of a pointer is for a list of `size` elements.
[[nodiscard]] inline std::optional<std::size_t> list_index(std::string_view key, std::size_t size) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  const bool whole = error == std::errc{} && end == key.data() + key.size();
  return whole && index < size ? std::optional(index) : std::nullopt;
}

}  // namespace detail

LITESTAGE_INLINE std::vector<std::string> pointer_keys(std::string_view pointer) {
  std::vector<std::string> keys;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::string_view escaped = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(escaped.size());
    std::string key;
    for (std::size_t i = 0; i < escaped.size(); ++i) {
      const bool escape =
          escaped[i] == '~' && i + 1 < escaped.size() && (escaped[i + 1] == '0' || escaped[i + 1] == '1');
      key += escape ? (escaped[i + 1] == '0' ? '~' : '/') : escaped[i];
      i += escape ? 1 : 0;
    }
    keys.push_back(std::move(key));
  }
  return keys;
}

LITESTAGE_INLINE std::string place_text(std::string_view where, std::string_view pointer) {
  std::string path;
  for (const std::string& key : pointer_keys(pointer)) path += (path.empty() ? "" : ".") + shown(key);
  return path.empty() ? std::string(where) : concat(where, ": ", path);
}

LITESTAGE_INLINE const Form* find_at(const Form& from, std::string_view pointer) {
  const Form* at = &from;
  for (const std::string& key : pointer_keys(pointer)) {
    if (at->is_list()) {
      const Form::List& list = at->list("");
      const std::optional<std::size_t> index = detail::list_index(key, list.size());
      at = index ? &list[*index] : nullptr;
    } else {
      at = at->find(key);
    }
    if (at == nullptr) return nullptr;
  }
  return at;
}

LITESTAGE_INLINE const Form& value_at(const Form& from, std::string_view pointer, std::string_view where) {
  const Form* at = &from;
  std::string path;
  for (const std::string& key : pointer_keys(pointer)) {
    const std::string here = path.empty() ? std::string(where) : concat(where, ": ", path);
    if (at->is_list()) {
      const Form::List& list = at->list("");
      const std::optional<std::size_t> index = detail::list_index(key, list.size());
      if (!index)
        throw Error(concat(here, " has ", list.size(), " elements, expected one with the index ", shown(key)));
      at = &list[*index];
    } else {
      at = &at->at(key, here);
    }
    path += (path.empty() ? "" : ".") + shown(key);
  }
  return *at;
}

}  // namespace litestage::tasks
