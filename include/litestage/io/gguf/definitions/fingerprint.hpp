// Computation of fingerprints of model files.
#pragma once

#include <xxhash.h>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "litestage/core/fnv1a.hpp"
#include "litestage/io/gguf/fingerprint.hpp"
#include "litestage/io/gguf/gguf.hpp"

namespace litestage::io {

namespace detail {

[[nodiscard]] inline std::string written(const XXH128_hash_t& hash) {
  return concat(fingerprint_prefix, hexadecimal(hash.high64), hexadecimal(hash.low64));
}

}  // namespace detail

LITESTAGE_INLINE std::string fingerprint(std::span<const std::byte> bytes) {
  return detail::written(XXH3_128bits(bytes.data(), bytes.size()));
}

LITESTAGE_INLINE std::string fingerprint(const Gguf& file) {
  if (file.files().size() == 1) return fingerprint(file.files().front().bytes);
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(), XXH3_freeState);
  LITESTAGE_ASSERT(state != nullptr && XXH3_128bits_reset(state.get()) == XXH_OK, "no memory for a hash");
  for (const Gguf::File& part : file.files()) {
    const XXH_errorcode code = XXH3_128bits_update(state.get(), part.bytes.data(), part.bytes.size());
    LITESTAGE_ASSERT(code == XXH_OK, part.source);
  }
  return detail::written(XXH3_128bits_digest(state.get()));
}

LITESTAGE_INLINE std::string sampled_fingerprint(const Gguf& file) {
  constexpr std::size_t pieces = 8, piece_bytes = 64;
  Fnv1a hash;
  for (const Gguf::File& part : file.files()) hash.add(part.header);
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
