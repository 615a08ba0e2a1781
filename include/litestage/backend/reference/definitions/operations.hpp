// The operations of ReferenceBackend and their parts.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "litestage/backend/reference/declaration.hpp"
#include "litestage/backend/reference/row_operations.hpp"
#include "litestage/core/quant_blocks.hpp"
#include "litestage/core/threads/range.hpp"
#include "litestage/core/threads/thread_team.hpp"

namespace litestage {

namespace reference {

using Row = Eigen::Map<const Eigen::VectorXd, Eigen::Aligned64>;

// Copies of rows, each aligned to 64 bytes: Eigen sums aligned data in one order, wherever the row was.
struct AlignedRows {
  AlignedRows(std::size_t n_rows, std::size_t n_columns)
      : n(n_rows), columns(n_columns), stride((n_columns + 7) / 8 * 8), values(n * stride) {}
  AlignedRows(View<const double, 2> in, std::size_t n_rows) : AlignedRows(n_rows, in.extent(1)) {
    for (std::size_t i = 0; i < n; ++i) std::copy_n(in.row(i), columns, row(i));
  }
  [[nodiscard]] double* row(std::size_t i) { return values.data() + i * stride; }
  [[nodiscard]] const double* row(std::size_t i) const { return values.data() + i * stride; }
  std::size_t n, columns, stride;
  Buffer<double> values;
};

// out[i] = W in[i] for every row of `out`.
inline void product(ThreadTeam& team, View<double, 2> out, const AlignedRows& in, const RawTensor& w) {
  LITESTAGE_ASSERT(in.columns == w.columns && out.extent(1) == w.rows, in.columns, " and ", out.extent(1), " for ",
                   w.rows, " x ", w.columns);
  const Eigen::Index n = w.columns;
  team.for_ranges(w.rows, 1, [&](Range part, int) {
    AlignedRows weights(1, w.columns);
    for (std::size_t r = part.first; r < part.last; ++r) {
      dequantize_row(w.type, w.row(r), weights.row(0), w.columns);
      for (std::size_t i = 0; i < out.extent(0); ++i) out(i, r) = Row(weights.row(0), n).dot(Row(in.row(i), n));
    }
  });
}

inline AlignedRows normed(View<const double, 2> x, View<const int, 1> rows, const ReferenceBackend::Vector& norm,
                          float eps) {
  AlignedRows h(rows.extent(0), x.extent(1));
  for (std::size_t i = 0; i < h.n; ++i) {
    norm_row(h.row(i), x.row(rows(i)), norm, h.columns, eps);
  }
  return h;
}

}  // namespace reference

LITESTAGE_INLINE ReferenceBackend::ReferenceBackend(int threads, Rounding round)
    : team_(std::make_unique<ThreadTeam>(threads)), round_(std::move(round)) {}
LITESTAGE_INLINE ReferenceBackend::ReferenceBackend(ReferenceBackend&&) noexcept = default;
LITESTAGE_INLINE ReferenceBackend& ReferenceBackend::operator=(ReferenceBackend&&) noexcept = default;
LITESTAGE_INLINE ReferenceBackend::~ReferenceBackend() = default;

LITESTAGE_INLINE int ReferenceBackend::threads() const {
  return team_->size();
}
LITESTAGE_INLINE ReferenceBackend::Vector ReferenceBackend::load_vector(const RawTensor& raw) const {
  Vector vector;
  if (raw.empty()) return vector;
  vector.values.resize(raw.columns);
  dequantize_row(raw.type, raw.data, vector.values.data(), raw.columns);
  return vector;
}
LITESTAGE_INLINE ReferenceBackend::Cache ReferenceBackend::make_cache(const CacheShape& shape) const {
  const std::size_t n = shape.slots * shape.layers * shape.capacity * shape.entry_size();
  return Cache{shape, Buffer<double>(n), Buffer<double>(n)};
}

// out[i] = W in[i], with in[i] rounded first if there is a rounding.
LITESTAGE_INLINE void ReferenceBackend::product(View<double, 2> out, const reference::AlignedRows& in,
                                                const RawTensor& w) const {
  if (round_ == nullptr) return reference::product(*team_, out, in, w);
  reference::AlignedRows rounded(in.n, in.columns);
  for (std::size_t i = 0; i < in.n; ++i) {
    std::copy_n(in.row(i), in.columns, rounded.row(i));
    round_(rounded.row(i), in.columns, w.type);
  }
  reference::product(*team_, out, rounded, w);
}

LITESTAGE_INLINE void ReferenceBackend::embed(View<double, 2> x, View<const int, 1> tokens, const Table& table,
                                              float multiplier) const {
  for (std::size_t i = 0; i < tokens.extent(0); ++i) {
    dequantize_row(table.type, table.row(tokens(i)), x.row(i), table.columns);
    for (std::size_t j = 0; j < table.columns; ++j) x(i, j) *= multiplier;
  }
}

LITESTAGE_INLINE void ReferenceBackend::project_qkv(View<double, 2> q, Cache& cache, int layer, View<const double, 2> x,
                                                    const AttentionRows& rows,
                                                    const AttentionWeights<ReferenceBackend>& w,
                                                    const AttentionShape& shape,
                                                    const RopeTable<ReferenceBackend>& rope) {
  const std::size_t n = rows.size(), kv_dim = shape.n_kv_heads * shape.head_dim;
  const reference::AlignedRows h = reference::normed(x, rows.rows, w.norm, shape.norm_eps);
  std::vector<double> k(n * kv_dim), v(n * kv_dim);
  product(q.first(rows.n_run), h, w.q);
  product(View<double, 2>(k.data(), {n, kv_dim}), h, w.k);
  product(View<double, 2>(v.data(), {n, kv_dim}), h, w.v);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t position = rows.positions(i);
    if (i < rows.n_run) reference::finish_heads(q.row(i), shape.n_heads, w.q_bias, w.q_norm, shape, rope, position);
    reference::finish_heads(&k[i * kv_dim], shape.n_kv_heads, w.k_bias, w.k_norm, shape, rope, position);
    reference::add_bias(&v[i * kv_dim], w.v_bias);
    const std::size_t at = cache.at(rows.slots(i), layer, rows.entries(i));
    for (std::size_t j = 0; j < kv_dim; j += shape.head_dim) {
      reference::store_key(&cache.k[at + j], &k[i * kv_dim + j], shape.head_dim, cache.shape.type,
                           cache.shape.key_offset(layer, j / shape.head_dim));
      reference::store_numbers(&cache.v[at + j], &v[i * kv_dim + j], shape.head_dim, cache.shape.type);
    }
  }
}

LITESTAGE_INLINE void ReferenceBackend::attend(View<double, 2> out, View<const double, 2> q, const Cache& cache,
                                               int layer, const AttentionRows& rows,
                                               const AttentionShape& shape) const {
  const std::size_t group = shape.n_heads / shape.n_kv_heads, d = shape.head_dim;
  for (std::size_t i = 0; i < rows.n_run; ++i) {
    for (std::size_t head = 0; head < shape.n_heads; ++head) {
      const int first = rows.first.empty() ? 0 : rows.first(i);
      const std::size_t at = cache.at(rows.slots(i), layer, first) + head / group * d;
      reference::attend_head(out.row(i) + head * d, q.row(i) + head * d, &cache.k[at], &cache.v[at],
                             cache.shape.entry_size(), rows.visible(i) - first, d, shape.scale);
    }
  }
}

LITESTAGE_INLINE void ReferenceBackend::project_add(View<double, 2> x, View<const int, 1> rows,
                                                    View<const double, 2> in, const Weight& weight, float multiplier,
                                                    View<Moments<double>, 1> moments, const Vector& post_norm,
                                                    float eps) {
  const std::size_t n = rows.extent(0), hidden = weight.rows;
  std::vector<double> y(n * hidden);
  product(View<double, 2>(y.data(), {n, hidden}), reference::AlignedRows(in, n), weight);
  for (std::size_t i = 0; i < n; ++i) {
    double* branch = &y[i * hidden];
    if (!post_norm.empty()) reference::norm_row(branch, branch, post_norm, hidden, eps);
    Moments<double> m;
    double* stream = x.row(rows(i));
    for (std::size_t j = 0; j < hidden; ++j) {
      const double before = stream[j];
      stream[j] = std::fma(multiplier, branch[j], before);
      m.dot = std::fma(before, stream[j], m.dot);
      m.before = std::fma(before, before, m.before);
      m.after = std::fma(stream[j], stream[j], m.after);
    }
    if (!moments.empty()) moments(rows(i)) = m;
  }
}

LITESTAGE_INLINE void ReferenceBackend::measure(View<Moments<double>, 1> moments, View<const double, 2> before,
                                                View<const double, 2> after) const {
  for (std::size_t i = 0; i < moments.extent(0); ++i) {
    const Eigen::Map<const Eigen::VectorXd> x(before.row(i), before.extent(1));
    const Eigen::Map<const Eigen::VectorXd> y(after.row(i), after.extent(1));
    moments(i) = {x.dot(y), x.squaredNorm(), y.squaredNorm()};
  }
}

LITESTAGE_INLINE void ReferenceBackend::gate_up(View<double, 2> h, View<const double, 2> x, View<const int, 1> rows,
                                                const MlpWeights<ReferenceBackend>& w, float eps,
                                                Activation activation) {
  const std::size_t n = rows.extent(0), ffn = w.gate.rows;
  const reference::AlignedRows m = reference::normed(x, rows, w.norm, eps);
  std::vector<double> up(n * ffn);
  product(h.first(n), m, w.gate);
  product(View<double, 2>(up.data(), {n, ffn}), m, w.up);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < ffn; ++j) h(i, j) = reference::activated(h(i, j), activation) * up[i * ffn + j];
  }
}

LITESTAGE_INLINE void ReferenceBackend::scale_rows(View<double, 2> x, View<const int, 1> rows,
                                                   View<const float, 1> factors) const {
  for (std::size_t i = 0; i < rows.extent(0); ++i) {
    double* row = x.row(rows(i));
    for (std::size_t j = 0; j < x.extent(1); ++j) row[j] *= factors(i);
  }
}

LITESTAGE_INLINE void ReferenceBackend::copy_entries(Cache& cache, std::span<const EntryCopy> copies) const {
  for (const EntryCopy& c : copies) {
    const std::size_t n = c.count * cache.shape.entry_size();
    const std::size_t from = cache.at(c.from_slot, c.from_layer, c.from_entry);
    const std::size_t to = cache.at(c.to_slot, c.to_layer, c.to_entry);
    std::copy_n(cache.k.data() + from, n, cache.k.data() + to);
    std::copy_n(cache.v.data() + from, n, cache.v.data() + to);
    // Keys copied to another layer are rounded again, without its offset. A key with NaN stays as it is, which keeps
    // the cause.
    const std::size_t dim = cache.shape.head_dim, heads = cache.shape.kv_heads;
    for (std::size_t j = 0; c.from_layer != c.to_layer && j < n; j += dim) {
      const float* offset = cache.shape.key_offset(c.to_layer, j / dim % heads);
      if (offset == nullptr || reference::any_nan(&cache.k[to + j], dim)) continue;
      reference::store_key(&cache.k[to + j], &cache.k[from + j], dim, cache.shape.type, offset);
    }
  }
}

LITESTAGE_INLINE bool ReferenceBackend::kv_overflowed(const Cache& cache, int slot, int layer, std::size_t n) const {
  const auto marked = [](double x) { return std::bit_cast<std::uint64_t>(x) == reference::too_large_bits; };
  const std::size_t first = cache.at(slot, layer, 0), size = n * cache.shape.entry_size();
  return std::any_of(cache.k.data() + first, cache.k.data() + first + size, marked) ||
         std::any_of(cache.v.data() + first, cache.v.data() + first + size, marked);
}

LITESTAGE_INLINE void ReferenceBackend::logits(View<double, 2> out, View<const double, 2> x, View<const int, 1> rows,
                                               const Vector& norm, float eps, const Weight& head, float multiplier,
                                               float softcap) {
  product(out.first(rows.extent(0)), reference::normed(x, rows, norm, eps), head);
  for (std::size_t i = 0; i < rows.extent(0); ++i) {
    for (std::size_t j = 0; j < head.rows; ++j) {
      const double z = out(i, j) * multiplier, cap = softcap;
      out(i, j) = cap > 0 && std::isfinite(z) ? cap * std::tanh(z / cap) : z;
    }
  }
}

LITESTAGE_INLINE void ReferenceBackend::token_stats(std::span<TokenStats> stats, View<const double, 2> logits,
                                                    Signal signals) const {
  for (std::size_t i = 0; i < stats.size(); ++i)
    stats[i] = reference::stats_of({logits.row(i), logits.extent(1)}, signals);
}

}  // namespace litestage
