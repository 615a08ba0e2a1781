// Small operations on whole rows in the emulator, to the bit; activations against double.
#include "litestage/kernels/rows/rows.cuh"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "common/close.hpp"
#include "kernels/products/products.hpp"
#include "litestage/backend/reference/reference_backend.hpp"
#include "litestage/backend/reference/row_operations.hpp"

using namespace litestage;
using namespace litestage::test;
using kernels::AddRows;
using kernels::CopyEntries;
using kernels::CopyNumbers;
using kernels::Gate;
using kernels::ScaleRows;

namespace {

// The result of run(emulator), which must have the same bits in every schedule.
template <class Run>
auto in_all_schedules(const Run& run) {
  Emulator first(schedules[0]);
  auto found = run(first);
  for (const Schedule& schedule : schedules) {
    Emulator emulator(schedule);
    CHECK(same_bits(run(emulator), found));
  }
  return found;
}

std::vector<float> gate(const std::vector<float>& z, const std::vector<float>& up, Activation activation) {
  return in_all_schedules([&](Emulator& emulator) {
    const DeviceBuffer<float> g = to_device(emulator, z), u = to_device(emulator, up);
    const DeviceBuffer<float> h(emulator, z.size());
    const Gate::Params p{g.data(), u.data(), h.data(), static_cast<unsigned>(z.size()), activation};
    emulator.launch<Gate>(Gate::grid(p), p);
    return to_host(h);
  });
}

template <class T>
std::vector<T> numbered(std::size_t n, unsigned first) {
  std::vector<T> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<T>(first + i);
  return values;
}

// Copies entries of random shape with the kernel and with a loop.
template <class T>
void check_copies(unsigned kv_heads, unsigned head_dim, const std::vector<int>& copies) {
  constexpr unsigned slots = 2, layers = 3, capacity = 9;
  const std::size_t size = std::size_t{slots} * layers * kv_heads * capacity * head_dim;
  const std::vector<T> keys = numbered<T>(size, 0), values = numbered<T>(size, 30000);
  const auto moved = [&](Emulator& emulator) {
    const DeviceBuffer<T> k = to_device(emulator, keys), v = to_device(emulator, values);
    const DeviceBuffer<int> on_device = to_device(emulator, copies);
    typename CopyEntries<T>::Params p;
    p.cache = {k.data(), v.data(), layers, kv_heads, capacity, head_dim};
    p.copies = on_device.data();
    p.n = static_cast<unsigned>(copies.size() / 7);
    emulator.launch<CopyEntries<T>>(CopyEntries<T>::grid(p), p);
    std::vector<T> both = to_host(k);
    for (const T value : to_host(v)) both.push_back(value);
    return both;
  };
  std::vector<T> expected = keys;
  expected.insert(expected.end(), values.begin(), values.end());
  const kernels::Cache<T> at{nullptr, nullptr, layers, kv_heads, capacity, head_dim};
  for (std::size_t c = 0; c < copies.size(); c += 7) {
    const std::vector<unsigned> number(copies.begin() + static_cast<std::ptrdiff_t>(c),
                                       copies.begin() + static_cast<std::ptrdiff_t>(c) + 7);
    for (unsigned head = 0; head < kv_heads; ++head) {
      const std::size_t from = at.at(number[0], number[1], head, number[2]);
      const std::size_t to = at.at(number[3], number[4], head, number[5]);
      for (std::size_t j = 0; j < std::size_t{number[6]} * head_dim; ++j) {
        expected[to + j] = expected[from + j];
        expected[size + to + j] = expected[size + from + j];
      }
    }
  }
  CHECK(same_bits(in_all_schedules(moved), expected));
}

}  // namespace

TEST_CASE("scale_rows and add_rows change their rows and no others") {
  const std::vector<int> rows{4, 0, 2};
  const std::vector<float> factors{0.5f, -3.1f, 1.7f};
  for (const unsigned columns : {1u, 31u, 32u, 33u, 63u, 576u, 896u, 4863u}) {
    CAPTURE(columns);
    const std::vector<float> x = random_inputs(5 * columns, columns), y = random_inputs(3 * columns, columns + 1);
    std::vector<float> scaled = x, added = x;
    for (unsigned i = 0; i < 3; ++i) {
      for (unsigned j = 0; j < columns; ++j) {
        const std::size_t at = static_cast<std::size_t>(rows[i]) * columns + j;
        scaled[at] = x[at] * factors[i];
        added[at] = std::fma(0.3f, y[i * columns + j], x[at]);
      }
    }
    CHECK(same_bits(in_all_schedules([&](Emulator& emulator) {
                      const DeviceBuffer<float> to = to_device(emulator, x), by = to_device(emulator, factors);
                      const DeviceBuffer<int> index = to_device(emulator, rows);
                      const ScaleRows::Params p{to.data(), columns, index.data(), by.data(), 3};
                      emulator.launch<ScaleRows>(ScaleRows::grid(p), p);
                      return to_host(to);
                    }),
                    scaled));
    CHECK(same_bits(in_all_schedules([&](Emulator& emulator) {
                      const DeviceBuffer<float> to = to_device(emulator, x), from = to_device(emulator, y);
                      const DeviceBuffer<int> index = to_device(emulator, rows);
                      const AddRows::Params p{to.data(), from.data(), index.data(), columns, 3, 0.3f};
                      emulator.launch<AddRows>(AddRows::grid(p), p);
                      return to_host(to);
                    }),
                    added));
  }
}

TEST_CASE("copy_numbers copies all numbers and no others") {
  for (const unsigned n : {1u, 255u, 256u, 1023u, 1024u, 1028u, 4863u}) {
    const std::vector<float> from = random_inputs(n, n);
    std::vector<float> expected = from;
    expected.push_back(untouched);
    CHECK(same_bits(in_all_schedules([&](Emulator& emulator) {
                      const DeviceBuffer<float> source = to_device(emulator, from);
                      const DeviceBuffer<float> to = to_device(emulator, std::vector<float>(n + 1, untouched));
                      const CopyNumbers::Params p{to.data(), source.data(), n};
                      emulator.launch<CopyNumbers>(CopyNumbers::grid(p), p);
                      return to_host(to);
                    }),
                    expected));
  }
}

// Computed in float an activation errs by a few roundings of itself, and by 2^-24 times the condition of the
// exponential, |w|^2 / 4 cosh^2(w / 2) < 0.44, times the five roundings of w.
TEST_CASE("gate agrees with double") {
  for (const unsigned n : {1u, 255u, 256u, 1028u, 4863u}) {
    const std::vector<float> up = random_inputs(n, 2);
    std::vector<float> z = random_inputs(n, 1);
    for (float& value : z) value *= 4;
    for (const Activation activation : {Activation::silu, Activation::gelu_tanh}) {
      const std::vector<float> h = gate(z, up, activation);
      for (unsigned j = 0; j < n; ++j) {
        const double act = reference::activated(static_cast<double>(z[j]), activation);
        const double bound = 8 * 0x1p-24 * (1 + std::abs(act)) * std::abs(static_cast<double>(up[j]));
        CHECK(close(static_cast<double>(h[j]), act * static_cast<double>(up[j]), bound));
      }
    }
  }
}

TEST_CASE("copy_entries moves the keys and values of all heads, and nothing else") {
  // From slot, layer and entry to slot, layer and entry, how many.
  const std::vector<int> copies{0, 0, 3, 1, 2, 5, 4, 1, 0, 0, 0, 1, 8, 1, 0, 2, 2, 0, 2, 6, 0};
  check_copies<std::uint16_t>(1, 8, copies);
  check_copies<std::uint16_t>(3, 64, copies);
  check_copies<float>(2, 80, copies);
  check_copies<float>(2, 256, {0, 0, 0, 1, 0, 0, 9});
}
