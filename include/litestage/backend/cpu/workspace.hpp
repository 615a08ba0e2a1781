// The functions and the memory used by operations of the `cpu` backend. The memory grows at the first step of a larger
// size, before threads share the work, and never shrinks: a step whose size was seen before allocates nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "litestage/backend/cpu/matmul/activations.hpp"
#include "litestage/backend/cpu/matmul/packed_matrix.hpp"
#include "litestage/backend/cpu/rows/row_functions.hpp"
#include "litestage/backend/cpu/rows/token_stats.hpp"
#include "litestage/core/tensor.hpp"

namespace litestage::cpu {

// Room for at least `size` numbers; earlier contents may be lost.
template <class T>
T* grow(Buffer<T>& buffer, std::size_t size) {
  if (size > buffer.size()) buffer = Buffer<T>(size);
  return buffer.data();
}

struct Workspace {
  // Memory of one thread, on its own cache lines.
  struct alignas(64) Thread {
    PanelScratch panel;       // for matmul
    Buffer<float> row;        // one normalised row
    Buffer<float> attention;  // HeadGroup::scratch_size()
  };

  Workspace(InstructionSet set, int n_threads) : functions(row_functions(set)), threads(n_threads), inputs(set) {}

  [[nodiscard]] Thread& of(int thread) { return threads[thread]; }

  RowFunctions functions;
  std::vector<Thread> threads;
  Activations inputs;         // of the products that come next
  Buffer<float> products;     // unfinished results [rows, outputs] of one or more matrices
  Buffer<float> partials;     // for attention over long contexts: the Partial of every block
  Buffer<LogitChunk> chunks;  // [rows, logit_chunks(vocab)]
  Buffer<int> ints;           // from the last upload
  Buffer<float> floats;
};

}  // namespace litestage::cpu
