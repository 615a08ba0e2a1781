// Work distribution over blocks and threads in `Attend` (attend.cuh), its shared memory, and the reading of its inputs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "litestage/kernels/attention/cache.cuh"
#include "litestage/kernels/attention/heads.cuh"
#include "litestage/kernels/products/project_qkv.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

template <class T>
struct AttendParams {
  const float* q = nullptr;  // [n_run, q_dim]
  AttentionInputs rows;
  HeadShape shape;
  float scale = 0;
  Cache<T> cache;
  unsigned layer = 0;
  float* out = nullptr;      // [n_run, q_dim]
  unsigned max_chunks = 1;   // at least chunks(visible) of every row
  float* partial = nullptr;  // [n_run, n_heads, max_chunks, head_dim + 2]: weighted values, largest score, sum
  int* finished = nullptr;   // [n_run, grid().y] must be zero before the launch; zero again afterwards
  friend bool operator==(const AttendParams&, const AttendParams&) = default;
};

// One chunk of entries of a row and a key/value head, processed by one block for up to G query heads.
template <class T, unsigned G>
struct AttendChunk {
  using Params = AttendParams<T>;
  static constexpr unsigned threads = 128;
  static constexpr unsigned size = 128;          // entries
  static constexpr unsigned most_chunks = 1024;  // chunks per row
  static constexpr unsigned lane_numbers = 8;    // numbers of an entry that one thread reads
  static constexpr unsigned lane_vectors = lane_numbers / per_vector<T>;

  // The part of the work that a block and a thread do. `lanes` neighbouring threads read an entry together, so `groups`
  // entries are read at a time. Threads past the end of an entry read nothing, but take part in barriers and shuffles.
  struct Share {
    unsigned kv_head, head, heads;  // query heads `head` .. head + heads - 1
    unsigned n;                     // entries of the chunk
    unsigned lanes, groups, lane, group;
    bool reads;
  };
  // Numbers 8 lane .. 8 lane + 7 of four entries.
  struct FourEntries {
    Vector16 bits[4][lane_vectors];
  };
  // Shared memory: queries [G][head_dim], weights [G][size], largest score and sum [G][2], a flag, and sums of values
  // [G][threads][8]. The factors of the chunks [G][most_chunks] later reuse the space of the sums.
  struct Layout {
    std::size_t weights, extremes, flag, sums, bytes;
  };

  [[nodiscard]] LITESTAGE_HOST_DEVICE static unsigned group_size(const HeadShape& s) {
    return s.n_heads / s.n_kv_heads;
  }
  // Number of blocks that share a key/value head: one per G of its query heads.
  [[nodiscard]] LITESTAGE_HOST_DEVICE static unsigned parts(const HeadShape& s) { return (group_size(s) + G - 1) / G; }
  [[nodiscard]] LITESTAGE_HOST_DEVICE static Layout layout(const HeadShape& s) {
    static_assert(most_chunks <= threads * lane_numbers);
    const std::size_t heads = group_size(s) < G ? group_size(s) : G;
    Layout at{};
    at.weights = heads * s.head_dim * 4;
    at.extremes = at.weights + heads * size * 4;
    at.flag = at.extremes + heads * 2 * 4;
    at.sums = (at.flag + 4 + 15) / 16 * 16;
    at.bytes = at.sums + heads * threads * lane_numbers * 4;
    return at;
  }
  template <class C>
  LITESTAGE_DEVICE static Share share_of(C& t, const HeadShape& shape, unsigned n) {
    Share s{};
    const unsigned part = t.block().y % parts(shape), left = group_size(shape) - part * G;
    s.kv_head = t.block().y / parts(shape);
    s.head = s.kv_head * group_size(shape) + part * G;
    s.heads = left < G ? left : G;
    s.n = n;
    s.lanes = 4;
    while (s.lanes * lane_numbers < shape.head_dim) s.lanes *= 2;
    s.groups = threads / s.lanes;
    s.lane = t.thread() % s.lanes;
    s.group = t.thread() / s.lanes;
    s.reads = s.lane * lane_numbers < shape.head_dim;
    return s;
  }

  // Loads entries first + group, first + groups + group, ...; entries past the end of the chunk are zero. `from` points
  // to this thread's numbers of the chunk's first entry.
  template <class C>
  LITESTAGE_DEVICE static FourEntries load_four(C& t, const Params& p, const Share& s, const T* from, unsigned first) {
    FourEntries four{};
    LITESTAGE_UNROLL
    for (unsigned k = 0; k < 4; ++k) {
      const unsigned e = first + k * s.groups + s.group;
      if (e >= s.n || !s.reads) continue;
      const auto* at = reinterpret_cast<const Vector16*>(from + static_cast<std::size_t>(e) * p.shape.head_dim);
      LITESTAGE_UNROLL
      for (unsigned v = 0; v < lane_vectors; ++v) four.bits[k][v] = t.load(at + v);
    }
    return four;
  }
  LITESTAGE_DEVICE static float number(const FourEntries& four, unsigned k, unsigned j) {
    return stored_element<T>(four.bits[k][j / per_vector<T>], j % per_vector<T>);
  }

  // Copies the queries of the block's heads to shared memory.
  template <class C>
  LITESTAGE_DEVICE static void load_queries(C& t, const Params& p, const Share& s) {
    const std::size_t first = static_cast<std::size_t>(t.block().z) * p.shape.q_dim() + s.head * p.shape.head_dim;
    const auto* q = reinterpret_cast<const Vector16*>(p.q + first);
    auto* to = t.template shared<Vector16>(0);
    for (unsigned j = t.thread(); j < s.heads * p.shape.head_dim / 4; j += threads) to[j] = t.load(q + j);
  }
  // Reads this thread's 8 numbers of every query from shared memory.
  template <class C>
  LITESTAGE_DEVICE static void read_queries(C& t, const Params& p, const Share& s, float (&q)[G][lane_numbers]) {
    const auto* queries = t.template shared<Vector16>(0);
    LITESTAGE_UNROLL
    for (unsigned g = 0; g < G; ++g) {
      LITESTAGE_UNROLL
      for (unsigned v = 0; v < lane_numbers / 4; ++v) {
        Vector16 bits{};
        if (g < s.heads && s.reads) bits = queries[(g * p.shape.head_dim + s.lane * lane_numbers) / 4 + v];
        LITESTAGE_UNROLL
        for (unsigned j = 0; j < 4; ++j) q[g][4 * v + j] = float_of_bits(bits.word[j]);
      }
    }
  }

  // Element j of the weighted sum of values for query g, summed over all groups.
  template <class C>
  LITESTAGE_DEVICE static float summed(C& t, const Params& p, const Share& s, unsigned g, unsigned j) {
    const auto* sums = t.template shared<std::uint32_t>(layout(p.shape).sums) + g * threads * lane_numbers + j;
    float sum = 0;
    for (unsigned k = 0; k < s.groups; ++k) sum += float_of_bits(sums[k * s.lanes * lane_numbers]);
    return sum;
  }
};

}  // namespace litestage::kernels
