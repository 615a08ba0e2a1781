// The minimum work of a launch of each kernel: every byte of memory that it uses counts once, however often it is read.
// Row numbers and counters are left out.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "litestage/backend/gpu/device/runtime.hpp"
#include "litestage/backend/gpu/memory/pack.hpp"
#include "litestage/kernels/attention/attend.cuh"
#include "litestage/kernels/attention/attend_tiled.cuh"
#include "litestage/kernels/attention/finish_heads.cuh"
#include "litestage/kernels/products/dequantize.cuh"
#include "litestage/kernels/products/gate_up.cuh"
#include "litestage/kernels/products/logits.cuh"
#include "litestage/kernels/products/project_add.cuh"
#include "litestage/kernels/products/project_qkv.cuh"
#include "litestage/kernels/rows/moments.cuh"
#include "litestage/kernels/rows/post_norm.cuh"
#include "litestage/kernels/rows/rms_norm.cuh"
#include "litestage/kernels/rows/rows.cuh"
#include "litestage/kernels/rows/token_stats.cuh"

namespace litestage::validation {

struct LaunchWork {
  std::string of;  // its operands, e.g. "2048 x 5632 Q4_K"
  double bytes = 0;
  double own_bytes = 0;  // the part that no other launch of the step uses: weights, keys and values
  double flop = 0;       // of products and of attention; else 0
};
// Reads n integers of device memory.
using ReadInts = std::function<std::vector<int>(const int*, std::size_t)>;

// ---- products with weights as they are stored ----

[[nodiscard]] inline double bytes_of(const kernels::Matrix& w) {
  return static_cast<double>(w.rows) * static_cast<double>(gpu::row_sizes(w.type, w.columns).bytes());
}
[[nodiscard]] inline std::string size_of(unsigned rows, unsigned columns) {
  return concat(rows, " x ", columns);
}
[[nodiscard]] inline double bytes_of(const kernels::InputRows& in) {
  return 4.0 * in.columns * (in.n + (in.norm == nullptr ? 0 : 1));
}
[[nodiscard]] inline double flop_of(const kernels::Matrix& w, const kernels::InputRows& in) {
  return 2.0 * w.rows * w.columns * in.n;
}
[[nodiscard]] inline std::string inputs_of(const kernels::InputRows& in) {
  return in.n == 1 ? "" : concat(", ", in.n, " inputs");
}
[[nodiscard]] inline LaunchWork product(const kernels::Matrix& w, const kernels::InputRows& in) {
  return {.of = concat(size_of(w.rows, w.columns), " ", name(w.type), inputs_of(in)),
          .bytes = bytes_of(w) + bytes_of(in),
          .own_bytes = bytes_of(w),
          .flop = flop_of(w, in)};
}

template <DType type, unsigned N>
[[nodiscard]] LaunchWork work_of(kernels::ProjectAdd<type, N>, const typename kernels::ProjectAdd<type, N>::Params& p,
                                 const ReadInts&) {
  LaunchWork work = product(p.w, p.in);
  work.bytes += 2 * 4.0 * p.w.rows * p.in.n;  // the stream, read and written
  return work;
}
template <DType type, unsigned N>
[[nodiscard]] LaunchWork work_of(kernels::GateUp<type, N>, const typename kernels::GateUp<type, N>::Params& p,
                                 const ReadInts&) {
  LaunchWork work = product(p.gate, p.in);
  work.of = concat("2 x ", work.of);
  work.bytes += bytes_of(p.up) + 4.0 * p.up.rows * p.in.n;
  work.own_bytes += bytes_of(p.up);
  work.flop += flop_of(p.up, p.in);
  return work;
}
template <DType type, unsigned N>
[[nodiscard]] LaunchWork work_of(kernels::Logits<type, N>, const typename kernels::Logits<type, N>::Params& p,
                                 const ReadInts&) {
  LaunchWork work = product(p.head, p.in);
  work.bytes += 4.0 * p.head.rows * p.in.n;
  return work;
}

// ---- attention ----

// Adds the work of a kernel that turns the sums of n rows into queries and cache entries: angles, biases if any,
// queries and entries.
template <class Kernel>
void add_heads(LaunchWork& work, const typename Kernel::Params& p, unsigned n, const ReadInts& ints) {
  const kernels::HeadShape& s = p.shape;
  const std::vector<int> positions = ints(p.rows.positions, n);
  work.bytes += 4.0 * p.rows.n_run * s.q_dim();
  work.bytes += 4.0 * s.rotary_dim * static_cast<double>(std::set<int>(positions.begin(), positions.end()).size());
  for (unsigned m = 0; m < 3; ++m) work.bytes += p.bias[m] == nullptr ? 0 : 4.0 * (m == 0 ? s.q_dim() : s.kv_dim());
  const double entries = 2.0 * sizeof(*p.cache.k) * n * s.kv_dim();
  work.bytes += entries;
  work.own_bytes += entries;
}

template <unsigned N, class T>
[[nodiscard]] LaunchWork work_of(kernels::ProjectQkv<N, T>, const typename kernels::ProjectQkv<N, T>::Params& p,
                                 const ReadInts& ints) {
  const kernels::Matrix &q = p.w[0], &k = p.w[1], &v = p.w[2];
  LaunchWork work;
  work.of = concat(q.rows, " + ", k.rows, " + ", size_of(v.rows, v.columns), " ", name(q.type));
  if (k.type != q.type || v.type != q.type) work.of += concat(", ", name(k.type), ", ", name(v.type));
  work.of += inputs_of(p.in);
  work.bytes = bytes_of(p.in);
  for (const kernels::Matrix& w : p.w) {
    work.bytes += bytes_of(w);
    work.own_bytes += bytes_of(w);
    work.flop += flop_of(w, p.in);
  }
  if (p.raw != nullptr)
    work.bytes += 4.0 * p.in.n * (p.shape.q_dim() + 2 * p.shape.kv_dim());
  else
    add_heads<kernels::ProjectQkv<N, T>>(work, p, p.in.n, ints);
  return work;
}

// The number of entries that each row sees [n_run].
[[nodiscard]] inline std::vector<int> entries_seen(const kernels::AttentionInputs& rows, const ReadInts& ints) {
  std::vector<int> seen = ints(rows.visible, rows.n_run);
  if (rows.first == nullptr) return seen;
  const std::vector<int> first = ints(rows.first, rows.n_run);
  for (std::size_t i = 0; i < seen.size(); ++i) seen[i] -= first[i];
  return seen;
}
// The work of attention: queries, results, and for every slot the keys and values visible to any of its rows, counted
// once: from the first of its earliest row to the last of its latest one.
template <class T>
[[nodiscard]] LaunchWork attention(const kernels::HeadShape& s, const kernels::AttentionInputs& rows,
                                   const ReadInts& ints) {
  const std::vector<int> slots = ints(rows.slots, rows.n_run), visible = ints(rows.visible, rows.n_run);
  const std::vector<int> seen = entries_seen(rows, ints);
  struct Entries {
    int first, last;
  };
  LaunchWork work;
  std::map<int, Entries> of_slots;
  for (std::size_t i = 0; i < visible.size(); ++i) {
    const int first = visible[i] - seen[i];
    Entries& e = of_slots.try_emplace(slots[i], Entries{first, visible[i]}).first->second;
    e = {std::min(e.first, first), std::max(e.last, visible[i])};
    work.flop += 4.0 * s.q_dim() * seen[i];
  }
  std::int64_t entries = 0;
  for (const auto& [slot, e] : of_slots) entries += e.last - e.first;
  work.of = concat(rows.n_run, rows.n_run == 1 ? " row, " : " rows, ", entries, " entries, ", s.n_heads, "/",
                   s.n_kv_heads, " heads of ", s.head_dim);
  work.own_bytes = 2.0 * sizeof(T) * static_cast<double>(entries) * s.kv_dim();
  work.bytes = work.own_bytes + 2 * 4.0 * rows.n_run * s.q_dim();
  return work;
}
template <class T, unsigned G>
[[nodiscard]] LaunchWork work_of(kernels::Attend<T, G>, const typename kernels::Attend<T, G>::Params& p,
                                 const ReadInts& ints) {
  LaunchWork work = attention<T>(p.shape, p.rows, ints);
  for (const int entries : entries_seen(p.rows, ints)) {  // partial results, written and read
    const unsigned chunks = kernels::Attend<T, G>::chunks(static_cast<unsigned>(entries));
    if (chunks > 1) work.bytes += 2 * 4.0 * chunks * p.shape.n_heads * (p.shape.head_dim + 2);
  }
  return work;
}
template <class T, unsigned D>
[[nodiscard]] LaunchWork work_of(kernels::AttendTiled<T, D>, const typename kernels::AttendTiled<T, D>::Params& p,
                                 const ReadInts& ints) {
  return attention<T>(p.shape, p.rows, ints);
}
template <class T>
[[nodiscard]] LaunchWork work_of(kernels::FinishHeads<T>, const typename kernels::FinishHeads<T>::Params& p,
                                 const ReadInts& ints) {
  LaunchWork work;
  work.of = size_of(p.n, p.shape.q_dim() + 2 * p.shape.kv_dim());
  work.bytes = 4.0 * p.rows.n_run * p.shape.q_dim() + 2 * 4.0 * p.n * p.shape.kv_dim();  // sums
  for (const float* norm : p.norm) work.bytes += norm == nullptr ? 0 : 4.0 * p.shape.head_dim;
  add_heads<kernels::FinishHeads<T>>(work, p, p.n, ints);
  return work;
}
template <class T>
[[nodiscard]] LaunchWork work_of(kernels::CopyEntries<T>, const typename kernels::CopyEntries<T>::Params& p,
                                 const ReadInts& ints) {
  const std::vector<int> copies = ints(p.copies, std::size_t{kernels::ints_of_copy} * p.n);
  std::int64_t entries = 0;
  for (std::size_t i = 0; i < p.n; ++i) entries += copies[i * kernels::ints_of_copy + kernels::copied_entries];
  const double bytes = 2 * 2 * static_cast<double>(entries) * p.cache.kv_heads * p.cache.head_dim * sizeof(T) +
                       kernels::ints_of_copy * 4.0 * p.n;
  return {.of = concat(entries, " entries in ", p.n, " copies"), .bytes = bytes, .own_bytes = bytes};
}

// ---- around products of cuBLAS ----

[[nodiscard]] inline LaunchWork work_of(const gpu::Gemm& g) {
  const double m = g.m, n = g.n, k = g.k;
  const double bytes = 2 * (m + n) * k + 4 * m * n;
  return {.of = concat(g.m, " x ", g.k, ", ", g.n, " inputs"), .bytes = bytes, .flop = 2 * m * n * k};
}
template <kernels::GemmType type>
[[nodiscard]] LaunchWork work_of(kernels::RmsNorm<type>, const typename kernels::RmsNorm<type>::Params& p,
                                 const ReadInts&) {
  return {.of = concat(size_of(p.in.n, p.in.columns), p.in.norm == nullptr ? ", without norm" : ""),
          .bytes = bytes_of(p.in) + 2.0 * p.in.n * p.in.columns};
}
template <DType type, kernels::GemmType to>
[[nodiscard]] LaunchWork work_of(kernels::Dequantize<type, to>, const typename kernels::Dequantize<type, to>::Params& p,
                                 const ReadInts&) {
  return {.of = concat(size_of(p.w.rows, p.w.columns), " ", name(type)),
          .bytes = bytes_of(p.w) + 2.0 * p.w.rows * p.w.columns,
          .own_bytes = bytes_of(p.w)};
}
[[nodiscard]] inline LaunchWork work_of(kernels::AddRows, const kernels::AddRows::Params& p, const ReadInts&) {
  return {.of = size_of(p.n, p.columns), .bytes = 3 * 4.0 * p.n * p.columns};
}
[[nodiscard]] inline LaunchWork work_of(kernels::AddNormedRows, const kernels::AddNormedRows::Params& p,
                                        const ReadInts&) {
  return {.of = concat(size_of(p.n, p.columns), ", normed"), .bytes = (3.0 * p.n + 1) * 4 * p.columns};
}
[[nodiscard]] inline LaunchWork work_of(kernels::CapNumbers, const kernels::CapNumbers::Params& p, const ReadInts&) {
  return {.of = concat(p.n, " numbers"), .bytes = 2 * 4.0 * p.n};
}
[[nodiscard]] inline LaunchWork work_of(kernels::Gate, const kernels::Gate::Params& p, const ReadInts&) {
  return {.of = concat(p.n, " numbers"), .bytes = 3 * 4.0 * p.n};
}

// ---- rows ----

template <DType type>
[[nodiscard]] LaunchWork work_of(kernels::Embed<type>, const typename kernels::Embed<type>::Params& p,
                                 const ReadInts& ints) {
  const std::vector<int> tokens = ints(p.tokens, p.n);
  const auto distinct = static_cast<double>(std::set<int>(tokens.begin(), tokens.end()).size());
  return {.of = concat(size_of(p.n, p.table.columns), " ", name(type)),
          .bytes = bytes_of(p.table) / p.table.rows * distinct + 4.0 * p.n * p.table.columns};
}
[[nodiscard]] inline LaunchWork work_of(kernels::ScaleRows, const kernels::ScaleRows::Params& p, const ReadInts&) {
  return {.of = size_of(p.n, p.columns), .bytes = 2 * 4.0 * p.n * p.columns};
}
[[nodiscard]] inline LaunchWork work_of(kernels::CopyNumbers, const kernels::CopyNumbers::Params& p, const ReadInts&) {
  return {.of = concat(p.n, " numbers"), .bytes = 2 * 4.0 * p.n};
}
[[nodiscard]] inline LaunchWork work_of(kernels::MeasureRows, const kernels::MeasureRows::Params& p, const ReadInts&) {
  return {.of = size_of(p.n, p.columns), .bytes = 2 * 4.0 * p.n * p.columns + 3 * 4.0 * p.n};
}
[[nodiscard]] inline LaunchWork work_of(kernels::TokenSummary, const kernels::TokenSummary::Params& p,
                                        const ReadInts&) {
  return {.of = size_of(p.n, p.vocab), .bytes = 4.0 * p.n * p.vocab};
}
// TopLogits passes over a row `count` times, but all passes after the first read from a cache.
[[nodiscard]] inline LaunchWork work_of(kernels::TopLogits, const kernels::TopLogits::Params& p, const ReadInts&) {
  return {.of = concat(p.count, " of ", size_of(p.n, p.vocab)), .bytes = 4.0 * p.n * (p.vocab + p.count)};
}

}  // namespace litestage::validation
