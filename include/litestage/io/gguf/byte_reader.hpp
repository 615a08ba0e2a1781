// Reads untrusted little-endian bytes: every read is first checked against the bytes left.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "litestage/core/error.hpp"

namespace litestage::io {

static_assert(std::endian::native == std::endian::little, "litestage reads little-endian files in place");

class ByteReader {
 public:
  ByteReader(std::span<const std::byte> bytes, std::string source) : bytes_(bytes), source_(std::move(source)) {}

  [[nodiscard]] const std::string& source() const { return source_; }
  [[nodiscard]] std::size_t position() const { return position_; }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - position_; }

  // `what` names the item in messages: the value of a key, the name of a tensor.
  template <class T>
  [[nodiscard]] T number(std::string_view what) {
    need(sizeof(T), what);
    T value;
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }

  // Reads a length of eight bytes, then the text, which is not copied.
  [[nodiscard]] std::string_view text(std::string_view what) {
    const auto length = number<std::uint64_t>(what);
    need(length, what);
    const std::string_view result(reinterpret_cast<const char*>(bytes_.data()) + position_, length);
    position_ += result.size();
    return result;
  }

  // Reads a count of items of at least `smallest` bytes each. A count that exceeds the rest of the file is refused, so
  // it is never allocated.
  [[nodiscard]] std::size_t count(std::size_t smallest, std::string_view what) {
    const auto n = number<std::uint64_t>(what);
    if (n > left() / smallest) {
      throw Error(concat(source_, ": ", what, " is ", n, ", but the ", left(), " bytes that follow hold at most ",
                         left() / smallest));
    }
    return n;
  }

 private:
  void need(std::uint64_t bytes, std::string_view what) const {
    if (bytes <= left()) return;
    throw Error(concat(source_, ": ends within ", what, ": ", bytes, " bytes needed at byte ", position_, ", ", left(),
                       " left"));
  }

  std::span<const std::byte> bytes_;
  std::string source_;
  std::size_t position_ = 0;
};

}  // namespace litestage::io
