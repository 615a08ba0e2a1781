// The name of a model file's contents, so that plans, journals and results can say which model they belong to.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "litestage/core/compiled.hpp"
#include "litestage/io/gguf/gguf.hpp"

namespace litestage::io {

inline constexpr std::string_view fingerprint_prefix = "xxh3:";

// "xxh3:" and the 32 hexadecimal digits of XXH3-128, as the program `xxhsum -H2` prints them: the same on every
// machine.
[[nodiscard]] std::string fingerprint(std::span<const std::byte> bytes);

// The fingerprint of every byte of the file, and of nothing else: a copy under another name or date has the same one.
// It tells files apart and guards against no one who wants two files to agree: that takes a SHA-256. It reads the whole
// file, at some 5 GB/s on one core where the file is in memory already, so ask once for each file.
[[nodiscard]] std::string fingerprint(const Gguf& file);

// What earlier versions wrote in place of the fingerprint, so that their plans and journals are still recognised:
// sixteen hexadecimal digits, FNV-1a over everything before the data section (metadata, names, shapes, types) and, of
// every tensor, eight evenly spaced pieces of 64 bytes, the first and last among them. Two models whose weights differ
// between the pieces only have the same.
[[nodiscard]] std::string sampled_fingerprint(const Gguf& file);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/gguf/definitions/fingerprint.hpp"
#endif
