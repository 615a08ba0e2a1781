// The tiles that keys and values lie in.
#pragma once

#include <cstddef>

namespace litestage::cpu {

// Keys lie in tiles of this many entries, [head_dim, 16] each, so that one vector holds one component of 16 keys and
// scores need no horizontal sums. Rows of values are padded to a multiple of it.
inline constexpr std::size_t tile_entries = 16;

[[nodiscard]] constexpr std::size_t round_up(std::size_t n, std::size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

}  // namespace litestage::cpu
