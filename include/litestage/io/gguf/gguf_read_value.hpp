// Reads one metadata value of a GGUF file from untrusted bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/io/gguf/byte_reader.hpp"
#include "litestage/io/gguf/gguf_value.hpp"

namespace litestage::io {

namespace detail {

inline constexpr int max_array_depth = 4;  // our own limit; real files nest none

[[nodiscard]] inline GgufType read_type(ByteReader& in, std::string_view what) {
  const auto id = in.number<std::uint32_t>(what);
  if (id < n_gguf_types) return static_cast<GgufType>(id);
  throw Error(concat(in.source(), ": ", what, " has value type ", id, ", accepted are 0 to ", n_gguf_types - 1));
}

[[nodiscard]] inline bool read_boolean(ByteReader& in, std::string_view what) {
  const auto byte = in.number<std::uint8_t>(what);
  if (byte <= 1) return byte == 1;
  throw Error(concat(in.source(), ": ", what, " is a BOOL of ", int{byte}, ", accepted are 0 and 1"));
}

// Bytes that one value takes at least, in an array.
[[nodiscard]] constexpr std::size_t smallest_size(GgufType type) {
  constexpr std::size_t sizes[n_gguf_types] = {1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8};
  return sizes[static_cast<std::size_t>(type)];
}

template <class Wide, class Read>
[[nodiscard]] std::vector<Wide> read_list(std::size_t n, Read read) {
  std::vector<Wide> list;
  list.reserve(n);
  for (std::size_t i = 0; i < n; ++i) list.push_back(static_cast<Wide>(read()));
  return list;
}

// Calls `use` with a function that reads one scalar of this type, and with a value of the widened type.
template <class Use>
auto with_scalar(ByteReader& in, GgufType type, std::string_view what, Use use) {
  const auto number = [&](auto narrow, auto wide) {
    return use([&in, what] { return in.number<decltype(narrow)>(what); }, wide);
  };
  switch (type) {
    case GgufType::u8:
      return number(std::uint8_t{}, std::uint64_t{});
    case GgufType::u16:
      return number(std::uint16_t{}, std::uint64_t{});
    case GgufType::u32:
      return number(std::uint32_t{}, std::uint64_t{});
    case GgufType::u64:
      return number(std::uint64_t{}, std::uint64_t{});
    case GgufType::i8:
      return number(std::int8_t{}, std::int64_t{});
    case GgufType::i16:
      return number(std::int16_t{}, std::int64_t{});
    case GgufType::i32:
      return number(std::int32_t{}, std::int64_t{});
    case GgufType::i64:
      return number(std::int64_t{}, std::int64_t{});
    case GgufType::f32:
      return number(float{}, double{});
    case GgufType::f64:
      return number(double{}, double{});
    case GgufType::boolean:
      return use([&in, what] { return read_boolean(in, what); }, bool{});
    case GgufType::string:
    case GgufType::array:
      break;
  }
  return use([&in, what] { return in.text(what); }, std::string_view{});
}

[[nodiscard]] inline GgufArray read_array(ByteReader& in, std::string_view what, int depth) {
  if (depth > max_array_depth) {
    throw Error(concat(in.source(), ": ", what, " nests arrays more than ", max_array_depth, " deep"));
  }
  GgufArray array;
  array.element = read_type(in, what);
  const std::size_t n = in.count(smallest_size(array.element), concat("length of the array of ", what));
  if (array.element == GgufType::array) {
    array.items = read_list<GgufArray>(n, [&] { return read_array(in, what, depth + 1); });
    return array;
  }
  with_scalar(in, array.element, what, [&](auto read, auto wide) {
    array.items = read_list<decltype(wide)>(n, read);
    return 0;
  });
  return array;
}

[[nodiscard]] inline GgufValue read_value(ByteReader& in, std::string_view what) {
  const GgufType type = read_type(in, what);
  if (type == GgufType::array) return {type, read_array(in, what, 1)};
  GgufValue value{type, {}};
  with_scalar(in, type, what, [&](auto read, auto wide) {
    value.value = static_cast<decltype(wide)>(read());
    return 0;
  });
  return value;
}

}  // namespace detail

}  // namespace litestage::io
