// Reads one metadata value of a GGUF file from untrusted bytes.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/io/gguf/byte_reader.hpp"
#include "litestage/io/gguf/gguf_value.hpp"

namespace litestage::io {

namespace detail {

inline constexpr int max_array_depth = 4;  // our own limit; real files nest none

[[nodiscard]] inline GgufType read_type(ByteReader& in, std::string_view what) {
  const auto id = in.number<std::uint32_t>(what);
  if (id < n_gguf_types) return static_cast<GgufType>(id);
  throw Error(concat(in.source(), ": ", what, " has value type ", id, ", expected 0 to ", n_gguf_types - 1));
}

[[nodiscard]] inline bool read_boolean(ByteReader& in, std::string_view what) {
  const auto byte = in.number<std::uint8_t>(what);
  if (byte <= 1) return byte == 1;
  throw Error(concat(in.source(), ": ", what, " is a BOOL of ", int{byte}, ", expected 0 or 1"));
}

// The minimum size in bytes of one array element of this type.
[[nodiscard]] constexpr std::size_t smallest_size(GgufType type) {
  constexpr std::size_t sizes[n_gguf_types] = {1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8};
  return sizes[static_cast<std::size_t>(type)];
}

// Reads one scalar of this type, widened to 64 bits.
[[nodiscard]] inline std::uint64_t read_unsigned(ByteReader& in, GgufType type, std::string_view what) {
  if (type == GgufType::u8) return in.number<std::uint8_t>(what);
  if (type == GgufType::u16) return in.number<std::uint16_t>(what);
  if (type == GgufType::u32) return in.number<std::uint32_t>(what);
  return in.number<std::uint64_t>(what);
}
[[nodiscard]] inline std::int64_t read_signed(ByteReader& in, GgufType type, std::string_view what) {
  if (type == GgufType::i8) return static_cast<std::int8_t>(in.number<std::uint8_t>(what));
  if (type == GgufType::i16) return static_cast<std::int16_t>(in.number<std::uint16_t>(what));
  if (type == GgufType::i32) return static_cast<std::int32_t>(in.number<std::uint32_t>(what));
  return static_cast<std::int64_t>(in.number<std::uint64_t>(what));
}
[[nodiscard]] inline double read_real(ByteReader& in, GgufType type, std::string_view what) {
  if (type == GgufType::f32) return std::bit_cast<float>(in.number<std::uint32_t>(what));
  return std::bit_cast<double>(in.number<std::uint64_t>(what));
}

// Calls `use` with a function that reads one scalar of this type and returns it widened.
template <class Use>
void with_scalar(ByteReader& in, GgufType type, std::string_view what, const Use& use) {
  switch (type) {
    case GgufType::u8:
    case GgufType::u16:
    case GgufType::u32:
    case GgufType::u64:
      return use([&in, type, what] { return read_unsigned(in, type, what); });
    case GgufType::i8:
    case GgufType::i16:
    case GgufType::i32:
    case GgufType::i64:
      return use([&in, type, what] { return read_signed(in, type, what); });
    case GgufType::f32:
    case GgufType::f64:
      return use([&in, type, what] { return read_real(in, type, what); });
    case GgufType::boolean:
      return use([&in, what] { return read_boolean(in, what); });
    case GgufType::string:
    case GgufType::array:
      break;
  }
  use([&in, what] { return in.text(what); });
}

[[nodiscard]] inline GgufArray read_array(ByteReader& in, std::string_view what, int depth) {
  if (depth > max_array_depth) {
    throw Error(concat(in.source(), ": ", what, " nests arrays more than ", max_array_depth, " deep"));
  }
  GgufArray array;
  array.element = read_type(in, what);
  const std::size_t n = in.count(smallest_size(array.element), concat("length of the array of ", what));
  if (array.element == GgufType::array) {
    std::vector<GgufArray> list;
    list.reserve(n);
    for (std::size_t i = 0; i < n; ++i) list.push_back(read_array(in, what, depth + 1));
    array.items = std::move(list);
    return array;
  }
  with_scalar(in, array.element, what, [&](const auto& read) {
    auto& list = array.items.emplace<std::vector<decltype(read())>>();
    list.reserve(n);
    for (std::size_t i = 0; i < n; ++i) list.push_back(read());
  });
  return array;
}

}  // namespace detail

[[nodiscard]] inline GgufValue read_gguf_value(ByteReader& in, std::string_view what) {
  const GgufType type = detail::read_type(in, what);
  if (type == GgufType::array) return {type, detail::read_array(in, what, 1)};
  GgufValue value{.type = type};
  detail::with_scalar(in, type, what, [&](const auto& read) { value.value = read(); });
  return value;
}

}  // namespace litestage::io
