// Attention of many rows, as a prefill has them: a block takes up to 16 rows that follow one another in one slot, and
// one query head, and walks the entries in tiles of 32 with a running softmax, so each key and value is read once for
// 16 rows. Rows see different numbers of entries (stored positions ascend): the rest of a tile is left out of the sums.
//
// A row's result depends on its own entries alone, but not to the bit on what `Attend` gives: the sums have another
// order.
#pragma once

#include <cstddef>

#include "litestage/kernels/cache.cuh"
#include "litestage/kernels/heads.cuh"
#include "litestage/kernels/project_qkv.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

// D: the head dimension is at most this (64, 128 or 256): sums live in D / 8 registers of every thread.
template <class T, unsigned D>
struct AttendTiled {
  static constexpr const char* name = "attend_tiled";
  static constexpr unsigned threads = 128;
  static constexpr unsigned tile_rows = 16, tile_entries = 32;
  static constexpr unsigned lanes = threads / tile_rows;  // 8 to a row
  struct Params {
    const float* q = nullptr;  // [n_run, q_dim]
    AttentionInputs rows;
    const int* tiles = nullptr;  // [n_tiles][2]: first row, number of rows; all of one slot
    unsigned n_tiles = 0;
    HeadShape shape;
    float scale = 0;
    Cache<T> cache;
    unsigned layer = 0;
    float* out = nullptr;  // [n_run, q_dim]
  };
  static std::size_t shared_bytes(const Params& p) { return layout(p.shape.head_dim).bytes; }
  static Grid grid(const Params& p) { return {p.n_tiles, p.shape.n_heads}; }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    const unsigned d = p.shape.head_dim, head = t.block().y;
    const Layout at = layout(d);
    const auto first_row = static_cast<unsigned>(t.load(p.tiles + 2 * t.block().x));
    const auto n_rows = static_cast<unsigned>(t.load(p.tiles + 2 * t.block().x + 1));
    const unsigned r = t.thread() / lanes, part = t.thread() % lanes;
    const unsigned i = first_row + (r < n_rows ? r : n_rows - 1);
    const auto visible = static_cast<unsigned>(t.load(p.rows.visible + i));
    const auto slot = static_cast<unsigned>(t.load(p.rows.slots + first_row));
    // Rows of a slot stand in the order of their positions, so the last one sees most.
    const auto n = static_cast<unsigned>(t.load(p.rows.visible + first_row + n_rows - 1));
    const std::size_t entries = p.cache.at(slot, p.layer, head / (p.shape.n_heads / p.shape.n_kv_heads), 0);

    load_queries(t, p, first_row, n_rows, head);
    Running sums;
    for (unsigned first = 0; first < n; first += tile_entries) {
      t.sync();  // the tile before has been used
      const unsigned count = n - first < tile_entries ? n - first : tile_entries;
      load_tile(t, at.keys, at.stride, p.cache.k + entries + static_cast<std::size_t>(first) * d, count, d);
      load_tile(t, at.values, at.stride, p.cache.v + entries + static_cast<std::size_t>(first) * d, count, d);
      t.sync();
      score_tile(t, p, at, r, part, first, visible, sums);
      t.sync();
      add_values(t, at, r, part, d, sums);
    }
    if (r >= n_rows) return;
    float* out = p.out + static_cast<std::size_t>(i) * p.shape.q_dim() + head * d;
    LITESTAGE_UNROLL
    for (unsigned k = 0; k < D / lanes; ++k) {
      if (part + k * lanes < d) t.store(out + part + k * lanes, sums.value[k] / sums.sum);
    }
  }

 private:
  // A row's softmax so far: numbers part, part + 8, ... of the weighted values.
  struct Running {
    float value[D / lanes] = {};
    float largest = -HUGE_VALF, sum = 0;
  };
  // Shared memory: queries [16][d], keys and values [32][stride], weights [16][32]. The stride keeps threads that walk
  // different entries apart in the banks.
  struct Layout {
    unsigned stride;
    std::size_t keys, values, weights, bytes;
  };
  LITESTAGE_HOST_DEVICE static Layout layout(unsigned d) {
    Layout at{};
    at.stride = d + 1;
    at.keys = std::size_t{tile_rows} * d * 4;
    at.values = at.keys + std::size_t{tile_entries} * at.stride * 4;
    at.weights = at.values + std::size_t{tile_entries} * at.stride * 4;
    at.bytes = at.weights + std::size_t{tile_rows} * tile_entries * 4;
    return at;
  }

  template <class C>
  LITESTAGE_DEVICE static void load_queries(C& t, const Params& p, unsigned first_row, unsigned n_rows, unsigned head) {
    const unsigned d = p.shape.head_dim;
    for (unsigned j = t.thread(); j < tile_rows * d; j += threads) {
      const unsigned r = j / d;
      const std::size_t row = first_row + r;
      t.template shared<float>(0)[j] = r < n_rows ? t.load(p.q + row * p.shape.q_dim() + head * d + j % d) : 0.0f;
    }
  }

  // `count` entries of [d] as floats; zeros for the rest of the tile.
  template <class C>
  LITESTAGE_DEVICE static void load_tile(C& t, std::size_t to, unsigned stride, const T* from, unsigned count,
                                         unsigned d) {
    float* tile = t.template shared<float>(to);
    const unsigned vectors = d / per_vector<T>;
    for (unsigned j = t.thread(); j < tile_entries * vectors; j += threads) {
      const unsigned e = j / vectors, v = j % vectors;
      Vector16 bits{};
      if (e < count) bits = t.load(reinterpret_cast<const Vector16*>(from + static_cast<std::size_t>(e) * d) + v);
      LITESTAGE_UNROLL
      for (unsigned k = 0; k < per_vector<T>; ++k) {
        tile[e * stride + v * per_vector<T> + k] = stored_element<T>(bits, k);
      }
    }
  }

  // The weights of a row in this tile, relative to the largest score so far; what was summed before is scaled to it.
  template <class C>
  LITESTAGE_DEVICE static void score_tile(C& t, const Params& p, const Layout& at, unsigned r, unsigned part,
                                          unsigned first, unsigned visible, Running& sums) {
    const unsigned d = p.shape.head_dim;
    const float* q = t.template shared<float>(0) + r * d;
    const float* keys = t.template shared<float>(at.keys);
    float score[tile_entries / lanes];
    float largest = sums.largest;
    LITESTAGE_UNROLL
    for (unsigned k = 0; k < tile_entries / lanes; ++k) {
      const unsigned e = part + k * lanes;
      float dot = 0;
      for (unsigned j = 0; j < d; ++j) dot = fmaf(q[j], keys[e * at.stride + j], dot);
      score[k] = first + e < visible ? p.scale * dot : -HUGE_VALF;
      largest = score[k] > largest ? score[k] : largest;
    }
    largest = warp_max<lanes>(t, largest);
    float sum = 0;
    LITESTAGE_UNROLL
    for (unsigned k = 0; k < tile_entries / lanes; ++k) {
      const float weight = exponential(score[k] - largest);  // entry 0 is seen by all, so `largest` is finite
      t.template shared<float>(at.weights)[r * tile_entries + part + k * lanes] = weight;
      sum += weight;
    }
    sum = warp_sum<lanes>(t, sum);
    const float factor = exponential(sums.largest - largest);
    sums.sum = fmaf(sums.sum, factor, sum);
    sums.largest = largest;
    LITESTAGE_UNROLL
    for (unsigned k = 0; k < D / lanes; ++k) sums.value[k] *= factor;
  }

  template <class C>
  LITESTAGE_DEVICE static void add_values(C& t, const Layout& at, unsigned r, unsigned part, unsigned d,
                                          Running& sums) {
    const float* weights = t.template shared<float>(at.weights) + r * tile_entries;
    const float* values = t.template shared<float>(at.values);
    for (unsigned e = 0; e < tile_entries; ++e) {
      LITESTAGE_UNROLL
      for (unsigned k = 0; k < D / lanes; ++k) {
        const unsigned j = part + k * lanes;
        if (j < d) sums.value[k] = fmaf(weights[e], values[e * at.stride + j], sums.value[k]);
      }
    }
  }
};

}  // namespace litestage::kernels
