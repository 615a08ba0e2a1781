// The first launch of an attention: RMSNorm, the products with the matrices of Q, K and V, biases and RoPE; keys and
// values are stored in the cache. A group of lanes sums the two matrix rows that RoPE combines, so it has both results.
//
// The three matrices may have different types, as in files with mixed quantisation; each block works on one of them.
// Models that normalise every head need whole heads first: see finish_heads.cuh.
#pragma once

#include <cstddef>

#include "litestage/kernels/attention/cache.cuh"
#include "litestage/kernels/attention/heads.cuh"
#include "litestage/kernels/products/inputs.cuh"
#include "litestage/kernels/products/matvec.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

// The projection to which a matrix, a bias or a norm belongs: the index of the arrays below.
enum QkvMatrix : unsigned { matrix_q, matrix_k, matrix_v };

// The rows of one attention: element i of every list belongs to row InputRows::rows[i] of the stream. Only the first
// n_run rows have queries.
struct AttentionInputs {
  const int* slots = nullptr;      // [n]
  const int* positions = nullptr;  // [n]
  const int* entries = nullptr;    // [n] where this row's K/V are stored
  const int* visible = nullptr;    // [n] entries first .. visible - 1 are attended to
  unsigned n_run = 0;
  const int* first = nullptr;  // [n], or nullptr: 0 for all rows
  friend bool operator==(const AttentionInputs&, const AttentionInputs&) = default;
};

// Stores two finished numbers of a head: in the queries, or in the keys or values of the cache, depending on QkvMatrix
// m.
template <class T, class C, class Params>
LITESTAGE_DEVICE void store_pair(C& t, const Params& p, unsigned m, unsigned i, unsigned head, const Pair& pair,
                                 float a, float b) {
  if (m == matrix_q) {
    float* to = p.q + static_cast<std::size_t>(i) * p.shape.q_dim() + head * p.shape.head_dim;
    t.store(to + pair.a, a);
    t.store(to + pair.b, b);
    return;
  }
  const auto slot = static_cast<unsigned>(t.load(p.rows.slots + i));
  const auto entry = static_cast<unsigned>(t.load(p.rows.entries + i));
  T* to = (m == matrix_k ? p.cache.k : p.cache.v) + p.cache.at(slot, p.layer, head, entry);
  t.store(to + pair.a, to_stored<T>(a));
  t.store(to + pair.b, to_stored<T>(b));
}

template <unsigned N, class T>
struct ProjectQkv {
  static constexpr const char* name = "project_qkv";
  static constexpr unsigned threads = matvec_threads;
  static constexpr unsigned resident = N <= 1   ? 5
                                       : N <= 2 ? 4
                                       : N <= 4 ? 3
                                                : 2;  // limited because it contains the code of all types
  struct Params {
    Matrix w[3];                                         // by QkvMatrix: [q_dim | kv_dim | kv_dim, hidden]
    const float* bias[3] = {nullptr, nullptr, nullptr};  // by QkvMatrix; nullptr: none
    unsigned first_block[4] = {0, 0, 0, 0};  // blocks first_block[m] .. first_block[m + 1] - 1 multiply w[m]
    InputRows in;                            // n <= N rows of [hidden], with norm
    AttentionInputs rows;
    HeadShape shape;
    RopeAngles rope;
    float* q = nullptr;  // [n_run, q_dim]
    Cache<T> cache;
    unsigned layer = 0;
    float* raw = nullptr;  // [n, q_dim + 2 kv_dim] or nullptr: receives the plain sums instead of q and the cache
    friend bool operator==(const Params&, const Params&) = default;
  };
  static std::size_t shared_bytes(const Params& p) {
    std::size_t most = 0;
    for (const Matrix& w : p.w) {
      const std::size_t bytes = staged_bytes(format_of(w.type), N, w.columns, threads);
      most = bytes > most ? bytes : most;
    }
    return most;
  }
  // Also sets first_block, so that each matrix gets a share of the blocks proportional to its rows.
  static Grid grid(Params& p, unsigned blocks_at_once) {
    const unsigned rows = p.w[0].rows + p.w[1].rows + p.w[2].rows;
    for (unsigned m = 0; m < 3; ++m) {
      const unsigned share = blocks_at_once * p.w[m].rows / rows;
      p.first_block[m + 1] = p.first_block[m] + matvec_blocks(p.w[m].rows, p.w[m].units, share > 0 ? share : 1);
    }
    return {p.first_block[3]};
  }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    const unsigned m = t.block().x < p.first_block[matrix_k]   ? matrix_q
                       : t.block().x < p.first_block[matrix_v] ? matrix_k
                                                               : matrix_v;
    with_type(p.w[m].type, [&]<DType type>() { project<type>(t, p, m); });
  }

 private:
  template <DType type, class C>
  LITESTAGE_DEVICE static void project(C& t, const Params& p, unsigned m) {
    const Matrix& w = p.w[m];
    const StagedInputs<type, N> in(w.columns);
    in.fill(t, p.in);
    const unsigned half = p.shape.head_dim / 2, pairs = w.rows / 2;
    const unsigned lanes = lanes_for(in.units()), at_once = threads / lanes;
    const unsigned blocks = p.first_block[m + 1] - p.first_block[m];
    for (unsigned tile = (t.block().x - p.first_block[m]) * at_once; tile < pairs; tile += blocks * at_once) {
      const unsigned index = tile + t.thread() / lanes;
      const unsigned kept = index < pairs ? index : pairs - 1;
      const unsigned head = kept / half, k = kept % half;
      const Pair pair = pair_of(p.shape, k);
      const unsigned first = head * p.shape.head_dim;
      const RowOf rows[2] = {{w, first + pair.a}, {w, first + pair.b}};
      float sum[2][N];
      multiply<type, N>(t, rows, in, lanes, sum);
      for_each_own<N>(t, sum, index < pairs ? p.in.n : 0, lanes,
                      [&](unsigned i, float a, float b) { finish(t, p, m, i, head, k, a, b); });
    }
  }

  // Finishes the sums a and b of pair k of a head of w[m], for input i.
  template <class C>
  LITESTAGE_DEVICE static void finish(C& t, const Params& p, unsigned m, unsigned i, unsigned head, unsigned k, float a,
                                      float b) {
    const Pair pair = pair_of(p.shape, k);
    const unsigned first = head * p.shape.head_dim;
    if (p.raw != nullptr) {
      const unsigned q_dim = p.shape.q_dim(), kv_dim = p.shape.kv_dim();
      float* to = p.raw + static_cast<std::size_t>(i) * (q_dim + 2 * kv_dim) +
                  (m == matrix_q ? 0 : q_dim + (m - matrix_k) * kv_dim);
      t.store(to + first + pair.a, a);
      t.store(to + first + pair.b, b);
      return;
    }
    if (m == matrix_q && i >= p.rows.n_run) return;
    if (p.bias[m] != nullptr) {
      a += t.load(p.bias[m] + first + pair.a);
      b += t.load(p.bias[m] + first + pair.b);
    }
    if (m != matrix_v) turn(t, p.shape, p.rope, k, t.load(p.rows.positions + i), a, b);
    store_pair<T>(t, p, m, i, head, pair, a, b);
  }
};

}  // namespace litestage::kernels
