// A cheap name for the contents of a model file, so that plans and results can say which model they belong to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "litestage/io/gguf.hpp"

namespace litestage::io {

namespace detail {

// FNV-1a, 64 bits (Fowler, Noll, Vo; RFC 9923).
class Fnv1a {
 public:
  void add(std::span<const std::byte> bytes) {
    for (std::byte b : bytes) hash_ = (hash_ ^ static_cast<std::uint64_t>(b)) * 0x00000100000001b3u;
  }
  [[nodiscard]] std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325u;
};

}  // namespace detail

// Sixteen hexadecimal digits: FNV-1a over everything before the data section (metadata, names, shapes, types) and, of
// every tensor, eight evenly spaced pieces of 64 bytes, the first and last among them. Another training run, another
// quantisation or another chat template gives another name; a single changed weight between the pieces does not. It
// tells files apart and guards against no one who wants two files to agree: that takes a SHA-256.
[[nodiscard]] inline std::string fingerprint(const Gguf& file) {
  constexpr std::size_t pieces = 8, piece_bytes = 64;
  detail::Fnv1a hash;
  hash.add(file.header());
  for (const GgufTensor& t : file.tensors()) {
    const std::span<const std::byte> all = t.contents;
    if (all.size() <= pieces * piece_bytes) {
      hash.add(all);
      continue;
    }
    const std::size_t last = all.size() - piece_bytes;
    for (std::size_t i = 0; i < pieces; ++i) {
      // last / 7 * i would drift; quotient and remainder apart cannot overflow.
      const std::size_t at = last / (pieces - 1) * i + last % (pieces - 1) * i / (pieces - 1);
      hash.add(all.subspan(at, piece_bytes));
    }
  }
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += digits[(hash.value() >> shift) & 15];
  return text;
}

}  // namespace litestage::io
