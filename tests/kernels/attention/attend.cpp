// Attention of a few rows in the emulator: against double, and to the bit among schedules, batches and grids.
#include "litestage/kernels/attention/attend.cuh"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/attention/attention.hpp"

using namespace litestage;
using namespace litestage::test;
using kernels::Attend;
using kernels::emulator::Traffic;

namespace {

// All lengths about the sizes of a warp and of a chunk, slots in mixed order.
const std::vector<AttentionRow> mixed_rows = {{2, 129, 0}, {0, 1, 1},   {1, 1000, 2}, {0, 32, 3}, {2, 128, 4},
                                              {2, 31, 5},  {1, 127, 6}, {0, 300, 7},  {1, 33, 8}};
const std::vector<AttentionRow> short_rows = {{1, 129, 0}, {0, 33, 1}, {2, 290, 2}, {1, 1, 3}};

// A score: 8 products in a thread, at most 5 sums over lanes. Of a chunk's entries a thread adds up 4 to 32, which are
// then 32 to 4 threads' sums: at most 36 operations; and one for each chunk.
Roundings roundings_of(int visible) {
  return {8 + 5, 36.0 + Attend<float, 1>::chunks(static_cast<unsigned>(visible)), 2};
}

struct Attended {
  std::vector<float> out;
  bool counters_zero = false;
  Traffic traffic;
};

unsigned longest(const std::vector<AttentionRow>& rows) {
  int most = 0;
  for (const AttentionRow& row : rows) most = std::max(most, row.visible);
  return static_cast<unsigned>(most);
}

// With `spare` more chunks than the longest row has.
template <class T, unsigned G>
Attended attend(Emulator& emulator, const RandomAttention<T>& a, const std::vector<AttentionRow>& rows,
                unsigned spare = 0) {
  using Kernel = Attend<T, G>;
  const DeviceAttention<T> device(emulator, a, rows);
  auto p = device.template params<typename Kernel::Params>(a);
  p.max_chunks = Kernel::chunks(longest(rows)) + spare;
  const Grid grid = Kernel::grid(p);
  const DeviceBuffer<float> partial(emulator, rows.size() * a.shape.n_heads * p.max_chunks * (a.shape.head_dim + 2));
  const DeviceBuffer<int> finished = to_device(emulator, std::vector<int>(rows.size() * grid.y, 0));
  p.partial = partial.data();
  p.finished = finished.data();
  Attended result;
  result.traffic = emulator.launch<Kernel>(grid, p);
  result.out = to_host(device.out);
  result.counters_zero = to_host(finished) == std::vector<int>(finished.size(), 0);
  return result;
}

template <class T, unsigned G>
void check_against_double(unsigned head_dim, unsigned group, unsigned n_kv_heads,
                          const std::vector<AttentionRow>& rows) {
  CAPTURE(head_dim);
  CAPTURE(group);
  CAPTURE(sizeof(T));
  const RandomAttention<T> a(head_dim, group, n_kv_heads, longest(rows));
  std::vector<float> found;
  for (const Schedule& schedule : schedules) {
    Emulator emulator(schedule);
    const Attended result = attend<T, G>(emulator, a, rows);
    if (found.empty()) found = result.out;
    CHECK(same_bits(result.out, found));
    CHECK(result.counters_zero);
  }
  CHECK(within_bound(found, expected_attention(a, rows, roundings_of)));
}
// Those of row i alone.
std::vector<float> row_of(const std::vector<float>& out, const kernels::HeadShape& shape, std::size_t i) {
  const auto first = out.begin() + static_cast<std::ptrdiff_t>(i * shape.q_dim());
  return {first, first + shape.q_dim()};
}

}  // namespace

TEST_CASE("attend: rows of all lengths agree with double, to the same bits in every schedule") {
  check_against_double<std::uint16_t, 4>(64, 3, 2, mixed_rows);
  check_against_double<float, 1>(64, 1, 1, mixed_rows);
}

TEST_CASE("attend: every head dimension and group, keys and values of both types") {
  for (const unsigned head_dim : {64u, 80u, 96u, 128u}) {
    check_against_double<std::uint16_t, 1>(head_dim, 1, 1, short_rows);
    check_against_double<std::uint16_t, 4>(head_dim, 3, 1, short_rows);
    check_against_double<std::uint16_t, 8>(head_dim, 7, 1, short_rows);
    check_against_double<float, 1>(head_dim, 1, 1, short_rows);
    check_against_double<float, 4>(head_dim, 3, 1, short_rows);
    check_against_double<float, 4>(head_dim, 7, 1, short_rows);  // two blocks share a key/value head
  }
  check_against_double<std::uint16_t, 2>(16, 2, 4, short_rows);
  check_against_double<float, 4>(16, 2, 4, short_rows);
  check_against_double<std::uint16_t, 1>(8, 1, 1, short_rows);
  check_against_double<std::uint16_t, 8>(256, 8, 1, short_rows);
  check_against_double<float, 1>(256, 1, 1, short_rows);
}

// Windows that begin and end anywhere in chunks.
const std::vector<AttentionRow> windowed_rows = {{2, 129, 0, 0}, {0, 300, 1, 172}, {1, 290, 2, 1}, {0, 33, 3, 32},
                                                 {2, 260, 4, 3}, {0, 257, 5, 128}, {1, 31, 6, 7},  {1, 300, 7, 43}};

TEST_CASE("attend: rows that see a window agree with double, and NaN before it has no effect") {
  check_against_double<std::uint16_t, 4>(64, 3, 2, windowed_rows);
  check_against_double<float, 1>(80, 1, 1, windowed_rows);
  RandomAttention<float> a(64, 1, 1, 300);
  Emulator emulator;
  const std::vector<AttentionRow> rows = {{0, 300, 1, 150}, {0, 299, 2, 170}};
  const std::vector<float> out = attend<float, 1>(emulator, a, rows).out;
  kernels::Cache<float> cache{a.k.data(), a.v.data(), RandomAttention<float>::layers, 1, a.capacity, 64};
  for (float* memory : {cache.k, cache.v}) {
    std::fill_n(memory + cache.at(0, RandomAttention<float>::layer, 0, 0), 150 * 64, NAN);
  }
  CHECK(same_bits(attend<float, 1>(emulator, a, rows).out, out));
}

TEST_CASE("attend: a row's bits depend neither on the batch, nor on room for more chunks, nor on the heads at once") {
  const RandomAttention<std::uint16_t> a(80, 7, 2, 300);
  const std::vector<AttentionRow> rows = {{2, 129, 0}, {0, 300, 1}, {2, 5, 2}, {0, 128, 3}};
  Emulator emulator;
  const std::vector<float> all = attend<std::uint16_t, 8>(emulator, a, rows).out;
  CHECK(same_bits(attend<std::uint16_t, 8>(emulator, a, rows, 4).out, all));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CHECK(same_bits(attend<std::uint16_t, 8>(emulator, a, {rows[i]}).out, row_of(all, a.shape, i)));
  }
  const std::vector<AttentionRow> others = {{1, 17, 9}, rows[1], {1, 200, 8}};
  CHECK(same_bits(row_of(attend<std::uint16_t, 8>(emulator, a, others, 1).out, a.shape, 1), row_of(all, a.shape, 1)));
  const Attended fewer = attend<std::uint16_t, 2>(emulator, a, rows);  // four blocks for the seven heads
  CHECK(same_bits(fewer.out, all));
  CHECK(fewer.counters_zero);
  CHECK(same_bits(attend<std::uint16_t, 4>(emulator, a, rows).out, all));
  const std::vector<float> windows = attend<std::uint16_t, 8>(emulator, a, windowed_rows, 2).out;
  for (std::size_t i = 0; i < windowed_rows.size(); ++i) {
    CHECK(same_bits(attend<std::uint16_t, 8>(emulator, a, {windowed_rows[i]}).out, row_of(windows, a.shape, i)));
  }
}

TEST_CASE("attend: as many heads at once as a group has, or more, up to 8") {
  const auto at_once = [](unsigned group) {
    return kernels::with_heads_at_once(group, []<unsigned G>() { return G; });
  };
  const unsigned expected[] = {1, 2, 4, 4, 8, 8, 8, 8, 8};
  for (unsigned group = 1; group <= 9; ++group) CHECK(at_once(group) == expected[group - 1]);
}

TEST_CASE("attend: more query heads to a key/value head than a block serves") {
  check_against_double<std::uint16_t, 8>(32, 19, 2, short_rows);
}

TEST_CASE("attend: a query that only one key answers gives that key's value") {
  RandomAttention<float> a(64, 1, 1, 300);
  const std::vector<AttentionRow> rows = {{0, 300, 0}};
  kernels::Cache<float> cache{a.k.data(), a.v.data(), RandomAttention<float>::layers, 1, a.capacity, 64};
  for (const unsigned chosen : {0u, 127u, 128u, 299u}) {
    for (unsigned e = 0; e < 300; ++e)
      std::fill_n(cache.k + cache.at(0, RandomAttention<float>::layer, 0, e), 64, 0.0f);
    cache.k[cache.at(0, RandomAttention<float>::layer, 0, chosen) + chosen % 64] = 1;
    std::fill_n(a.q.begin(), 64, 0.0f);
    a.q[chosen % 64] = 1e4f;
    Emulator emulator;
    const float* value = cache.v + cache.at(0, RandomAttention<float>::layer, 0, chosen);
    CHECK(same_bits(attend<float, 1>(emulator, a, rows).out, std::vector<float>(value, value + 64)));
  }
}

TEST_CASE("attend: NaN in a query spoils its own head and no other") {
  RandomAttention<std::uint16_t> a(64, 3, 1, 200);
  a.q[64 + 9] = NAN;  // of head 1 of the first row
  Emulator emulator;
  const std::vector<float> out = attend<std::uint16_t, 4>(emulator, a, {{0, 200, 0}, {0, 90, 1}}).out;
  for (unsigned i = 0; i < out.size(); ++i) CHECK(std::isnan(out[i]) == (i / 64 == 1));
}

TEST_CASE("attend: each key and value is loaded once for all heads of its group, 16 bytes at a time") {
  constexpr unsigned group = 7, kv_heads = 2, visible = 300, chunks = 3;
  for (const unsigned head_dim : {64u, 80u}) {
    const RandomAttention<std::uint16_t> a(head_dim, group, kv_heads, visible);
    Emulator emulator;
    const Traffic traffic = attend<std::uint16_t, 8>(emulator, a, {{1, visible, 0}}).traffic;
    const unsigned cache = 2 * kv_heads * visible * head_dim * 2, queries = group * kv_heads * head_dim * 4;
    CHECK(traffic.loaded[4] == cache + chunks * queries);
    CHECK(traffic.loaded[1] == 0);
    // Every thread of a block asks for its row's slot and length; what the chunks found is read once.
    const unsigned found = group * kv_heads * chunks * (head_dim + 2) * 4;
    CHECK(traffic.loaded[2] == chunks * kv_heads * 128 * 2 * 4 + found);
    CHECK(traffic.stored[2] == found + queries);
    CHECK(traffic.all_stored() == traffic.stored[2]);
  }
}
