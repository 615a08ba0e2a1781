// The tiles in which keys and values are stored.
#pragma once

#include <cstddef>

namespace litestage::cpu {

// Number of entries in a tile of keys [head_dim, 16]. One vector holds one component of 16 keys, so that scores need no
// horizontal sums. Rows of values are padded to a multiple of it.
inline constexpr std::size_t tile_entries = 16;

[[nodiscard]] constexpr std::size_t round_up(std::size_t n, std::size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

}  // namespace litestage::cpu
