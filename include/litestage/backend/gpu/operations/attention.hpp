// The attention of a step: split over blocks by entries for few rows, in tiles of rows for many.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <vector>

#include "litestage/backend/gpu/memory/step_inputs.hpp"
#include "litestage/backend/gpu/operations/attention_inputs.hpp"
#include "litestage/backend/gpu/operations/gpu_options.hpp"
#include "litestage/kernels/attention/attend.cuh"
#include "litestage/kernels/attention/attend_tiled.cuh"

namespace litestage::gpu {

template <Runtime R>
class Attention {
 public:
  Attention(Device<R>& device, const GpuOptions& options)
      : device_(&device), options_(options), tiles_(device), partial_(device), finished_(device) {}

  // A bound on the number of entries that any row of the current step sees: the size of a chunk of attention times a
  // power of two. Launches depend on the bound instead of the rows' actual numbers of entries, so that one recording
  // serves all steps with the same bound.
  [[nodiscard]] static std::size_t entry_bound(std::size_t longest) {
    std::size_t bound = kernels::Attend<float, 1>::chunk;
    while (bound < longest) bound *= 2;
    return bound;
  }
  // 0, outside a step: launches depend on the rows' actual numbers of entries.
  void set_entry_bound(std::size_t bound) { entry_bound_ = bound; }

  // Backend::attend (backend/concept.hpp). `inputs` holds the lists of `rows`.
  template <class T>
  void attend(View<float, 2> out, View<const float, 2> q, const kernels::Cache<T>& cache, int layer,
              const AttentionRows& rows, const AttentionShape& shape, const StepInputs<R>& inputs) {
    // Tiles depend on the rows' slots. A recording must not, and steps through cuBLAS are never recorded.
    const std::vector<Tile> tiles = options_.through_cublas(rows.n_run) ? tiles_of(rows, inputs) : std::vector<Tile>();
    // The block of a tile walks the whole context of its rows, so a tile of few rows leaves most of the block idle.
    if (!tiles.empty() && rows.n_run >= rows_worth_a_tile * tiles.size())
      attend_tiled(out, q, cache, layer, rows, shape, tiles);
    else
      attend_split(out, q, cache, layer, rows, shape, inputs);
  }

 private:
  // Consecutive rows of one slot.
  struct Tile {
    int first_row = 0, rows = 0;
  };
  static_assert(sizeof(Tile) == 2 * sizeof(int));  // as AttendTiled reads them

  static constexpr std::size_t tile_rows = kernels::AttendTiled<float, 64>::tile_rows;
  static constexpr std::size_t rows_worth_a_tile = 4;  // mean number of rows per tile; our own default

  [[nodiscard]] static std::vector<Tile> tiles_of(const AttentionRows& rows, const StepInputs<R>& inputs);
  // The parameters that both kernels have.
  template <class Params, class T>
  static void set(Params& p, View<float, 2> out, View<const float, 2> q, const kernels::Cache<T>& cache, int layer,
                  const AttentionRows& rows, const AttentionShape& shape) {
    p.q = q.data();
    p.rows = attention_inputs(rows, 0, rows.n_run);
    p.shape = head_shape(shape);
    p.scale = shape.scale;
    p.cache = cache;
    p.layer = static_cast<unsigned>(layer);
    p.out = out.data();
  }
  template <class T>
  void attend_tiled(View<float, 2> out, View<const float, 2> q, const kernels::Cache<T>& cache, int layer,
                    const AttentionRows& rows, const AttentionShape& shape, const std::vector<Tile>& tiles);
  template <class T>
  void attend_split(View<float, 2> out, View<const float, 2> q, const kernels::Cache<T>& cache, int layer,
                    const AttentionRows& rows, const AttentionShape& shape, const StepInputs<R>& inputs);
  [[nodiscard]] std::size_t longest_of(const AttentionRows& rows, const StepInputs<R>& inputs) const;

  Device<R>* device_;
  GpuOptions options_;
  std::size_t entry_bound_ = 0;
  Scratch<R, int> tiles_;      // [tiles, 2]
  Scratch<R, float> partial_;  // [n_run, n_heads, chunks, head_dim + 2]
  Scratch<R, int> finished_;   // [n_run, blocks that share a row] counters, zero between launches
};

// Cuts the rows that run into tiles of at most tile_rows.
template <Runtime R>
std::vector<typename Attention<R>::Tile> Attention<R>::tiles_of(const AttentionRows& rows,
                                                                const StepInputs<R>& inputs) {
  std::vector<Tile> tiles;
  for (std::size_t first = 0; first < rows.n_run;) {
    const int slot = inputs.on_host(rows.slots, first);
    std::size_t n = 1;
    while (first + n < rows.n_run && n < tile_rows && inputs.on_host(rows.slots, first + n) == slot) ++n;
    tiles.push_back(Tile{static_cast<int>(first), static_cast<int>(n)});
    first += n;
  }
  return tiles;
}

template <Runtime R>
std::size_t Attention<R>::longest_of(const AttentionRows& rows, const StepInputs<R>& inputs) const {
  if (entry_bound_ != 0) return entry_bound_;
  std::size_t longest = 0;
  for (std::size_t i = 0; i < rows.n_run; ++i) {
    longest = std::max(longest, static_cast<std::size_t>(inputs.on_host(rows.visible, i)));
  }
  return longest;
}

template <Runtime R>
template <class T>
void Attention<R>::attend_split(View<float, 2> out, View<const float, 2> q, const kernels::Cache<T>& cache, int layer,
                                const AttentionRows& rows, const AttentionShape& shape, const StepInputs<R>& inputs) {
  const auto longest = static_cast<unsigned>(longest_of(rows, inputs));
  const auto group = static_cast<unsigned>(shape.n_heads / shape.n_kv_heads);
  kernels::with_heads_at_once(group, [&]<unsigned G>() {
    using Attend = kernels::Attend<T, G>;
    typename Attend::Params p;
    set(p, out, q, cache, layer, rows, shape);
    p.max_chunks = Attend::chunks(longest);
    const kernels::Grid grid = Attend::grid(p);
    // A step that may be recorded gets a buffer for as many chunks as a slot can hold, so that the buffer does not grow
    // with the context, which would invalidate all recordings.
    const std::size_t slot_chunks = std::bit_ceil(Attend::chunks(cache.capacity));
    LITESTAGE_ASSERT(p.max_chunks <= slot_chunks, p.max_chunks, " chunks of a slot that holds ", slot_chunks);
    const std::size_t chunks = options_.through_cublas(rows.n_run) ? p.max_chunks : slot_chunks;
    p.partial = partial_.grow(rows.n_run * shape.n_heads * chunks * (shape.head_dim + 2));
    p.finished = finished_.grow(rows.n_run * grid.y);
    device_->template launch<Attend>(grid, p);
  });
}

template <Runtime R>
template <class T>
void Attention<R>::attend_tiled(View<float, 2> out, View<const float, 2> q, const kernels::Cache<T>& cache, int layer,
                                const AttentionRows& rows, const AttentionShape& shape,
                                const std::vector<Tile>& tiles) {
  int* on_device = tiles_.grow(2 * tiles.size());
  device_->runtime().copy_to_device(on_device, tiles.data(), tiles.size() * sizeof(Tile));
  kernels::with_head_dim_up_to(static_cast<unsigned>(shape.head_dim), [&]<unsigned D>() {
    using Attend = kernels::AttendTiled<T, D>;
    typename Attend::Params p;
    set(p, out, q, cache, layer, rows, shape);
    p.tiles = on_device;
    p.n_tiles = static_cast<unsigned>(tiles.size());
    device_->template launch<Attend>(Attend::grid(p), p);
  });
}

}  // namespace litestage::gpu
