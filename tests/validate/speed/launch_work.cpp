// The minimum work of a launch, for kernels for which it can be counted by hand.
#include "litestage/validate/speed/launch_work.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

using namespace litestage;
using namespace litestage::validation;

namespace {

// Host memory in place of the device's.
[[nodiscard]] std::vector<int> read_host(const int* from, std::size_t n) {
  return {from, from + n};
}

}  // namespace

TEST_CASE("launch work: a product reads its weights and inputs once") {
  kernels::ProjectAdd<DType::q8_0, 16>::Params p;
  p.w.type = DType::q8_0;
  p.w.rows = 8;
  p.w.columns = 64;
  p.in.n = 3;
  p.in.columns = 64;
  const LaunchWork work = work_of(kernels::ProjectAdd<DType::q8_0, 16>{}, p, read_host);
  CHECK(work.of == "8 x 64 Q8_0, 3 inputs");
  CHECK(work.own_bytes == 8 * (64 + 2 * 2));
  CHECK(work.bytes == work.own_bytes + 4 * 3 * 64 + 2 * 4 * 3 * 8);
  CHECK(work.flop == 2 * 3 * 8 * 64);
}

TEST_CASE("launch work: attention reads what any row of a slot sees once, and partial results of several chunks") {
  const std::vector<int> slots{0, 0, 1}, visible{10, 300, 5};
  kernels::Attend<std::uint16_t, 2>::Params p;
  p.rows.slots = slots.data();
  p.rows.visible = visible.data();
  p.rows.n_run = 3;
  p.shape.n_heads = 2;
  p.shape.n_kv_heads = 1;
  p.shape.head_dim = 8;
  const LaunchWork work = work_of(kernels::Attend<std::uint16_t, 2>{}, p, read_host);
  CHECK(work.of == "3 rows, 305 entries, 2/1 heads of 8");
  CHECK(work.own_bytes == 2 * 2 * 305 * 8);
  CHECK(work.bytes == work.own_bytes + 2 * 4 * 3 * 16 + 2 * 4 * 3 * 2 * (8 + 2));
  const std::vector<int> first{4, 250, 0};
  p.rows.first = first.data();
  const LaunchWork windowed = work_of(kernels::Attend<std::uint16_t, 2>{}, p, read_host);
  CHECK(windowed.of == "3 rows, 301 entries, 2/1 heads of 8");  // 4 to 300 of slot 0
  CHECK(windowed.bytes == windowed.own_bytes + 2 * 4 * 3 * 16);
  CHECK(windowed.flop == 4 * 16 * (6 + 50 + 5));
}

TEST_CASE("launch work: copies of entries") {
  const std::vector<int> copies{0, 0, 0, 1, 0, 0, 5, 2, 1, 7, 3, 1, 9, 2};  // five entries, and two
  kernels::CopyEntries<float>::Params p;
  p.cache.kv_heads = 2;
  p.cache.head_dim = 8;
  p.copies = copies.data();
  p.n = 2;
  const LaunchWork work = work_of(kernels::CopyEntries<float>{}, p, read_host);
  CHECK(work.of == "7 entries in 2 copies");
  CHECK(work.bytes == 2 * 2 * 7 * 16 * 4 + 2 * 7 * 4);
}
