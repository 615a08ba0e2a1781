// The first half of the MLP in the emulator: against double, and to the bit among schedules, batches and grids.
#include "litestage/kernels/products/gate_up.cuh"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "common/close.hpp"
#include "kernels/products/products.hpp"

using namespace litestage;
using namespace litestage::test;
using kernels::GateUp;

namespace {

// h of rows first .. first + n - 1, [n, ffn + 3] with the last three numbers of a row left alone.
template <unsigned N>
std::vector<float> gate_up(Emulator& emulator, const RandomWeight& gate, const RandomWeight& up, const NormedRows& rows,
                           unsigned first, unsigned n, unsigned resident, Activation activation) {
  const auto ffn = static_cast<unsigned>(gate.raw.rows);
  const DeviceMatrix wg(emulator, gate.raw), wu(emulator, up.raw);
  const DeviceRows in(emulator, rows, first, n);
  const DeviceBuffer<float> h = to_device(emulator, std::vector<float>(std::size_t{n} * (ffn + 3), untouched));
  with_type(gate.raw.type, [&]<DType type>() {
    typename GateUp<type, N>::Params p;
    p.gate = wg.matrix;
    p.up = wu.matrix;
    p.in = in.in;
    p.h = h.data();
    p.stride = ffn + 3;
    p.activation = activation;
    emulator.launch<GateUp<type, N>>(GateUp<type, N>::grid(p, resident), p);
  });
  return to_host(h);
}

template <unsigned N>
void check_gate_up(DType type, unsigned n, unsigned ffn, unsigned hidden, unsigned resident,
                   Activation activation = Activation::silu) {
  const RandomWeight gate(type, ffn, hidden, ffn + hidden), up(type, ffn, hidden, ffn + 3 * hidden);
  const NormedRows rows(n, hidden, n + ffn);
  std::vector<float> found;
  for (const Schedule& schedule : schedules) {
    Emulator emulator(schedule);
    const std::vector<float> h = gate_up<N>(emulator, gate, up, rows, 0, n, resident, activation);
    if (found.empty()) found = h;
    CHECK(same_bits(h, found));
  }
  CAPTURE(name(type));
  CAPTURE(ffn);
  CAPTURE(hidden);
  for (unsigned i = 0; i < n; ++i) {
    const std::vector<double> h = rows.normed(i);
    const float* row = found.data() + std::size_t{i} * (ffn + 3);
    for (unsigned j = 0; j < ffn; ++j) {
      const Expected e = expected_gate(expected_product(gate.raw, j, h), expected_product(up.raw, j, h), activation);
      if (close(static_cast<double>(row[j]), e.value, e.bound)) continue;
      FAIL_CHECK("row ", i, ", number ", j, ": ", row[j], " is not ", e.value, " to within ", e.bound);
      return;
    }
    for (unsigned j = ffn; j < ffn + 3; ++j) CHECK(row[j] == untouched);
  }
}

}  // namespace

TEST_CASE("gate_up agrees with double, to the same bits in every schedule") {
  for (const unsigned ffn : {1u, 31u, 33u}) check_gate_up<1>(DType::q8_0, 1, ffn, 576, 64);
  check_gate_up<1>(DType::q8_0, 1, 63, 896, 2);  // more tiles than blocks
  check_gate_up<1>(DType::q4_k, 1, 33, 256, 64);
  for (const unsigned hidden : {1u, 31u, 33u, 63u}) check_gate_up<1>(DType::f32, 1, 9, hidden, 64);
  check_gate_up<4>(DType::q4_k, 3, 33, 1536, 1);
  check_gate_up<4>(DType::f32, 2, 63, 576, 64);
  check_gate_up<16>(DType::q8_0, 16, 63, 96, 64);
}

TEST_CASE("gate_up agrees with double in every type") {
  for_types_and_sizes([](DType type, unsigned ffn, unsigned hidden) { check_gate_up<1>(type, 1, ffn, hidden, 64); });
}

TEST_CASE("gate_up reads both matrices once for all inputs, 16 bytes at a time") {
  constexpr unsigned ffn = 64, hidden = 512, n = 3;
  const RandomWeight gate(DType::q4_k, ffn, hidden, 1), up(DType::q4_k, ffn, hidden, 2);
  const NormedRows rows(n, hidden, 3);
  Emulator emulator;
  const DeviceMatrix wg(emulator, gate.raw), wu(emulator, up.raw);
  const DeviceRows in(emulator, rows, 0, n);
  const DeviceBuffer<float> h(emulator, n * ffn);
  using Kernel = GateUp<DType::q4_k, 4>;
  Kernel::Params p;
  p.gate = wg.matrix;
  p.up = wu.matrix;
  p.in = in.in;
  p.h = h.data();
  p.stride = ffn;
  const Grid grid = Kernel::grid(p, 3);
  const kernels::emulator::Traffic traffic = emulator.launch<Kernel>(grid, p);
  CHECK(traffic.loaded[4] == code_bytes(wg.matrix) + code_bytes(wu.matrix) + grid.x * bytes_to_norm(n, hidden));
  CHECK(traffic.all_stored() == n * ffn * sizeof(float));
}

TEST_CASE("gate_up knows both activations") {
  check_gate_up<4>(DType::f32, 4, 31, 64, 64, Activation::gelu_tanh);
  check_gate_up<4>(DType::f32, 4, 31, 64, 64, Activation::silu);
}

TEST_CASE("gate_up: a result's bits depend neither on the batch, nor on its place in it, nor on the grid") {
  constexpr unsigned ffn = 37, hidden = 512;
  for (const DTypeInfo& entry : dtype_table) {
    const DType type = entry.type;
    const RandomWeight gate(type, ffn, hidden, 1), up(type, ffn, hidden, 2);
    const NormedRows rows(16, hidden, 3);
    Emulator emulator;
    const Activation silu = Activation::silu;
    const std::vector<float> all = gate_up<16>(emulator, gate, up, rows, 0, 16, 64, silu);
    const auto part = [&](unsigned first, unsigned n) {
      return std::vector<float>(all.begin() + first * (ffn + 3), all.begin() + (first + n) * (ffn + 3));
    };
    CAPTURE(name(type));
    CHECK(same_bits(gate_up<1>(emulator, gate, up, rows, 11, 1, 64, silu), part(11, 1)));
    CHECK(same_bits(gate_up<2>(emulator, gate, up, rows, 3, 2, 64, silu), part(3, 2)));
    CHECK(same_bits(gate_up<4>(emulator, gate, up, rows, 5, 3, 1, silu), part(5, 3)));
    CHECK(same_bits(gate_up<8>(emulator, gate, up, rows, 8, 8, 3, silu), part(8, 8)));
    CHECK(same_bits(gate_up<16>(emulator, gate, up, rows, 7, 9, 2, silu), part(7, 9)));
  }
}

TEST_CASE("activations: far from zero they are zero or their argument, and never NaN") {
  for (const Activation activation : {Activation::silu, Activation::gelu_tanh}) {
    for (const float z : {100.0f, 1e20f, 3e38f}) {
      CHECK(kernels::activated(z, activation) == z);
      CHECK(std::abs(kernels::activated(-z, activation)) <= 4e-42f);
    }
    CHECK(kernels::activated(0.0f, activation) == 0.0f);
    CHECK(std::isnan(kernels::activated(NAN, activation)));
  }
}
