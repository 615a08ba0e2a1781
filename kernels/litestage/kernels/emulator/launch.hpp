// The parameters of an emulated launch: its sizes, the execution order of threads, and source lines for messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "litestage/kernels/simt.cuh"

namespace litestage::kernels::emulator {

// The order in which ready threads of a block, and the blocks of a grid, run. Results must not depend on it.
enum class Order : std::uint8_t { ascending, descending, shuffled };
struct Schedule {
  Order order = Order::ascending;
  unsigned seed = 1;  // for Order::shuffled
};

struct Launch {
  const char* kernel = "";
  Grid grid;
  unsigned threads = 0;  // per block
  std::size_t shared_bytes = 0;
};

// A line of a kernel, for messages.
struct Place {
  const char* file = "";
  int line = 0;
  // File names are compared as text only if their addresses differ, which is rare.
  friend bool operator==(const Place& a, const Place& b) {
    return a.line == b.line && (a.file == b.file || std::strcmp(a.file, b.file) == 0);
  }
};

}  // namespace litestage::kernels::emulator
