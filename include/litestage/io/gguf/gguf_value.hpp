// The metadata values of a GGUF file, and their conversion to C++ values. Texts point into the file.
// Format: ggml-org/ggml docs/gguf.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "litestage/core/enum_names.hpp"

namespace litestage::io {

enum class GgufType : std::uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };

}  // namespace litestage::io

template <>
struct litestage::EnumNames<litestage::io::GgufType> {
  static constexpr std::array<std::string_view, 13> names = {"UINT8",  "INT8",    "UINT16", "INT16",  "UINT32",
                                                             "INT32",  "FLOAT32", "BOOL",   "STRING", "ARRAY",
                                                             "UINT64", "INT64",   "FLOAT64"};
};

namespace litestage::io {

inline constexpr std::uint32_t n_gguf_types = enum_names<GgufType>.size();

// An array of elements of one type, widened: unsigned or signed integers, floats, booleans, strings or further arrays.
struct GgufArray {
  GgufType element = GgufType::u8;
  std::variant<std::vector<std::uint64_t>, std::vector<std::int64_t>, std::vector<double>, std::vector<bool>,
               std::vector<std::string_view>, std::vector<GgufArray>>
      items{};

  [[nodiscard]] std::size_t size() const {
    return std::visit([](const auto& list) { return list.size(); }, items);
  }
};

struct GgufValue {
  GgufType type = GgufType::u8;  // type in the file; `value` is widened
  std::variant<std::uint64_t, std::int64_t, double, bool, std::string_view, GgufArray> value{};
};

// Describes the value for messages: "UINT32", "an ARRAY of 3 STRING".
[[nodiscard]] inline std::string describe(const GgufValue& value) {
  if (const auto* array = std::get_if<GgufArray>(&value.value)) {
    return "an ARRAY of " + std::to_string(array->size()) + " " + std::string(name(array->element));
  }
  return std::string(name(value.type));
}

// What `convert` accepts for a type, for messages.
inline constexpr std::string_view expected_for(const std::int64_t*) {
  return "an integer that fits 64 bits with sign";
}
inline constexpr std::string_view expected_for(const double*) {
  return "a number";
}
inline constexpr std::string_view expected_for(const bool*) {
  return "a BOOL";
}
inline constexpr std::string_view expected_for(const std::string*) {
  return "a STRING";
}
inline constexpr std::string_view expected_for(const std::vector<std::int64_t>*) {
  return "an ARRAY of integers";
}
inline constexpr std::string_view expected_for(const std::vector<double>*) {
  return "an ARRAY of numbers";
}
inline constexpr std::string_view expected_for(const std::vector<std::string>*) {
  return "an ARRAY of STRING";
}

// One `convert` for each type that `Gguf::find<T>` returns; it returns false if the value does not convert. Any integer
// type converts if the value fits, and an integer converts to a floating-point number; nothing else converts.
[[nodiscard]] inline bool convert(const GgufValue& value, std::int64_t& out) {
  if (const auto* u = std::get_if<std::uint64_t>(&value.value); u != nullptr && *u <= INT64_MAX) {
    out = static_cast<std::int64_t>(*u);
    return true;
  }
  if (const auto* i = std::get_if<std::int64_t>(&value.value)) {
    out = *i;
    return true;
  }
  return false;
}

[[nodiscard]] inline bool convert(const GgufValue& value, double& out) {
  if (const auto* u = std::get_if<std::uint64_t>(&value.value)) out = static_cast<double>(*u);
  if (const auto* i = std::get_if<std::int64_t>(&value.value)) out = static_cast<double>(*i);
  if (const auto* d = std::get_if<double>(&value.value)) out = *d;
  return value.value.index() <= 2;
}

[[nodiscard]] inline bool convert(const GgufValue& value, bool& out) {
  const auto* b = std::get_if<bool>(&value.value);
  if (b != nullptr) out = *b;
  return b != nullptr;
}

[[nodiscard]] inline bool convert(const GgufValue& value, std::string& out) {
  const auto* text = std::get_if<std::string_view>(&value.value);
  if (text != nullptr) out = std::string(*text);
  return text != nullptr;
}

template <class T>
[[nodiscard]] bool convert(const GgufValue& value, std::vector<T>& out) {
  const auto* array = std::get_if<GgufArray>(&value.value);
  if (array == nullptr) return false;
  return std::visit(
      [&](const auto& list) {
        using Item = typename std::decay_t<decltype(list)>::value_type;
        if constexpr (std::is_same_v<Item, GgufArray>) {
          return false;
        } else {
          out.resize(list.size());
          for (std::size_t i = 0; i < list.size(); ++i) {
            const Item item = list[i];
            if (!convert(GgufValue{array->element, item}, out[i])) return false;
          }
          return true;
        }
      },
      array->items);
}

}  // namespace litestage::io
