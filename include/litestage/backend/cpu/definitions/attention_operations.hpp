// The operations of CpuBackend on heads and on the K/V cache.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

#include "litestage/backend/cpu/declaration.hpp"
#include "litestage/backend/cpu/definitions/operations.hpp"

namespace litestage {

namespace cpu {
// At least so many heads are finished in one go: fewer take less time than telling another thread.
inline constexpr std::size_t few_heads = 32;
// Merging fewer than these blocks takes less time than telling another thread.
inline constexpr std::size_t few_blocks = 8;

// The entries that row i of an attention sees.
[[nodiscard]] inline Range seen_by(const AttentionRows& rows, std::size_t i) {
  return {rows.first.empty() ? 0 : static_cast<std::size_t>(rows.first(i)), static_cast<std::size_t>(rows.visible(i))};
}
}  // namespace cpu

// The arguments needed to finish a head after the products.
struct CpuBackend::HeadContext {
  const AttentionRows& rows;
  const AttentionWeights<CpuBackend>& weights;
  const AttentionShape& shape;
  const RopeTable<CpuBackend>& rope;
};

LITESTAGE_INLINE void CpuBackend::check(const AttentionRows& rows, const Cache& cache, int layer,
                                        const AttentionShape& shape) {
  const CacheShape& c = cache.shape();
  const auto below = [](int value, std::size_t end) { return value >= 0 && std::cmp_less(value, end); };
  LITESTAGE_ASSERT(shape.n_kv_heads == c.kv_heads && shape.head_dim == c.head_dim && below(layer, c.layers) &&
                       shape.n_heads % shape.n_kv_heads == 0 && shape.rotary_dim <= shape.head_dim,
                   shape.n_kv_heads, " x ", shape.head_dim, " of layer ", layer, " in a cache of ", c.layers, " x ",
                   c.kv_heads, " x ", c.head_dim);
  LITESTAGE_ASSERT(rows.n_run <= rows.size(), rows.n_run, " of ", rows.size(), " rows");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    LITESTAGE_ASSERT(
        below(rows.slots(i), c.slots) && below(rows.entries(i), c.capacity) && below(rows.visible(i) - 1, c.capacity),
        "slot ", rows.slots(i), ", entry ", rows.entries(i), ", visible ", rows.visible(i), " of ", c.capacity);
    LITESTAGE_ASSERT(rows.first.empty() || (rows.first(i) >= 0 && rows.first(i) < rows.visible(i)), "entries ",
                     rows.first(i), " to ", rows.visible(i));
  }
}

LITESTAGE_INLINE void CpuBackend::project_qkv(View<float, 2> q, Cache& cache, int layer, View<const float, 2> x,
                                              const AttentionRows& rows, const AttentionWeights<CpuBackend>& w,
                                              const AttentionShape& shape, const RopeTable<CpuBackend>& rope) {
  const std::size_t n = rows.size(), n_run = rows.n_run, hidden = x.extent(1), dim = shape.head_dim;
  if (n == 0) return;
  check(rows, cache, layer, shape);
  const std::size_t q_dim = shape.n_heads * dim, kv_dim = shape.n_kv_heads * dim, stride = q_dim + 2 * kv_dim;
  LITESTAGE_ASSERT(w.q.columns() == hidden && w.q.rows() == q_dim && w.k.rows() == kv_dim && w.v.rows() == kv_dim,
                   w.q.rows(), ", ", w.k.rows(), ", ", w.v.rows(), " x ", w.q.columns(), " for ", hidden);
  for (std::size_t i = 0; i < n && !rope.cos.empty(); ++i) {
    LITESTAGE_ASSERT(rows.positions(i) >= 0 && std::cmp_less(rows.positions(i), rope.cos.extent(0)), "position ",
                     rows.positions(i), " of ", rope.cos.extent(0));
  }
  prepare_normed(x, rows.rows, w.norm, shape.norm_eps,
                 cpu::forms_for(w.q.type()) | cpu::forms_for(w.k.type()) | cpu::forms_for(w.v.type()));
  float* products = cpu::grow(work_->products, n * stride);  // [n, q | k | v]
  const auto part_of = [&](std::size_t count, std::size_t at, std::size_t columns) {
    return View<float, 2>(products + at, {count, columns}, {stride, 1});
  };
  const Product to_q{part_of(n_run, 0, q_dim), &w.q, {.bias = w.q_bias.data()}};
  const Product to_k{part_of(n, q_dim, kv_dim), &w.k, {.bias = w.k_bias.data()}};
  const Product to_v{part_of(n, q_dim + kv_dim, kv_dim), &w.v, {.bias = w.v_bias.data()}};
  if (n_run == n) {
    multiply({to_q, to_k, to_v});
  } else {
    multiply({to_k, to_v});
    work_->inputs.keep_first(n_run);
    if (n_run != 0) multiply({to_q});
  }
  finish_heads(q, cache, layer, products, {rows, w, shape, rope});
}

LITESTAGE_INLINE void CpuBackend::finish_heads(View<float, 2> q, Cache& cache, int layer, float* products,
                                               const HeadContext& c) {
  const std::size_t n = c.rows.size(), n_run = c.rows.n_run, dim = c.shape.head_dim, kv_dim = c.shape.n_kv_heads * dim;
  const std::size_t heads = c.shape.n_heads + c.shape.n_kv_heads, stride = heads * dim + kv_dim;
  team_->for_ranges(n * heads, cpu::few_heads, [&](Range tasks, int) {
    for (std::size_t task = tasks.first; task < tasks.last; ++task) {
      const std::size_t i = task / heads, h = task % heads;
      float* head = products + i * stride + h * dim;  // keys are stored after the queries
      if (h >= c.shape.n_heads)
        store_key_value(cache, layer, h - c.shape.n_heads, head, head + kv_dim, c, i);
      else if (i < n_run)
        finish_query(q.row(i) + h * dim, head, c, i);
    }
  });
}

LITESTAGE_INLINE void CpuBackend::turn_head(float* head, const Vector& norm, const HeadContext& c,
                                            std::size_t i) const {
  if (!norm.empty()) work_->functions.rms_norm(head, head, norm.data(), c.shape.norm_eps, c.shape.head_dim);
  if (c.rope.cos.empty()) return;
  const std::size_t position = c.rows.positions(i);
  work_->functions.rotate_head(head, c.rope.cos.row(position), c.rope.sin.row(position), c.shape.rotary_dim,
                               c.shape.rope_halves);
}

LITESTAGE_INLINE void CpuBackend::finish_query(float* out, float* head, const HeadContext& c, std::size_t i) const {
  turn_head(head, c.weights.q_norm, c, i);
  std::copy_n(head, c.shape.head_dim, out);
}

LITESTAGE_INLINE void CpuBackend::store_key_value(Cache& cache, int layer, std::size_t head, float* key,
                                                  const float* value, const HeadContext& c, std::size_t i) const {
  turn_head(key, c.weights.k_norm, c, i);
  const CacheShape& shape = cache.shape();
  if (shape.type == KvType::q8_0) to_kv_key(key, shape.key_offset(layer, head), shape.head_dim);
  work_->functions.store_entry(cache, c.rows.slots(i), layer, head, c.rows.entries(i), key, value);
}

LITESTAGE_INLINE void CpuBackend::attend(View<float, 2> out, View<const float, 2> q, const Cache& cache, int layer,
                                         const AttentionRows& rows, const AttentionShape& shape) {
  if (rows.n_run == 0) return;
  check(rows, cache, layer, shape);
  const cpu::HeadGroup group{shape.n_heads / shape.n_kv_heads, shape.head_dim, cache.width(), shape.scale};
  for (cpu::Workspace::Thread& t : work_->threads) cpu::grow(t.attention, group.scratch_size());
  switch (cache.shape().type) {
    case KvType::f16:
      return attend_as<f16>(work_->functions.attend_f16, out, q, cache, layer, rows, group);
    case KvType::f32:
      return attend_as<float>(work_->functions.attend_f32, out, q, cache, layer, rows, group);
    case KvType::q8_0:
      return attend_as<cpu::Q8>(work_->functions.attend_q8, out, rotated(q.first(rows.n_run), shape.head_dim), cache,
                                layer, rows, group);
  }
}

LITESTAGE_INLINE View<const float, 2> CpuBackend::rotated(View<const float, 2> q, std::size_t head_dim) {
  const std::size_t n = q.extent(0), heads = q.extent(1) / head_dim;
  float* turned = cpu::grow(work_->products, q.size());
  team_->for_ranges(n * heads, cpu::few_heads, [&](Range part, int) {
    for (std::size_t h = part.first; h < part.last; ++h) {
      float* head = turned + h * head_dim;
      std::copy_n(q.row(h / heads) + h % heads * head_dim, head_dim, head);
      rotate_kv(head, head_dim, kv_query_factor(head_dim));
    }
  });
  return {turned, {n, heads * head_dim}};
}

template <class T>
void CpuBackend::attend_as(const cpu::AttentionFunctions<T>& attention, View<float, 2> out, View<const float, 2> q,
                           const Cache& cache, int layer, const AttentionRows& rows, const cpu::HeadGroup& group) {
  const std::size_t kv_heads = cache.shape().kv_heads, tasks = rows.n_run * kv_heads;
  const std::size_t n_threads = team_->size();
  if (n_threads > 1 && tasks < 4 * n_threads) return attend_split<T>(attention, out, q, cache, layer, rows, group);
  const std::size_t group_dim = group.heads * group.dim;
  team_->for_ranges(tasks, 1, [&](Range part, int thread) {
    for (std::size_t task = part.first; task < part.last; ++task) {
      // From the last row: later rows of a prefill attend to more entries, and the longest tasks are to be done first.
      const std::size_t i = rows.n_run - 1 - task / kv_heads, h = task % kv_heads;
      attention.row(out.row(i) + h * group_dim, group, q.row(i) + h * group_dim,
                    cache.stream<T>(rows.slots(i), layer, h), cpu::seen_by(rows, i),
                    work_->of(thread).attention.data());
    }
  });
}

// For few rows, threads also share the blocks of entries of a row. The blocks are those of attend_row and are merged in
// the same order, so the bits are the same.
template <class T>
void CpuBackend::attend_split(const cpu::AttentionFunctions<T>& attention, View<float, 2> out, View<const float, 2> q,
                              const Cache& cache, int layer, const AttentionRows& rows, const cpu::HeadGroup& group) {
  const std::size_t kv_heads = cache.shape().kv_heads, group_dim = group.heads * group.dim;
  const auto blocks_of = [&](std::size_t i) { return cpu::blocks_of(cpu::seen_by(rows, i)); };
  std::size_t blocks = 0;
  for (std::size_t i = 0; i < rows.n_run; ++i) blocks += kv_heads * blocks_of(i);
  float* partials = cpu::grow(work_->partials, blocks * group.partial_size());
  const auto partial = [&](std::size_t b) { return cpu::Partial(partials + b * group.partial_size(), group); };
  // Calls f(i, h, first) for every row, head and the index of its first block.
  const auto for_streams = [&](const auto& f) {
    std::size_t first = 0;
    for (std::size_t i = 0; i < rows.n_run; ++i) {
      for (std::size_t h = 0; h < kv_heads; ++h, first += blocks_of(i)) f(i, h, first);
    }
  };
  team_->for_ranges(blocks, 1, [&](Range part, int thread) {
    for_streams([&](std::size_t i, std::size_t h, std::size_t first) {
      for (std::size_t b = std::max(first, part.first); b < std::min(first + blocks_of(i), part.last); ++b) {
        attention.block(partial(b), group, q.row(i) + h * group_dim, cache.stream<T>(rows.slots(i), layer, h),
                        cpu::block_of(cpu::seen_by(rows, i), b - first), work_->of(thread).attention.data());
      }
    });
  });
  const std::size_t streams = rows.n_run * kv_heads;
  team_->for_ranges(streams, blocks < cpu::few_blocks ? streams : 1, [&](Range part, int) {
    for_streams([&](std::size_t i, std::size_t h, std::size_t first) {
      if (i * kv_heads + h < part.first || i * kv_heads + h >= part.last) return;
      for (std::size_t b = 1; b < blocks_of(i); ++b) work_->functions.merge(partial(first), partial(first + b), group);
      work_->functions.finish(out.row(i) + h * group_dim, partial(first), group);
    });
  });
}

LITESTAGE_INLINE void CpuBackend::copy_entries(Cache& cache, std::span<const EntryCopy> copies) {
  if (copies.empty()) return;
  const CacheShape& shape = cache.shape();
  for (const EntryCopy& c : copies) {
    const auto inside = [&](int slot, int layer, int entry) {
      return slot >= 0 && std::cmp_less(slot, shape.slots) && layer >= 0 && std::cmp_less(layer, shape.layers) &&
             entry >= 0 && c.count >= 0 && static_cast<std::size_t>(entry) + c.count <= shape.capacity;
    };
    LITESTAGE_ASSERT(inside(c.from_slot, c.from_layer, c.from_entry) && inside(c.to_slot, c.to_layer, c.to_entry),
                     c.count, " entries from ", c.from_entry, " to ", c.to_entry, " of ", shape.capacity);
  }
  team_->for_ranges(shape.kv_heads, 1,
                    [&](Range heads, int) {  // heads are independent; the copies of one stay in order
                      for (const EntryCopy& c : copies) {
                        for (std::size_t h = heads.first; h < heads.last; ++h) cache.copy(c, h);
                      }
                    });
}

}  // namespace litestage
