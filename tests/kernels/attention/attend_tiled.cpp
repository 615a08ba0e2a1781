// Attention of many rows in the emulator: against double and `Attend`, and to the bit among schedules and tilings.
#include "litestage/kernels/attention/attend_tiled.cuh"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "kernels/attention/attention.hpp"
#include "litestage/kernels/attention/attend.cuh"

using namespace litestage;
using namespace litestage::test;
using kernels::Attend;
using kernels::AttendTiled;
using kernels::emulator::Traffic;

namespace {

// A score is one sum of head_dim products, and the values are summed entry by entry. A weight is an exponential, scaled
// by another one in every tile after its own.
auto roundings_for(unsigned head_dim) {
  return [head_dim](int visible) {
    return Roundings{static_cast<double>(head_dim), visible + 8.0, 1 + (visible + 31) / 32.0};
  };
}

// Rows first .. last of one slot, each seeing itself and all before it.
std::vector<AttentionRow> causal(int slot, int first, int last) {
  std::vector<AttentionRow> rows;
  for (int at = first; at <= last; ++at) rows.push_back({slot, at + 1, static_cast<unsigned>(at) % 40});
  return rows;
}
std::vector<AttentionRow> joined(std::vector<AttentionRow> a, const std::vector<AttentionRow>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

struct AttendedTiled {
  std::vector<float> out;
  Traffic traffic;
};

template <class T, unsigned D>
AttendedTiled attend_tiled(Emulator& emulator, const RandomAttention<T>& a, const std::vector<AttentionRow>& rows,
                           const std::vector<int>& tiles) {
  using Kernel = AttendTiled<T, D>;
  const DeviceAttention<T> device(emulator, a, rows);
  const DeviceBuffer<int> on_device = to_device(emulator, tiles);
  auto p = device.template params<typename Kernel::Params>(a);
  p.tiles = on_device.data();
  p.n_tiles = static_cast<unsigned>(tiles.size() / 2);
  const Traffic traffic = emulator.launch<Kernel>(Kernel::grid(p), p);
  return {to_host(device.out), traffic};
}

template <class T, unsigned D>
void check_against_double(unsigned head_dim, unsigned group, unsigned n_kv_heads, const std::vector<AttentionRow>& rows,
                          const std::vector<int>& tiles) {
  CAPTURE(head_dim);
  CAPTURE(group);
  CAPTURE(sizeof(T));
  const RandomAttention<T> a(head_dim, group, n_kv_heads, 300);
  std::vector<float> found;
  for (const Schedule& schedule : schedules) {
    Emulator emulator(schedule);
    const std::vector<float> out = attend_tiled<T, D>(emulator, a, rows, tiles).out;
    if (found.empty()) found = out;
    CHECK(same_bits(found, out));
  }
  CHECK(within_bound(found, expected_attention(a, rows, roundings_for(head_dim))));
}

// Tiles of 15, 16 and 1 rows in two slots, some with entries before them.
const std::vector<AttentionRow> three_tiles = joined(joined(causal(2, 60, 74), causal(0, 0, 15)), causal(1, 127, 127));
const std::vector<int> tiles_of_three = {0, 15, 15, 16, 31, 1};
const std::vector<AttentionRow> two_tiles = joined(causal(0, 26, 28), causal(1, 40, 40));
const std::vector<int> tiles_of_two = {0, 3, 3, 1};

}  // namespace

TEST_CASE("attend_tiled: tiles of 1, 15 and 16 rows agree with double, to the same bits in every schedule") {
  check_against_double<std::uint16_t, 64>(64, 3, 2, three_tiles, tiles_of_three);
  check_against_double<float, 64>(64, 1, 1, three_tiles, tiles_of_three);
}

// Rows that see the last `window` entries.
std::vector<AttentionRow> windowed(std::vector<AttentionRow> rows, int window) {
  for (AttentionRow& row : rows) row.first = std::max(0, row.visible - window);
  return rows;
}

TEST_CASE("attend_tiled: rows that see a window agree with double, and NaN before it has no effect") {
  for (const int window : {1, 5, 31, 32, 33, 70}) {
    CAPTURE(window);
    check_against_double<std::uint16_t, 64>(64, 3, 2, windowed(three_tiles, window), tiles_of_three);
  }
  check_against_double<float, 128>(96, 2, 1, windowed(three_tiles, 20), tiles_of_three);
  RandomAttention<float> a(64, 1, 1, 300);
  Emulator emulator;
  const std::vector<AttentionRow> rows = windowed(causal(0, 100, 115), 40);  // from entry 61 on
  const std::vector<float> out = attend_tiled<float, 64>(emulator, a, rows, {0, 16}).out;
  kernels::Cache<float> cache{a.k.data(), a.v.data(), RandomAttention<float>::layers, 1, a.capacity, 64};
  for (float* memory : {cache.k, cache.v}) {
    std::fill_n(memory + cache.at(0, RandomAttention<float>::layer, 0, 0), 61 * 64, NAN);
  }
  CHECK(same_bits(attend_tiled<float, 64>(emulator, a, rows, {0, 16}).out, out));
}

TEST_CASE("attend_tiled: a prefill with windows, cut anywhere, gives the bits of each row alone") {
  const RandomAttention<std::uint16_t> a(64, 3, 1, 300);
  const std::vector<AttentionRow> rows = windowed(causal(0, 50, 82), 18);
  Emulator emulator;
  const std::vector<float> whole = attend_tiled<std::uint16_t, 64>(emulator, a, rows, {0, 16, 16, 16, 32, 1}).out;
  CHECK(same_bits(attend_tiled<std::uint16_t, 64>(emulator, a, rows, {0, 1, 1, 15, 16, 2, 18, 15}).out, whole));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto first = whole.begin() + static_cast<std::ptrdiff_t>(i * a.shape.q_dim());
    CHECK(same_bits(attend_tiled<std::uint16_t, 64>(emulator, a, {rows[i]}, {0, 1}).out,
                    std::vector<float>(first, first + a.shape.q_dim())));
  }
}

TEST_CASE("attend_tiled: every head dimension and group, keys and values of both types") {
  const auto check = [&]<unsigned D>(unsigned head_dim, unsigned group) {
    check_against_double<std::uint16_t, D>(head_dim, group, 1, two_tiles, tiles_of_two);
    check_against_double<float, D>(head_dim, group, 1, two_tiles, tiles_of_two);
  };
  for (const unsigned group : {1u, 3u, 7u}) {
    for (const unsigned head_dim : {64u, 80u, 96u, 128u}) {
      kernels::with_head_dim_up_to(head_dim, [&]<unsigned D>() { check.template operator()<D>(head_dim, group); });
    }
  }
  check.template operator()<64>(16, 4);
  check.template operator()<64>(8, 1);
  check.template operator()<128>(64, 2);
  check.template operator()<256>(136, 2);
  check.template operator()<256>(256, 1);
}

TEST_CASE("attend_tiled: a whole prefill of 33 rows, cut anywhere, gives the bits of each row alone") {
  const RandomAttention<std::uint16_t> a(64, 3, 1, 300);
  const std::vector<AttentionRow> rows = causal(0, 0, 32);
  Emulator emulator;
  const std::vector<float> whole = attend_tiled<std::uint16_t, 64>(emulator, a, rows, {0, 16, 16, 16, 32, 1}).out;
  CHECK(within_bound(whole, expected_attention(a, rows, roundings_for(64))));
  CHECK(same_bits(attend_tiled<std::uint16_t, 64>(emulator, a, rows, {0, 1, 1, 15, 16, 2, 18, 15}).out, whole));
  CHECK(same_bits(attend_tiled<std::uint16_t, 128>(emulator, a, rows, {0, 16, 16, 16, 32, 1}).out, whole));
  for (const int i : {0, 15, 31, 32}) {
    const auto first = whole.begin() + i * static_cast<std::ptrdiff_t>(a.shape.q_dim());
    CHECK(same_bits(attend_tiled<std::uint16_t, 64>(emulator, a, {rows[static_cast<std::size_t>(i)]}, {0, 1}).out,
                    std::vector<float>(first, first + a.shape.q_dim())));
  }
}

TEST_CASE("attend_tiled: agrees with attend") {
  const RandomAttention<std::uint16_t> a(96, 2, 1, 300);
  const std::vector<AttentionRow> rows = causal(1, 120, 133);
  Emulator emulator;
  const std::vector<float> tiled = attend_tiled<std::uint16_t, 128>(emulator, a, rows, {0, 14}).out;
  const DeviceAttention<std::uint16_t> device(emulator, a, rows);
  using Kernel = Attend<std::uint16_t, 2>;
  auto p = device.params<Kernel::Params>(a);
  p.max_chunks = 2;
  const DeviceBuffer<float> partial(emulator, rows.size() * 2 * 2 * 98);
  const DeviceBuffer<int> finished = to_device(emulator, std::vector<int>(rows.size(), 0));
  p.partial = partial.data();
  p.finished = finished.data();
  emulator.launch<Kernel>(Kernel::grid(p), p);
  ExpectedHead split{{}, expected_attention(a, rows, roundings_for(96)).bound};
  for (const float value : to_host(device.out)) split.value.push_back(static_cast<double>(value));
  for (double& bound : split.bound) bound *= 2;  // `attend` rounds less often than this kernel
  CHECK(within_bound(tiled, split));
}

TEST_CASE("attend_tiled: what later rows of a tile see spoils no row before them") {
  RandomAttention<std::uint16_t> a(64, 1, 1, 300);
  const kernels::Cache<std::uint16_t> cache{a.k.data(), a.v.data(), RandomAttention<std::uint16_t>::layers,
                                            1,          a.capacity, 64};
  cache.k[cache.at(0, RandomAttention<std::uint16_t>::layer, 0, 37)] =
      cache.v[cache.at(0, RandomAttention<std::uint16_t>::layer, 0, 37) + 5] = 0x7e00;  // NaN
  Emulator emulator;
  const std::vector<AttentionRow> rows = causal(0, 30, 45);
  const std::vector<float> out = attend_tiled<std::uint16_t, 64>(emulator, a, rows, {0, 16}).out;
  for (unsigned i = 0; i < out.size(); ++i) CHECK(std::isnan(out[i]) == (i / 64 >= 7));
}

TEST_CASE("attend_tiled: each key and value is loaded once for the tile's rows and four heads, 16 bytes at a time") {
  const RandomAttention<std::uint16_t> a(64, 3, 2, 300);
  Emulator emulator;
  const Traffic traffic = attend_tiled<std::uint16_t, 64>(emulator, a, causal(0, 50, 64), {0, 15}).traffic;
  CHECK(traffic.loaded[4] == 2 * 2 * 65 * 64 * 2 + 15 * 6 * 64 * 4);
  CHECK(traffic.loaded[1] == 0);
  CHECK(traffic.stored[4] == 15 * 6 * 64 * 4);
  CHECK(traffic.all_stored() == traffic.stored[4]);
}
