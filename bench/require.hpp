// A check before a benchmark is timed: a wrong result ends the program, so that bench/run.sh fails.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace litestage::bench {

inline void require(bool right, const char* what) {
  if (right) return;
  std::fprintf(stderr, "wrong result: %s\n", what);
  std::exit(1);
}

}  // namespace litestage::bench
