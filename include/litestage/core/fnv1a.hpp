// A cheap checksum against accidental differences. It does not protect against deliberate collisions, which need
// SHA-256.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace litestage {

// FNV-1a, 64 bits (Fowler, Noll, Vo; RFC 9923). A change within one byte always changes the hash.
class Fnv1a {
 public:
  void add(std::byte byte) { hash_ = (hash_ ^ static_cast<std::uint64_t>(byte)) * 0x00000100000001b3u; }
  void add(std::span<const std::byte> bytes) {
    for (const std::byte b : bytes) add(b);
  }
  void add(std::string_view text) { add(std::as_bytes(std::span<const char>(text.data(), text.size()))); }
  // Adds the length before the text, so that consecutive texts do not run into each other.
  void add_whole(std::string_view text) {
    add(std::to_string(text.size()) + ':');
    add(text);
  }
  [[nodiscard]] std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325u;
};

// The hash as sixteen hexadecimal digits.
[[nodiscard]] inline std::string hexadecimal(std::uint64_t value) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += digits[(value >> shift) & 15];
  return text;
}

}  // namespace litestage
