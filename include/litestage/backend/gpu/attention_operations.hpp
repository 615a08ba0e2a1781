// The attention of GpuBackend.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "litestage/backend/gpu/declaration.hpp"
#include "litestage/core/kv_number.hpp"
#include "litestage/kernels/attention/attend.cuh"
#include "litestage/kernels/attention/attend_tiled.cuh"
#include "litestage/kernels/attention/finish_heads.cuh"
#include "litestage/kernels/products/project_qkv.cuh"
#include "litestage/kernels/rows/rows.cuh"

namespace litestage {

template <gpu::Runtime R>
typename GpuBackend<R>::Cache GpuBackend<R>::make_cache(const CacheShape& shape) {
  if (shape.head_dim % 8 != 0 || shape.head_dim > kernels::largest_head_dim) {
    throw Error(concat("the gpu backend needs a head dimension that is a multiple of 8 and at most ",
                       kernels::largest_head_dim, ", this model has ", shape.head_dim));
  }
  constexpr std::size_t most = kernels::Attend<float, 1>::most_entries;
  if (shape.capacity > most) {
    throw Error(concat("the gpu backend attends to at most ", most, " entries, this cache shall hold ", shape.capacity,
                       " in a slot"));
  }
  forget_steps();
  return Cache{shape, Memory<std::byte>(*runtime_, shape.bytes() / 2), Memory<std::byte>(*runtime_, shape.bytes() / 2)};
}

template <gpu::Runtime R>
template <class F>
void GpuBackend<R>::with_cache(const Cache& cache, const F& f) {
  const auto as = [&]<class T>(T*) {
    kernels::Cache<T> typed;
    // Const is given up here: kernels that only read share the struct with the one that writes.
    typed.k = reinterpret_cast<T*>(const_cast<std::byte*>(cache.k.data()));
    typed.v = reinterpret_cast<T*>(const_cast<std::byte*>(cache.v.data()));
    typed.layers = static_cast<unsigned>(cache.shape.layers);
    typed.kv_heads = static_cast<unsigned>(cache.shape.kv_heads);
    typed.capacity = static_cast<unsigned>(cache.shape.capacity);
    typed.head_dim = static_cast<unsigned>(cache.shape.head_dim);
    f(typed);
  };
  if (cache.shape.type == KvType::f16)
    as(static_cast<std::uint16_t*>(nullptr));
  else
    as(static_cast<float*>(nullptr));
}

template <gpu::Runtime R>
kernels::HeadShape GpuBackend<R>::head_shape(const AttentionShape& shape) {
  return {static_cast<unsigned>(shape.n_heads),
          static_cast<unsigned>(shape.n_kv_heads),
          static_cast<unsigned>(shape.head_dim),
          static_cast<unsigned>(shape.rotary_dim),
          shape.rope_halves,
          shape.norm_eps};
}

// Those of rows [first, first + n).
template <gpu::Runtime R>
kernels::AttentionInputs GpuBackend<R>::attention_inputs(const AttentionRows& rows, std::size_t first, std::size_t n) {
  const std::size_t run = rows.n_run > first ? std::min(rows.n_run - first, n) : 0;
  return {rows.slots.data() + first, rows.positions.data() + first, rows.entries.data() + first,
          rows.visible.data() + first, static_cast<unsigned>(run)};
}

template <gpu::Runtime R>
void GpuBackend<R>::project_qkv(View<float, 2> q, Cache& cache, int layer, View<const float, 2> x,
                                const AttentionRows& rows, const AttentionWeights<GpuBackend>& w,
                                const AttentionShape& shape, const RopeTable<GpuBackend>& rope) {
  const std::size_t n = rows.size(), q_dim = shape.n_heads * shape.head_dim, kv_dim = shape.n_kv_heads * shape.head_dim;
  if (n == 0) return;
  const kernels::InputRows in = input_rows(x, rows.rows, w.norm, shape.norm_eps);
  const bool whole_heads = !w.q_norm.empty() || !w.k_norm.empty();
  float* raw = whole_heads || uses_gemm(n) ? grow(raw_, n * (q_dim + 2 * kv_dim)) : nullptr;
  if (uses_gemm(n)) {
    normed_input(in);
    multiply(raw, q_dim + 2 * kv_dim, n, w.q);
    multiply(raw + q_dim, q_dim + 2 * kv_dim, n, w.k);
    multiply(raw + q_dim + kv_dim, q_dim + 2 * kv_dim, n, w.v);
  }
  with_cache(cache, [&]<class T>(const kernels::Cache<T>& typed) {
    if (!uses_gemm(n)) project_fused(q, typed, layer, in, rows, w, shape, rope, raw);
    if (raw == nullptr) return;
    using Finish = kernels::FinishHeads<T>;
    typename Finish::Params p;
    p.raw = raw;
    p.n = static_cast<unsigned>(n);
    p.bias[0] = w.q_bias.data();
    p.bias[1] = w.k_bias.data();
    p.bias[2] = w.v_bias.data();
    p.norm[0] = w.q_norm.data();
    p.norm[1] = w.k_norm.data();
    p.rows = attention_inputs(rows, 0, n);
    p.shape = head_shape(shape);
    p.rope = {rope.cos.data(), rope.sin.data()};
    p.q = q.data();
    p.cache = typed;
    p.layer = static_cast<unsigned>(layer);
    launch<Finish>(Finish::grid(p), p);
  });
}

// With `raw`, only the sums, there; else all the way into q and the cache.
template <gpu::Runtime R>
template <class T>
void GpuBackend<R>::project_fused(View<float, 2> q, const kernels::Cache<T>& cache, int layer,
                                  const kernels::InputRows& in, const AttentionRows& rows,
                                  const AttentionWeights<GpuBackend>& w, const AttentionShape& shape,
                                  // NOLINTNEXTLINE(readability-non-const-parameter): the kernel writes there.
                                  const RopeTable<GpuBackend>& rope, float* raw) {
  const std::size_t q_dim = shape.n_heads * shape.head_dim, kv_dim = shape.n_kv_heads * shape.head_dim;
  // The type that needs most shared memory decides how many rows go at once.
  const Weight* widest = &w.q;
  for (const Weight* other : {&w.k, &w.v}) {
    if (staged_bytes(*other, 1) > staged_bytes(*widest, 1)) widest = other;
  }
  in_pieces(*widest, in.n, [&]<unsigned N>(std::size_t first, std::size_t n) {
    using Project = kernels::ProjectQkv<N, T>;
    typename Project::Params p;
    const Weight* const weights[] = {&w.q, &w.k, &w.v};
    const Vector* const biases[] = {&w.q_bias, &w.k_bias, &w.v_bias};
    for (unsigned m = 0; m < 3; ++m) {
      p.w[m] = weights[m]->matrix();
      p.bias[m] = biases[m]->data();
    }
    p.in = in;
    p.in.rows += first;
    p.in.n = static_cast<unsigned>(n);
    p.rows = attention_inputs(rows, first, n);
    p.shape = head_shape(shape);
    p.rope = {rope.cos.data(), rope.sin.data()};
    p.q = q.data() + first * q_dim;
    p.cache = cache;
    p.layer = static_cast<unsigned>(layer);
    if (raw != nullptr) p.raw = raw + first * (q_dim + 2 * kv_dim);
    const kernels::Grid grid = Project::grid(p, resident<Project>(p));
    launch<Project>(grid, p);
  });
}

template <gpu::Runtime R>
void GpuBackend<R>::attend(View<float, 2> out, View<const float, 2> q, const Cache& cache, int layer,
                           const AttentionRows& rows, const AttentionShape& shape) {
  if (rows.n_run == 0) return;
  // Only where slots do not matter for a recording may they decide. A tile of few rows would leave most of its block
  // idle, and walk its context alone.
  const std::vector<int> tiles = uses_gemm(rows.n_run) ? tiles_of(rows) : std::vector<int>();
  const bool tiled = !tiles.empty() && rows.n_run >= rows_worth_a_tile * tiles.size() / 2;
  with_cache(cache, [&]<class T>(const kernels::Cache<T>& typed) {
    if (tiled)
      attend_tiled(out, q, typed, layer, rows, shape, tiles);
    else
      attend_split(out, q, typed, layer, rows, shape);
  });
}

// Runs of rows of one slot, in pieces of at most 16: first row and number of rows of each.
template <gpu::Runtime R>
std::vector<int> GpuBackend<R>::tiles_of(const AttentionRows& rows) const {
  std::vector<int> tiles;
  for (std::size_t first = 0; first < rows.n_run;) {
    std::size_t n = 1;
    while (first + n < rows.n_run && n < 16 && on_host(rows.slots, first + n) == on_host(rows.slots, first)) ++n;
    tiles.push_back(static_cast<int>(first));
    tiles.push_back(static_cast<int>(n));
    first += n;
  }
  return tiles;
}

template <gpu::Runtime R>
template <class T>
void GpuBackend<R>::attend_split(View<float, 2> out, View<const float, 2> q, const kernels::Cache<T>& cache, int layer,
                                 const AttentionRows& rows, const AttentionShape& shape) {
  std::size_t longest = longest_;
  for (std::size_t i = 0; i < rows.n_run && longest_ == 0; ++i) {
    longest = std::max(longest, static_cast<std::size_t>(on_host(rows.visible, i)));
  }
  const auto group = static_cast<unsigned>(shape.n_heads / shape.n_kv_heads);
  kernels::with_heads_at_once(group, [&]<unsigned G>() {
    using Attend = kernels::Attend<T, G>;
    typename Attend::Params p;
    p.q = q.data();
    p.rows = attention_inputs(rows, 0, rows.n_run);
    p.shape = head_shape(shape);
    p.scale = shape.scale;
    p.cache = cache;
    p.layer = static_cast<unsigned>(layer);
    p.out = out.data();
    p.max_chunks = Attend::chunks(static_cast<unsigned>(longest));
    const kernels::Grid grid = Attend::grid(p);
    // Of steps that are recorded, for as many entries as a slot may hold, so that memory does not grow with the
    // context. A power of two of chunks, as `longest_` is.
    const std::size_t of_slot = std::bit_ceil(Attend::chunks(cache.capacity));
    const std::size_t most_chunks = uses_gemm(rows.n_run) ? p.max_chunks : of_slot;
    LITESTAGE_ASSERT(p.max_chunks <= of_slot, p.max_chunks, " chunks of a slot that holds ", of_slot);
    p.partial = grow(partial_, rows.n_run * shape.n_heads * most_chunks * (shape.head_dim + 2));
    p.finished = grow(finished_, rows.n_run * grid.y);
    launch<Attend>(grid, p);
  });
}

template <gpu::Runtime R>
template <class T>
void GpuBackend<R>::attend_tiled(View<float, 2> out, View<const float, 2> q, const kernels::Cache<T>& cache, int layer,
                                 const AttentionRows& rows, const AttentionShape& shape,
                                 const std::vector<int>& tiles) {
  int* on_device = grow(tiles_, tiles.size());
  runtime_->copy_to_device(on_device, tiles.data(), tiles.size() * sizeof(int));
  const auto run = [&]<unsigned D>() {
    using Attend = kernels::AttendTiled<T, D>;
    typename Attend::Params p;
    p.q = q.data();
    p.rows = attention_inputs(rows, 0, rows.n_run);
    p.tiles = on_device;
    p.n_tiles = static_cast<unsigned>(tiles.size() / 2);
    p.shape = head_shape(shape);
    p.scale = shape.scale;
    p.cache = cache;
    p.layer = static_cast<unsigned>(layer);
    p.out = out.data();
    launch<Attend>(Attend::grid(p), p);
  };
  kernels::with_head_dim_up_to(static_cast<unsigned>(shape.head_dim), run);
}

template <gpu::Runtime R>
void GpuBackend<R>::copy_entries(Cache& cache, std::span<const EntryCopy> copies) {
  if (copies.empty()) return;
  static_assert(sizeof(EntryCopy) == 7 * sizeof(int));
  int* on_device = grow(copies_, copies.size() * 7);
  runtime_->copy_to_device(on_device, copies.data(), copies.size_bytes());
  with_cache(cache, [&]<class T>(const kernels::Cache<T>& typed) {
    using Copy = kernels::CopyEntries<T>;
    typename Copy::Params p;
    p.cache = typed;
    p.copies = on_device;
    p.n = static_cast<unsigned>(copies.size());
    launch<Copy>(Copy::grid(p), p);
  });
}

template <gpu::Runtime R>
bool GpuBackend<R>::kv_overflowed(const Cache& cache, int slot, int layer, std::size_t n) {
  if (cache.shape.type != KvType::f16 || n == 0) return false;
  std::vector<std::uint16_t> numbers(n * cache.shape.head_dim);  // of one head: its entries are one stream
  bool found = false;
  with_cache(cache, [&]<class T>(const kernels::Cache<T>& typed) {
    for (unsigned head = 0; head < typed.kv_heads; ++head) {
      for (const T* of : {typed.k, typed.v}) {
        const std::size_t first = typed.at(static_cast<unsigned>(slot), static_cast<unsigned>(layer), head, 0);
        runtime_->copy_to_host(numbers.data(), of + first, numbers.size() * sizeof(std::uint16_t));
        found = found || std::find(numbers.begin(), numbers.end(), kv_too_large) != numbers.end();
      }
    }
  });
  return found;
}

}  // namespace litestage
