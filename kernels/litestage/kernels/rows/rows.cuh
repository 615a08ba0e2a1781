// Small operations on whole rows: scaling, copies of the residual stream and of cache entries, and the operations that
// our own product kernels fuse but cuBLAS does not.
#pragma once

#include <cstddef>

#include "litestage/kernels/attention/cache.cuh"
#include "litestage/kernels/rows/activation.cuh"
#include "litestage/kernels/rows/four.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

// x[rows[i]] *= factors[i]
struct ScaleRows {
  static constexpr const char* name = "scale_rows";
  static constexpr unsigned threads = 128;
  struct Params {
    float* x = nullptr;  // [tokens, columns]
    unsigned columns = 0;
    const int* rows = nullptr;       // [n], all different
    const float* factors = nullptr;  // [n]
    unsigned n = 0;
    friend bool operator==(const Params&, const Params&) = default;
  };
  static std::size_t shared_bytes(const Params&) { return 0; }
  static Grid grid(const Params& p) { return {p.n}; }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    float* x = p.x + static_cast<std::size_t>(t.load(p.rows + t.block().x)) * p.columns;
    const float factor = t.load(p.factors + t.block().x);
    for (unsigned v = t.thread(); 4 * v < p.columns; v += threads) {
      Four numbers = load_four_fresh(t, x, v, p.columns);
      LITESTAGE_UNROLL
      for (unsigned j = 0; j < 4; ++j) numbers.value[j] *= factor;
      store_four(t, x, v, p.columns, numbers);
    }
  }
};

// to = from
struct CopyNumbers {
  static constexpr const char* name = "copy_numbers";
  static constexpr unsigned threads = 256;
  struct Params {
    float* to = nullptr;          // [n], aligned to 16 bytes if n is a multiple of 4
    const float* from = nullptr;  // [n], aligned in the same way; does not overlap `to`
    unsigned n = 0;
    friend bool operator==(const Params&, const Params&) = default;
  };
  static std::size_t shared_bytes(const Params&) { return 0; }
  static Grid grid(const Params& p) { return {(p.n + 4 * threads - 1) / (4 * threads)}; }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    const unsigned v = t.block().x * threads + t.thread();
    store_four(t, p.to, v, p.n, load_four(t, p.from, v, p.n));
  }
};

// x[rows[i]] += multiplier * y[i], after a cuBLAS product.
struct AddRows {
  static constexpr const char* name = "add_rows";
  static constexpr unsigned threads = 128;
  struct Params {
    float* x = nullptr;         // [tokens, columns]
    const float* y = nullptr;   // [n, columns]
    const int* rows = nullptr;  // [n], all different
    unsigned columns = 0, n = 0;
    float multiplier = 1;
    friend bool operator==(const Params&, const Params&) = default;
  };
  static std::size_t shared_bytes(const Params&) { return 0; }
  static Grid grid(const Params& p) { return {p.n}; }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    float* x = p.x + static_cast<std::size_t>(t.load(p.rows + t.block().x)) * p.columns;
    const float* y = p.y + static_cast<std::size_t>(t.block().x) * p.columns;
    for (unsigned v = t.thread(); 4 * v < p.columns; v += threads) {
      const Four product = load_four(t, y, v, p.columns);
      Four sum = load_four_fresh(t, x, v, p.columns);
      LITESTAGE_UNROLL
      for (unsigned j = 0; j < 4; ++j) sum.value[j] = fmaf(p.multiplier, product.value[j], sum.value[j]);
      store_four(t, x, v, p.columns, sum);
    }
  }
};

// h = act(gate) * up, after a cuBLAS product.
struct Gate {
  static constexpr const char* name = "gate";
  static constexpr unsigned threads = 256;
  struct Params {
    const float* gate = nullptr;  // [n], all three aligned to 16 bytes if n is a multiple of 4
    const float* up = nullptr;    // [n]
    float* h = nullptr;           // [n]
    unsigned n = 0;
    Activation activation = Activation::silu;
    friend bool operator==(const Params&, const Params&) = default;
  };
  static std::size_t shared_bytes(const Params&) { return 0; }
  static Grid grid(const Params& p) { return {(p.n + 4 * threads - 1) / (4 * threads)}; }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    const unsigned v = t.block().x * threads + t.thread();
    const Four gate = load_four(t, p.gate, v, p.n);
    Four h = load_four(t, p.up, v, p.n);
    LITESTAGE_UNROLL
    for (unsigned j = 0; j < 4; ++j) h.value[j] *= activated(gate.value[j], p.activation);
    store_four(t, p.h, v, p.n, h);
  }
};

// The meaning of the integers that describe a copy of entries for `CopyEntries`.
enum EntryCopyField : unsigned { from_slot, from_layer, from_entry, to_slot, to_layer, to_entry, copied_entries };
inline constexpr unsigned ints_of_copy = 7;

// Copies keys and values of consecutive entries. The copies of a launch are independent: no copy reads or writes an
// entry that a different one writes.
template <class T>
struct CopyEntries {
  static constexpr const char* name = "copy_entries";
  static constexpr unsigned threads = 128;
  struct Params {
    Cache<T> cache;
    const int* copies = nullptr;  // [n, ints_of_copy]
    unsigned n = 0;
    friend bool operator==(const Params&, const Params&) = default;
  };
  static std::size_t shared_bytes(const Params&) { return 0; }
  static Grid grid(const Params& p) { return {p.n, p.cache.kv_heads, 2}; }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    unsigned c[ints_of_copy];
    LITESTAGE_UNROLL
    for (unsigned k = 0; k < ints_of_copy; ++k) {
      c[k] = static_cast<unsigned>(t.load(p.copies + t.block().x * ints_of_copy + k));
    }
    T* memory = t.block().z == 0 ? p.cache.k : p.cache.v;
    const auto* from =
        reinterpret_cast<const Vector16*>(memory + p.cache.at(c[from_slot], c[from_layer], t.block().y, c[from_entry]));
    auto* to = reinterpret_cast<Vector16*>(memory + p.cache.at(c[to_slot], c[to_layer], t.block().y, c[to_entry]));
    const unsigned vectors = c[copied_entries] * p.cache.head_dim / per_vector<T>;
    for (unsigned v = t.thread(); v < vectors; v += threads) t.store(to + v, t.load_fresh(from + v));
  }
};

}  // namespace litestage::kernels
