// A cheap name for the contents of a model file, so that plans and results can say which model they belong to.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "litestage/core/fnv1a.hpp"
#include "litestage/io/gguf.hpp"

namespace litestage::io {

// Sixteen hexadecimal digits: FNV-1a over everything before the data section (metadata, names, shapes, types) and, of
// every tensor, eight evenly spaced pieces of 64 bytes, the first and last among them. Another training run, another
// quantisation or another chat template gives another name; a single changed weight between the pieces does not. It
// tells files apart and guards against no one who wants two files to agree: that takes a SHA-256.
[[nodiscard]] inline std::string fingerprint(const Gguf& file) {
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
