// Opening of models that are split into several files.
#pragma once

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "litestage/core/error.hpp"
#include "litestage/io/gguf/gguf.hpp"
#include "litestage/io/gguf/split_files.hpp"

namespace litestage::io {

namespace detail {

inline constexpr std::int64_t most_parts = 99999;  // five digits

[[nodiscard]] inline std::string five_digits(std::int64_t number) {
  const std::string digits = std::to_string(number);
  return std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits;
}
[[nodiscard]] inline std::optional<int> read_five_digits(std::string_view text) {
  int number = 0;
  if (text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 1) return std::nullopt;
  return number;
}

// The keys of a part, whose ranges are checked.
struct SplitKeys {
  std::int64_t number = 0, count = 1, tensors = 0;  // number from 0
};
[[nodiscard]] inline SplitKeys split_keys(const Gguf& file) {
  const SplitKeys keys{file.get<std::int64_t>("split.no"), file.get<std::int64_t>("split.count"),
                       file.get<std::int64_t>("split.tensors.count")};
  if (keys.count < 1 || keys.count > most_parts) {
    throw Error(concat(file.source(), ": key split.count is ", keys.count, ", expected 1 to ", most_parts));
  }
  if (keys.number < 0 || keys.number >= keys.count) {
    throw Error(concat(file.source(), ": key split.no is ", keys.number, ", expected 0 to ", keys.count - 1,
                       " as there are ", keys.count, " parts"));
  }
  return keys;
}

// Throws an Error if a key of a part is not what the part that was named and the file's name require.
inline void require_key(const Gguf& part, std::string_view key, std::int64_t expected, std::string_view because) {
  const auto found = part.get<std::int64_t>(key);
  if (found == expected) return;
  throw Error(concat(part.source(), ": key ", key, " is ", found, ", expected ", expected, " ", because));
}

// Opens part `name.number`. `keys`: those of the part that was named, `named` its path.
[[nodiscard]] inline Gguf open_part(const SplitName& name, const SplitKeys& keys, const std::string& named) {
  const std::string path = name.path();
  if (!std::filesystem::exists(path)) {
    throw Error(concat(path, ": is missing, expected part ", name.number, " of the ", name.count,
                       " parts of the model to which ", named, " belongs"));
  }
  Gguf part = Gguf::one_file(path);
  require_key(part, "split.no", name.number - 1, "by the file's name");
  require_key(part, "split.count", keys.count, "as in " + named);
  require_key(part, "split.tensors.count", keys.tensors, "as in " + named);
  return part;
}

}  // namespace detail

LITESTAGE_INLINE std::string SplitName::path() const {
  return concat(stem, "-", detail::five_digits(number), "-of-", detail::five_digits(count), ".gguf");
}

LITESTAGE_INLINE std::optional<SplitName> split_name(std::string_view path) {
  constexpr std::string_view form = "-00001-of-00003.gguf";
  if (path.size() < form.size()) return std::nullopt;
  const std::string_view end = path.substr(path.size() - form.size());
  if (end.front() != '-' || end.substr(6, 4) != form.substr(6, 4) || end.substr(15) != form.substr(15)) {
    return std::nullopt;
  }
  const auto number = detail::read_five_digits(end.substr(1, 5)), count = detail::read_five_digits(end.substr(10, 5));
  if (!number || !count || *number > *count) return std::nullopt;
  return SplitName{std::string(path.substr(0, path.size() - form.size())), *number, *count};
}

LITESTAGE_INLINE std::int64_t split_count(const Gguf& file) {
  return file.find<std::int64_t>("split.count").value_or(1);
}

LITESTAGE_INLINE Gguf with_other_parts(Gguf named) {
  const detail::SplitKeys keys = detail::split_keys(named);
  const std::string path = named.source();
  std::optional<SplitName> name = split_name(path);
  if (!name || name->number != keys.number + 1 || name->count != keys.count) {
    const SplitName ending{"", static_cast<int>(keys.number) + 1, static_cast<int>(keys.count)};
    throw Error(concat(path, ": is part ", ending.number, " of ", ending.count,
                       " of a split model, expected a name that ends in ", ending.path(),
                       ", by which the other parts are found"));
  }
  std::optional<Gguf> whole;
  for (name->number = 1; name->number <= name->count; ++name->number) {
    Gguf part = name->number == keys.number + 1 ? std::move(named) : detail::open_part(*name, keys, path);
    if (whole) {
      whole->append(std::move(part));
    } else {
      whole = std::move(part);
    }
  }
  if (std::cmp_not_equal(whole->tensors().size(), keys.tensors)) {
    throw Error(concat(whole->source(), ": the ", keys.count, " parts of the model have ", whole->tensors().size(),
                       " tensors, expected ", keys.tensors, " as key split.tensors.count says"));
  }
  return *std::move(whole);
}

}  // namespace litestage::io
