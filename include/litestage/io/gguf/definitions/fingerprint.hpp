// Computation of fingerprints of model files.
#pragma once

#include <xxhash.h>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "litestage/core/fnv1a.hpp"
#include "litestage/io/gguf/fingerprint.hpp"
#include "litestage/io/gguf/gguf.hpp"

namespace litestage::io {

LITESTAGE_INLINE std::string fingerprint(std::span<const std::byte> bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return concat(fingerprint_prefix, hexadecimal(hash.high64), hexadecimal(hash.low64));
}

LITESTAGE_INLINE std::string fingerprint(const Gguf& file) {
  return fingerprint(file.bytes());
}

LITESTAGE_INLINE std::string sampled_fingerprint(const Gguf& file) {
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
      // last / 7 * i would be inexact; quotient and remainder separately cannot overflow
      const std::size_t at = last / (pieces - 1) * i + last % (pieces - 1) * i / (pieces - 1);
      hash.add(all.subspan(at, piece_bytes));
    }
  }
  return hexadecimal(hash.value());
}

}  // namespace litestage::io
