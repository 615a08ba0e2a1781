// ProjectQkv in the emulator: compared with double, and to the bit among schedules, batches and grids and with two
// launches.
#include "litestage/kernels/products/project_qkv.cuh"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "kernels/attention/attention_rows.hpp"
#include "litestage/kernels/attention/finish_heads.cuh"

using namespace litestage;
using namespace litestage::test;
using kernels::FinishHeads;
using kernels::HeadShape;
using kernels::ProjectQkv;

namespace {

using Half = std::uint16_t;

struct Weights {
  RandomWeight q, k, v;
  Weights(const AttentionSetting& s, DType q_type, DType k_type, DType v_type, unsigned hidden)
      : q(q_type, s.dim(0), hidden, 1), k(k_type, s.dim(1), hidden, 2), v(v_type, s.dim(2), hidden, 3) {}
  [[nodiscard]] const RawTensor& operator[](unsigned m) const { return m == 0 ? q.raw : m == 1 ? k.raw : v.raw; }
};

struct Launch {
  unsigned first = 0, n = 0;  // of the setting's rows
  unsigned resident = 64;
  bool two_launches = false;  // by way of the raw sums
};

template <unsigned N, class T>
AttentionResult<T> project(Emulator& emulator, const AttentionSetting& s, const Weights& w, const NormedRows& rows,
                           const Launch& launch) {
  const DeviceMatrix q(emulator, w[0]), k(emulator, w[1]), v(emulator, w[2]);
  const DeviceRows in(emulator, rows, launch.first, launch.n);
  const DeviceSetting<T> device(emulator, s, launch.first);
  const std::size_t raw_size = launch.two_launches ? std::size_t{launch.n} * s.raw_dim() : 0;
  const DeviceBuffer<float> raw = to_device(emulator, std::vector<float>(raw_size, untouched));
  typename ProjectQkv<N, T>::Params p;
  device.put(p, s, launch.first);
  p.w[0] = q.matrix;
  p.w[1] = k.matrix;
  p.w[2] = v.matrix;
  p.in = in.in;
  if (launch.two_launches) p.raw = raw.data();
  const Grid grid = ProjectQkv<N, T>::grid(p, launch.resident);
  emulator.launch<ProjectQkv<N, T>>(grid, p);
  if (launch.two_launches) {
    typename FinishHeads<T>::Params finish;
    device.put(finish, s, launch.first);
    finish.raw = raw.data();
    finish.n = launch.n;
    emulator.launch<FinishHeads<T>>(FinishHeads<T>::grid(finish), finish);
  }
  return device.result();
}

template <unsigned N, class T>
void check_against_double(const AttentionSetting& s, const Weights& w, unsigned resident) {
  const NormedRows rows(s.n, static_cast<unsigned>(w[0].columns), s.n + 9);
  Emulator first_emulator(schedules[0]);
  const auto found = project<N, T>(first_emulator, s, w, rows, {0, s.n, resident});
  CHECK(project<N, T>(first_emulator, s, w, rows, {0, s.n, resident, true}) == found);
  for (const Schedule& schedule : schedules) {
    Emulator emulator(schedule);
    CHECK(project<N, T>(emulator, s, w, rows, {0, s.n, resident}) == found);
  }
  std::vector<std::vector<double>> h;
  for (unsigned i = 0; i < s.n; ++i) h.push_back(rows.normed(i));
  const auto sum = [&](unsigned m, unsigned i, unsigned r) { return expected_product(w[m], r, h[i]); };
  check_attention(found, s, sum, 0x1p-24);  // the bias
}

}  // namespace

TEST_CASE("project_qkv agrees with double, in one launch and in two, to the same bits in every schedule") {
  for (const bool halves : {false, true}) {
    for (const bool biases : {false, true}) {
      CAPTURE(halves);
      CAPTURE(biases);
      const AttentionSetting wide({3, 1, 64, 64, halves}, 1, 1, biases, false);
      check_against_double<1, float>(wide, Weights(wide, DType::q8_0, DType::q8_0, DType::q8_0, biases ? 576 : 32), 64);
      const AttentionSetting partly({4, 2, 80, 32, halves}, 3, 3, biases, false);
      check_against_double<4, Half>(partly, Weights(partly, DType::f16, DType::f16, DType::f16, 33), 64);
      const AttentionSetting unturned({2, 1, 16, 0, halves}, 2, 2, biases, false);
      check_against_double<2, Half>(unturned, Weights(unturned, DType::f32, DType::f32, DType::f32, 33), 64);
    }
  }
}

TEST_CASE("project_qkv: the three matrices may have different types, and blocks may be few") {
  const AttentionSetting s({4, 2, 64, 64, true}, 2, 2, true, false);
  check_against_double<4, Half>(s, Weights(s, DType::q4_k, DType::q8_0, DType::q6_k, 256), 5);
  check_against_double<4, Half>(s, Weights(s, DType::f16, DType::q4_k, DType::f32, 512), 1);
}

TEST_CASE("project_qkv agrees with double in every type") {
  for (const DTypeInfo& entry : dtype_table) {
    const auto block = static_cast<unsigned>(entry.block_size);
    const AttentionSetting one({2, 1, 64, 64, false}, 1, 1, true, false),
        three({2, 1, 64, 64, true}, 3, 3, true, false);
    const unsigned narrow = block == 1 ? 37 : block;
    check_against_double<1, float>(one, Weights(one, entry.type, entry.type, entry.type, narrow), 64);
    check_against_double<4, Half>(three, Weights(three, entry.type, entry.type, entry.type, 512), 7);
  }
}

TEST_CASE("project_qkv: heads of any size, in one launch and in two") {
  for (const unsigned head_dim : {8u, 16u, 24u, 32u, 96u, 128u, 256u}) {
    for (const bool halves : {false, true}) {
      CAPTURE(head_dim);
      const AttentionSetting two({3, 1, head_dim, head_dim, halves}, 2, 2, true, false);
      check_against_double<2, float>(two, Weights(two, DType::q8_0, DType::q8_0, DType::q8_0, 64), 64);
      const AttentionSetting eight({2, 2, head_dim, head_dim - 4, halves}, 7, 5, true, false);
      check_against_double<8, Half>(eight, Weights(eight, DType::q4_0, DType::f16, DType::q4_0, 64), 6);
    }
  }
}

TEST_CASE("project_qkv reads the three matrices once for all inputs, 16 bytes at a time") {
  constexpr unsigned hidden = 512, n = 3;
  const AttentionSetting s({4, 2, 32, 32, true}, n, n, false, false);
  const Weights weights(s, DType::q4_k, DType::q8_0, DType::f16, hidden);
  const NormedRows rows(n, hidden, 3);
  Emulator emulator;
  const DeviceMatrix q(emulator, weights[0]), k(emulator, weights[1]), v(emulator, weights[2]);
  const DeviceRows in(emulator, rows, 0, n);
  const DeviceSetting<Half> device(emulator, s);
  using Kernel = ProjectQkv<4, Half>;
  Kernel::Params p;
  device.put(p, s);
  p.w[0] = q.matrix;
  p.w[1] = k.matrix;
  p.w[2] = v.matrix;
  p.in = in.in;
  const Grid grid = Kernel::grid(p, 5);
  const kernels::emulator::Traffic traffic = emulator.launch<Kernel>(grid, p);
  const std::size_t codes = code_bytes(q.matrix) + code_bytes(k.matrix) + code_bytes(v.matrix);
  CHECK(traffic.loaded[4] == codes + grid.x * bytes_to_norm(n, hidden));
  CHECK(traffic.all_stored() == n * (s.dim(0) * sizeof(float) + 2 * s.dim(1) * sizeof(Half)));
}

TEST_CASE("project_qkv: rows that only store keys and values have no queries") {
  for (const unsigned run : {0u, 7u}) {
    const AttentionSetting s({2, 1, 64, 64, true}, 16, run, true, false);
    check_against_double<16, float>(s, Weights(s, DType::q8_0, DType::f16, DType::q8_0, 64), 64);
  }
}

TEST_CASE("project_qkv: a row's bits depend neither on the batch, nor on its place in it, nor on the grid") {
  const AttentionSetting s({2, 1, 64, 64, true}, 16, 12, true, false);
  for (const DTypeInfo& entry : dtype_table) {
    const Weights w(s, entry.type, DType::q8_0, entry.type, 256);
    const NormedRows rows(16, 256, 9);
    Emulator emulator;
    const auto all = project<16, float>(emulator, s, w, rows, {0, 16, 64});
    const auto check_same = [&](AttentionResult<float> some, unsigned first, unsigned n) {
      AttentionResult<float> expected = all;
      for (unsigned i = first; i < first + n; ++i) {
        CAPTURE(name(entry.type));
        CAPTURE(i);
        for (unsigned m = 0; m < 3; ++m) CHECK(take_row(some, s, m, i) == take_row(expected, s, m, i));
      }
    };
    check_same(project<1, float>(emulator, s, w, rows, {3, 1, 7}), 3, 1);
    check_same(project<1, float>(emulator, s, w, rows, {14, 1, 1}), 14, 1);
    check_same(project<2, float>(emulator, s, w, rows, {9, 2, 3}), 9, 2);
    check_same(project<4, float>(emulator, s, w, rows, {0, 3, 64}), 0, 3);
    check_same(project<8, float>(emulator, s, w, rows, {8, 8, 5}), 8, 8);
    check_same(project<16, float>(emulator, s, w, rows, {5, 3, 2}), 5, 3);
  }
}
