// The functions and the memory that operations of the `cpu` backend work with. The memory grows the first time a larger
// step is seen, outside the parallel region, and never shrinks: a step of a size that was seen allocates nothing.
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

// At least `size` numbers; what was in them may be lost.
template <class T>
T* grow(Buffer<T>& buffer, std::size_t size) {
  if (size > buffer.size()) buffer = Buffer<T>(size);
  return buffer.data();
}

struct Workspace {
  // Of one thread, on cache lines of its own.
  struct alignas(64) Thread {
    explicit Thread(InstructionSet set) : inputs(set) {}

    Activations inputs;       // of few rows: every thread prepares them for itself
    PanelScratch panel;       // of matmul
    Buffer<float> row;        // one normalised row
    Buffer<float> attention;  // HeadGroup::scratch_size()
  };

  Workspace(InstructionSet set, int n_threads) : functions(row_functions(set)), inputs(set) {
    for (int i = 0; i < n_threads; ++i) threads.emplace_back(set);
  }

  [[nodiscard]] Thread& of(int thread) { return threads[static_cast<std::size_t>(thread)]; }

  RowFunctions functions;
  std::vector<Thread> threads;
  Activations inputs;         // of many rows: prepared by all threads together
  Buffer<float> products;     // results on the way to their place: [rows, outputs of a matrix] of one or more
  Buffer<float> partials;     // attention over long contexts: Partial of every block
  Buffer<LogitChunk> chunks;  // [rows, logit_chunks(vocab)]
  Buffer<int> ints;           // of the last upload
  Buffer<float> floats;
};

}  // namespace litestage::cpu
