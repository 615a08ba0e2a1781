// Final norm and head in the emulator: against double, and to the bit among schedules, batches and grids.
#include "litestage/kernels/products/logits.cuh"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "common/close.hpp"
#include "kernels/products/products.hpp"

using namespace litestage;
using namespace litestage::test;
using kernels::Logits;

namespace {

// [n, vocab] of rows first .. first + n - 1.
template <unsigned N>
std::vector<float> logits(Emulator& emulator, const RandomWeight& head, const NormedRows& rows, unsigned first,
                          unsigned n, unsigned resident, float multiplier) {
  const DeviceMatrix w(emulator, head.raw);
  const DeviceRows in(emulator, rows, first, n);
  const DeviceBuffer<float> out = to_device(emulator, std::vector<float>(n * head.raw.rows, untouched));
  with_type(head.raw.type, [&]<DType type>() {
    typename Logits<type, N>::Params p;
    p.head = w.matrix;
    p.in = in.in;
    p.logits = out.data();
    p.multiplier = multiplier;
    emulator.launch<Logits<type, N>>(Logits<type, N>::grid(p, resident), p);
  });
  return to_host(out);
}

template <unsigned N>
void check_logits(DType type, unsigned n, unsigned vocab, unsigned hidden, unsigned resident, float multiplier = 1) {
  const RandomWeight head(type, vocab, hidden, vocab + hidden);
  const NormedRows rows(n, hidden, n + vocab);
  std::vector<float> found;
  for (const Schedule& schedule : schedules) {
    Emulator emulator(schedule);
    const std::vector<float> y = logits<N>(emulator, head, rows, 0, n, resident, multiplier);
    if (found.empty()) found = y;
    CHECK(same_bits(y, found));
  }
  CAPTURE(name(type));
  CAPTURE(vocab);
  CAPTURE(hidden);
  for (unsigned i = 0; i < n; ++i) {
    const std::vector<double> h = rows.normed(i);
    for (unsigned r = 0; r < vocab; ++r) {
      const auto factor = static_cast<double>(multiplier);
      const Expected product = expected_product(head.raw, r, h);
      const double value = factor * product.value;
      const double bound = std::abs(factor) * product.bound + 0x1p-24 * std::abs(value);
      const auto y = static_cast<double>(found[i * vocab + r]);
      if (close(y, value, bound)) continue;
      FAIL_CHECK("row ", i, ", token ", r, ": ", y, " is not ", value, " to within ", bound);
      return;
    }
  }
}

}  // namespace

TEST_CASE("logits agree with double, to the same bits in every schedule") {
  for (const unsigned vocab : {1u, 31u, 63u}) check_logits<1>(DType::q8_0, 1, vocab, 576, 64);
  check_logits<1>(DType::q6_k, 1, 33, 256, 64);
  check_logits<1>(DType::q8_0, 1, 4097, 32, 3);  // more tiles than blocks
  for (const unsigned hidden : {1u, 31u, 33u, 896u}) check_logits<4>(DType::f32, 3, 33, hidden, 64);
  check_logits<4>(DType::q6_k, 2, 31, 1536, 1);
  check_logits<16>(DType::q8_0, 16, 63, 96, 64);
}

TEST_CASE("logits agree with double in every type") {
  for_types_and_sizes([](DType type, unsigned vocab, unsigned hidden) { check_logits<1>(type, 1, vocab, hidden, 64); });
}

TEST_CASE("logits read the head once for all inputs, 16 bytes at a time") {
  constexpr unsigned vocab = 64, hidden = 512, n = 3;
  const RandomWeight head(DType::q6_k, vocab, hidden, 1);
  const NormedRows rows(n, hidden, 3);
  Emulator emulator;
  const DeviceMatrix w(emulator, head.raw);
  const DeviceRows in(emulator, rows, 0, n);
  const DeviceBuffer<float> out(emulator, n * vocab);
  using Kernel = Logits<DType::q6_k, 4>;
  Kernel::Params p;
  p.head = w.matrix;
  p.in = in.in;
  p.logits = out.data();
  const Grid grid = Kernel::grid(p, 3);
  const kernels::emulator::Traffic traffic = emulator.launch<Kernel>(grid, p);
  CHECK(traffic.loaded[4] == code_bytes(w.matrix) + grid.x * bytes_to_norm(n, hidden));
  CHECK(traffic.all_stored() == n * vocab * sizeof(float));
}

TEST_CASE("logits are multiplied by the model's factor") {
  check_logits<1>(DType::f32, 1, 33, 64, 64, 0.25f);
  check_logits<4>(DType::q8_0, 4, 33, 64, 64, -3.0f);
}

TEST_CASE("logits: a result's bits depend neither on the batch, nor on its place in it, nor on the grid") {
  constexpr unsigned vocab = 37, hidden = 512;
  for (const DTypeInfo& entry : dtype_table) {
    const DType type = entry.type;
    const RandomWeight head(type, vocab, hidden, 1);
    const NormedRows rows(16, hidden, 3);
    Emulator emulator;
    const std::vector<float> all = logits<16>(emulator, head, rows, 0, 16, 64, 2);
    const auto part = [&](unsigned first, unsigned n) {
      return std::vector<float>(all.begin() + first * vocab, all.begin() + (first + n) * vocab);
    };
    CAPTURE(name(type));
    CHECK(same_bits(logits<1>(emulator, head, rows, 11, 1, 64, 2), part(11, 1)));
    CHECK(same_bits(logits<2>(emulator, head, rows, 3, 2, 64, 2), part(3, 2)));
    CHECK(same_bits(logits<4>(emulator, head, rows, 5, 3, 1, 2), part(5, 3)));
    CHECK(same_bits(logits<8>(emulator, head, rows, 8, 8, 3, 2), part(8, 8)));
    CHECK(same_bits(logits<16>(emulator, head, rows, 7, 9, 2, 2), part(7, 9)));
  }
}
