// The fingerprint of a model file, by which plans, journals and results identify their model.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "litestage/core/compiled.hpp"
#include "litestage/io/gguf/gguf.hpp"

namespace litestage::io {

inline constexpr std::string_view fingerprint_prefix = "xxh3:";

// "xxh3:" and the 32 hexadecimal digits of XXH3-128, as printed by `xxhsum -H2`. It is the same on every machine.
[[nodiscard]] std::string fingerprint(std::span<const std::byte> bytes);

// The fingerprint of every byte of the file and of nothing else: a copy with a different name or date has the same one.
// That of a model in several parts is the fingerprint of their bytes one after another (cat PARTS | xxhsum -H2).
// It distinguishes files but is not safe against forgery, which needs SHA-256. It reads the whole file, at about 5 GB/s
// on one core if the file is cached, so call it once per file.
[[nodiscard]] std::string fingerprint(const Gguf& file);

// The fingerprint of earlier versions, by which their plans and journals are still recognised: sixteen hexadecimal
// digits, FNV-1a over everything before the data section (metadata, names, shapes, types) and, for every tensor, over
// eight evenly spaced pieces of 64 bytes, including the first and the last. Two models whose weights differ only
// between the pieces have the same one.
[[nodiscard]] std::string sampled_fingerprint(const Gguf& file);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/gguf/definitions/fingerprint.hpp"
#endif
