// Splits work among threads.
#pragma once

#include <cstddef>

namespace litestage {

// The range [first, last) of `n` items for one of `parts` workers: contiguous; sizes differ by at most one.
struct Range {
  std::size_t first = 0, last = 0;
};
[[nodiscard]] inline Range share(std::size_t n, std::size_t part, std::size_t parts) {
  return {n * part / parts, n * (part + 1) / parts};
}

}  // namespace litestage
