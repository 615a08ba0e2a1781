// Attention for many rows, as in a prefill: a block takes up to 16 consecutive rows of one slot and a few query heads
// that share a key/value head, and processes the entries in tiles of 32 with a running softmax. Each key and value is
// thus read once for 16 rows of these heads. Rows see different entries, because positions ascend; entries of a tile
// that a row does not see are excluded from its sums.
//
// Tiles of entries begin at multiples of 32, so a row's result depends only on its own entries. It differs from that of
// `Attend` in the last bits, because the order of summation is different.
#pragma once

#include <cstddef>

#include "litestage/kernels/attention/cache.cuh"
#include "litestage/kernels/attention/heads.cuh"
#include "litestage/kernels/products/project_qkv.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

// D is the largest head dimension of this instance (64, 128 or 256). Eight threads keep the sums of a row and head in
// registers, D / 8 numbers each, and a block serves as many heads as fit into 32 registers per thread.
template <class T, unsigned D>
struct AttendTiled {
  static constexpr const char* name = "attend_tiled";
  static constexpr unsigned threads = 128;
  static constexpr unsigned tile_rows = 16, tile_entries = 32;
  static constexpr unsigned lanes = threads / tile_rows;  // 8 per row
  static constexpr unsigned heads_at_once = largest_head_dim / D;
  struct Params {
    const float* q = nullptr;  // [n_run, q_dim]
    AttentionInputs rows;
    const int* tiles = nullptr;  // [n_tiles][2]: first row, number of rows (1 to 16); all of one slot
    unsigned n_tiles = 0;
    HeadShape shape;
    float scale = 0;
    Cache<T> cache;
    unsigned layer = 0;
    float* out = nullptr;  // [n_run, q_dim]
    friend bool operator==(const Params&, const Params&) = default;
  };
  static std::size_t shared_bytes(const Params& p) { return layout(p.shape).bytes; }
  static Grid grid(const Params& p) { return {p.n_tiles, p.shape.n_kv_heads * parts(p.shape)}; }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    const Share s = share_of(t, p);
    const Layout at = layout(p.shape);
    const auto slot = static_cast<unsigned>(t.load(p.rows.slots + s.first_row));
    // Rows of a slot are in the order of their positions, so the last one sees the most entries.
    const auto n = static_cast<unsigned>(t.load(p.rows.visible + s.first_row + s.n_rows - 1));
    const std::size_t entries = p.cache.at(slot, p.layer, s.kv_head, 0);
    load_queries(t, p, s);
    Running sums[heads_at_once];
    // The first row sees the earliest entries.
    const unsigned begin = s.first_entry_of(t, p, s.first_row) / tile_entries * tile_entries;
    for (unsigned first = begin; first < n; first += tile_entries) {
      const unsigned count = n - first < tile_entries ? n - first : tile_entries;
      const std::size_t tile = entries + static_cast<std::size_t>(first) * p.shape.head_dim;
      t.sync();  // all threads are done with the previous tile
      load_tile(t, p.cache.k + tile, p.shape.head_dim, count, at.keys);
      load_tile(t, p.cache.v + tile, p.shape.head_dim, count, at.values);
      t.sync();
      const Seen seen{in_tile(s.first_entry, first), in_tile(s.visible, first)};
      weigh_keys(t, p, s, seen, sums);
      t.sync();  // weights pass between lanes of a warp; shuffles do not order memory accesses
      add_values(t, p, s, seen, sums);
    }
    store(t, p, s, sums);
  }

 private:
  static constexpr unsigned vectors = D / per_vector<T>;           // per entry, at most
  static constexpr unsigned lane_vectors = vectors / lanes;        // vectors of an entry's values that one thread sums
  static constexpr unsigned lane_entries = tile_entries / lanes;   // entries of a tile whose scores one thread computes
  static constexpr unsigned weight_stride = tile_entries + lanes;  // places the four rows of a warp in different banks

  struct Share {
    unsigned kv_head, head, heads;  // query heads `head` .. head + heads - 1
    unsigned first_row, n_rows;     // rows of the block
    unsigned r, lane;               // this thread's row in the tile, and its index among the row's 8 threads
    unsigned row;                   // row r of the tile, or the last row if r is past the end
    unsigned first_entry, visible;  // the entries that it sees

    template <class C>
    LITESTAGE_DEVICE static unsigned first_entry_of(C& t, const Params& p, unsigned row) {
      return p.rows.first == nullptr ? 0 : static_cast<unsigned>(t.load(p.rows.first + row));
    }
  };
  // The entries of a tile that a row sees, counted from the tile's first. first = last: none.
  struct Seen {
    unsigned first, last;
  };
  // The place of an entry in the tile that begins at `tile`, between 0 and tile_entries.
  LITESTAGE_DEVICE static unsigned in_tile(unsigned entry, unsigned tile) {
    return entry <= tile ? 0 : entry - tile < tile_entries ? entry - tile : tile_entries;
  }
  // The running softmax of a row. value[m * per_vector + j]: number j of vector lane + 8 m of the weighted values.
  struct Running {
    float value[D / lanes] = {};
    float largest = -HUGE_VALF, sum = 0;
  };
  // Shared memory: queries [heads][16][head_dim], keys and values [32][stride] as stored, weights [heads][16][40].
  struct Layout {
    // Vectors from one entry to the next. The number is odd, so that 8 threads that each read an entry use all banks
    // evenly.
    unsigned stride;
    std::size_t keys, values, weights, bytes;
  };

  [[nodiscard]] LITESTAGE_HOST_DEVICE static unsigned group_size(const HeadShape& s) {
    return s.n_heads / s.n_kv_heads;
  }
  // Number of blocks that share a key/value head.
  [[nodiscard]] LITESTAGE_HOST_DEVICE static unsigned parts(const HeadShape& s) {
    return (group_size(s) + heads_at_once - 1) / heads_at_once;
  }
  [[nodiscard]] LITESTAGE_HOST_DEVICE static Layout layout(const HeadShape& s) {
    const std::size_t heads = group_size(s) < heads_at_once ? group_size(s) : heads_at_once;
    Layout at{};
    at.stride = (s.head_dim / per_vector<T>) | 1u;
    at.keys = heads * tile_rows * s.head_dim * 4;
    at.values = at.keys + std::size_t{tile_entries} * at.stride * 16;
    at.weights = at.values + std::size_t{tile_entries} * at.stride * 16;
    at.bytes = at.weights + heads * tile_rows * weight_stride * 4;
    return at;
  }
  template <class C>
  LITESTAGE_DEVICE static Share share_of(C& t, const Params& p) {
    Share s{};
    const unsigned part = t.block().y % parts(p.shape), left = group_size(p.shape) - part * heads_at_once;
    s.kv_head = t.block().y / parts(p.shape);
    s.head = s.kv_head * group_size(p.shape) + part * heads_at_once;
    s.heads = left < heads_at_once ? left : heads_at_once;
    s.first_row = static_cast<unsigned>(t.load(p.tiles + 2 * t.block().x));
    s.n_rows = static_cast<unsigned>(t.load(p.tiles + 2 * t.block().x + 1));
    s.r = t.thread() / lanes;
    s.lane = t.thread() % lanes;
    s.row = s.first_row + (s.r < s.n_rows ? s.r : s.n_rows - 1);
    s.first_entry = s.first_entry_of(t, p, s.row);
    s.visible = static_cast<unsigned>(t.load(p.rows.visible + s.row));
    return s;
  }

  // The threads of a row load its queries; rows past the last one are zero.
  template <class C>
  LITESTAGE_DEVICE static void load_queries(C& t, const Params& p, const Share& s) {
    const unsigned row_vectors = p.shape.head_dim / 4;
    const std::size_t first = static_cast<std::size_t>(s.row) * p.shape.q_dim() + s.head * p.shape.head_dim;
    const auto* q = reinterpret_cast<const Vector16*>(p.q + first);
    auto* queries = t.template shared<Vector16>(0);
    for (unsigned g = 0; g < s.heads; ++g) {
      for (unsigned v = s.lane; v < row_vectors; v += lanes) {
        Vector16& to = queries[(g * tile_rows + s.r) * row_vectors + v];
        to = s.r < s.n_rows ? t.load(q + g * row_vectors + v) : Vector16{};
      }
    }
  }

  // Copies the first `count` entries at `from` to shared memory, in their stored type.
  template <class C>
  LITESTAGE_DEVICE static void load_tile(C& t, const T* from, unsigned head_dim, unsigned count, std::size_t to) {
    const unsigned n = head_dim / per_vector<T>, stride = n | 1u;
    const auto* entries = reinterpret_cast<const Vector16*>(from);
    auto* tile = t.template shared<Vector16>(to);
    LITESTAGE_UNROLL
    for (unsigned k = 0; k < tile_entries * vectors / threads; ++k) {
      const unsigned index = t.thread() + k * threads, e = index / vectors, v = index % vectors;
      if (e < count && v < n) tile[e * stride + v] = t.load(entries + e * n + v);
    }
  }

  // dot[g][k] = <q_g, key lane + 8 k>; undefined for entries past the end of the tile.
  template <class C>
  LITESTAGE_DEVICE static void multiply_keys(C& t, const Params& p, const Share& s,
                                             float (&dot)[heads_at_once][lane_entries]) {
    const Layout at = layout(p.shape);
    const auto* keys = t.template shared<Vector16>(at.keys);
    const auto* queries = t.template shared<Vector16>(0);
    for (unsigned v = 0; v < p.shape.head_dim / per_vector<T>; ++v) {
      Vector16 key[lane_entries];
      LITESTAGE_UNROLL
      for (unsigned k = 0; k < lane_entries; ++k) key[k] = keys[(s.lane + k * lanes) * at.stride + v];
      LITESTAGE_UNROLL
      for (unsigned g = 0; g < heads_at_once; ++g) {
        if (g >= s.heads) continue;
        LITESTAGE_UNROLL
        for (unsigned j = 0; j < per_vector<T>; j += 4) {
          const Vector16 q = queries[((g * tile_rows + s.r) * p.shape.head_dim + v * per_vector<T> + j) / 4];
          LITESTAGE_UNROLL
          for (unsigned x = 0; x < 4 * lane_entries; ++x) {
            const unsigned k = x / 4;
            dot[g][k] = fmaf(float_of_bits(q.word[x % 4]), stored_element<T>(key[k], j + x % 4), dot[g][k]);
          }
        }
      }
    }
  }
  // Computes the weights of a row for this tile relative to the largest score so far, and rescales the earlier sums.
  template <class C>
  LITESTAGE_DEVICE static void weigh_keys(C& t, const Params& p, const Share& s, const Seen& seen,
                                          Running (&sums)[heads_at_once]) {
    // Until the tile of the first entry that a row sees, its largest score is -inf, which has no difference to itself.
    const bool none_yet = seen.first == tile_entries;
    float dot[heads_at_once][lane_entries] = {};
    multiply_keys(t, p, s, dot);
    LITESTAGE_UNROLL
    for (unsigned g = 0; g < heads_at_once; ++g) {
      if (g >= s.heads) continue;
      float* weights = t.template shared<float>(layout(p.shape).weights) + (g * tile_rows + s.r) * weight_stride;
      float score[lane_entries], largest = sums[g].largest;
      LITESTAGE_UNROLL
      for (unsigned k = 0; k < lane_entries; ++k) {
        const unsigned e = s.lane + k * lanes;
        score[k] = e >= seen.first && e < seen.last ? p.scale * dot[g][k] : -HUGE_VALF;
        largest = score[k] > largest ? score[k] : largest;
      }
      largest = warp_max<lanes>(t, largest);
      const float base = none_yet ? 0.0f : largest;
      float sum = 0;
      LITESTAGE_UNROLL
      for (unsigned k = 0; k < lane_entries; ++k) {
        const float weight = exponential(score[k] - base);
        weights[s.lane + k * lanes] = weight;
        sum += weight;
      }
      sum = warp_sum<lanes>(t, sum);
      const float factor = exponential(sums[g].largest - base);
      sums[g].sum = fmaf(sums[g].sum, factor, sum);
      sums[g].largest = largest;
      LITESTAGE_UNROLL
      for (unsigned j = 0; j < D / lanes; ++j) sums[g].value[j] *= factor;
    }
  }

  template <class C>
  LITESTAGE_DEVICE static void add_values(C& t, const Params& p, const Share& s, const Seen& seen,
                                          Running (&sums)[heads_at_once]) {
    const Layout at = layout(p.shape);
    const float* weights = t.template shared<float>(at.weights) + s.r * weight_stride;
    const auto* values = t.template shared<Vector16>(at.values);
    for (unsigned e = seen.first; e < seen.last; ++e) {
      LITESTAGE_UNROLL
      for (unsigned m = 0; m < lane_vectors; ++m) {
        const unsigned v = s.lane + m * lanes;
        if (v * per_vector<T> >= p.shape.head_dim) continue;
        const Vector16 bits = values[e * at.stride + v];
        LITESTAGE_UNROLL
        for (unsigned g = 0; g < heads_at_once; ++g) {
          if (g >= s.heads) continue;
          const float weight = weights[g * tile_rows * weight_stride + e];
          LITESTAGE_UNROLL
          for (unsigned j = 0; j < per_vector<T>; ++j) {
            float& value = sums[g].value[m * per_vector<T> + j];
            value = fmaf(weight, stored_element<T>(bits, j), value);
          }
        }
      }
    }
  }

  template <class C>
  LITESTAGE_DEVICE static void store(C& t, const Params& p, const Share& s, const Running (&sums)[heads_at_once]) {
    if (s.r >= s.n_rows) return;
    float* out = p.out + static_cast<std::size_t>(s.row) * p.shape.q_dim() + s.head * p.shape.head_dim;
    LITESTAGE_UNROLL
    for (unsigned g = 0; g < heads_at_once; ++g) {
      LITESTAGE_UNROLL
      for (unsigned j = 0; j < D / lanes; j += 4) {
        const unsigned at = (s.lane + j / per_vector<T> * lanes) * per_vector<T> + j % per_vector<T>;
        if (g >= s.heads || at >= p.shape.head_dim) continue;
        Vector16 bits;
        LITESTAGE_UNROLL
        for (unsigned x = 0; x < 4; ++x) bits.word[x] = bits_of(sums[g].value[j + x] / sums[g].sum);
        t.store(reinterpret_cast<Vector16*>(out + g * p.shape.head_dim + at), bits);
      }
    }
  }
};

// Calls f.operator()<D>() with the smallest D that is at least head_dim.
template <class F>
decltype(auto) with_head_dim_up_to(unsigned head_dim, F&& f) {
  if (head_dim <= 64) return f.template operator()<64>();
  if (head_dim <= 128) return f.template operator()<128>();
  return f.template operator()<256>();
}

}  // namespace litestage::kernels
