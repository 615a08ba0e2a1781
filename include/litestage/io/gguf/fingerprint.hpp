// The name of a model file's contents, so that plans, journals and results can say which model they belong to.
#pragma once

#include <xxhash.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "litestage/core/fnv1a.hpp"
#include "litestage/io/gguf/gguf.hpp"

namespace litestage::io {

inline constexpr std::string_view fingerprint_prefix = "xxh3:";

// "xxh3:" and the 32 hexadecimal digits of XXH3-128, as the program `xxhsum -H2` prints them: the same on every
// machine.
[[nodiscard]] inline std::string fingerprint(std::span<const std::byte> bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return concat(fingerprint_prefix, hexadecimal(hash.high64), hexadecimal(hash.low64));
}

// The fingerprint of every byte of the file, and of nothing else: a copy under another name or date has the same one.
// It tells files apart and guards against no one who wants two files to agree: that takes a SHA-256. It reads the whole
// file, at some 5 GB/s on one core where the file is in memory already, so ask once for each file.
[[nodiscard]] inline std::string fingerprint(const Gguf& file) {
  return fingerprint(file.bytes());
}

// What earlier versions wrote in place of the fingerprint, so that their plans and journals are still recognised:
// sixteen hexadecimal digits, FNV-1a over everything before the data section (metadata, names, shapes, types) and, of
// every tensor, eight evenly spaced pieces of 64 bytes, the first and last among them. Two models whose weights differ
// between the pieces only have the same.
[[nodiscard]] inline std::string sampled_fingerprint(const Gguf& file) {
  constexpr std::size_t pieces = 8, piece_bytes = 64;
  Fnv1a hash;
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
  return hexadecimal(hash.value());
}

}  // namespace litestage::io
