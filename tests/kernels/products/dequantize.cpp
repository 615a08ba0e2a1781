// Dequantised weights of every type in the emulator, which have the bits of core/quant_blocks.hpp.
#include "litestage/kernels/products/dequantize.cuh"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "common/close.hpp"
#include "common/random_weight.hpp"
#include "kernels/device.hpp"

using namespace litestage;
using namespace litestage::test;
using kernels::Dequantize;
using kernels::Embed;
using kernels::GemmType;

namespace {

// The matrix as the host has it, [rows, columns].
std::vector<float> numbers_of(const RawTensor& raw) {
  std::vector<float> numbers(raw.rows * raw.columns);
  for (std::size_t r = 0; r < raw.rows; ++r) {
    dequantize_row(raw.type, raw.row(r), numbers.data() + r * raw.columns, raw.columns);
  }
  return numbers;
}

template <DType type, GemmType to>
void check_matrix(std::size_t rows, std::size_t columns, unsigned grid_rows = 65535) {
  const RandomWeight weight(type, rows, columns, static_cast<unsigned>(rows * 31 + columns));
  CAPTURE(name(type));
  CAPTURE(columns);
  using Kernel = Dequantize<type, to>;
  using Number = typename Kernel::Number;
  std::vector<Number> expected;
  for (const float number : numbers_of(weight.raw)) {
    if constexpr (to == GemmType::f32)
      expected.push_back(number);
    else
      expected.push_back(to == GemmType::f16 ? to_f16(number).bits : to_bf16(number).bits);
  }
  for (const Schedule& schedule : schedules) {
    Emulator emulator(schedule);
    const DeviceMatrix w(emulator, weight.raw);
    const DeviceBuffer<Number> out(emulator, expected.size());
    typename Kernel::Params p;
    p.w = w.matrix;
    p.out = out.data();
    Grid grid = Kernel::grid(p);
    CHECK(grid.y == weight.raw.rows);
    grid.y = std::min(grid.y, grid_rows);
    emulator.launch<Kernel>(grid, p);
    CHECK(same_bits(to_host(out), expected));
  }
}

template <DType type>
std::vector<float> embed(Emulator& emulator, const RandomWeight& table, const std::vector<int>& tokens,
                         float multiplier) {
  const DeviceMatrix w(emulator, table.raw);
  const DeviceBuffer<int> index = to_device(emulator, tokens);
  const DeviceBuffer<float> x(emulator, tokens.size() * table.raw.columns);
  typename Embed<type>::Params p;
  p.table = w.matrix;
  p.tokens = index.data();
  p.n = static_cast<unsigned>(tokens.size());
  p.multiplier = multiplier;
  p.x = x.data();
  emulator.launch<Embed<type>>(Embed<type>::grid(p), p);
  return to_host(x);
}

}  // namespace

TEST_CASE("dequantize: every type, to the bit of the host's numbers") {
  for (const DTypeInfo& entry : dtype_table) {
    with_type(entry.type, [&]<DType type>() {
      if (entry.block_size == 1) {
        for (const unsigned columns : {1u, 31u, 33u, 63u, 576u, 896u}) check_matrix<type, GemmType::bf16>(3, columns);
      } else if (entry.block_size == 32) {
        for (const unsigned columns : {32u, 96u, 576u, 896u}) check_matrix<type, GemmType::bf16>(3, columns);
      } else {
        for (const unsigned columns : {256u, 1536u}) check_matrix<type, GemmType::bf16>(3, columns);
      }
    });
  }
}

TEST_CASE("dequantize: to each type of a product") {
  check_matrix<DType::q4_k, GemmType::f16>(3, 1536);
  check_matrix<DType::q6_k, GemmType::f32>(3, 256);
  check_matrix<DType::f32, GemmType::f16>(5, 63);
  check_matrix<DType::f16, GemmType::f32>(5, 64);
}

TEST_CASE("dequantize: every type, any number of rows, as narrow as the type allows") {
  for (const DTypeInfo& entry : dtype_table) {
    with_type(entry.type, [&]<DType type>() {
      const auto columns = static_cast<unsigned>(entry.block_size);
      for (const unsigned rows : {1u, 31u, 32u, 33u, 63u, 576u, 896u, 4863u})
        check_matrix<type, GemmType::bf16>(rows, columns);
    });
  }
}

TEST_CASE("dequantize: more rows than blocks") {
  check_matrix<DType::q8_0, GemmType::bf16>(33, 32, 4);
  check_matrix<DType::f16, GemmType::bf16>(63, 33, 1);
}

TEST_CASE("embed: every type, to the bit, in every schedule") {
  const std::vector<int> tokens{30, 0, 7, 30};
  for (const DTypeInfo& entry : dtype_table) {
    with_type(entry.type, [&]<DType type>() {
      CAPTURE(name(type));
      const std::size_t columns = entry.block_size == 1 ? 33 : 3 * entry.block_size;
      const RandomWeight table(type, 31, columns, 5);
      const std::vector<float> numbers = numbers_of(table.raw);
      for (const float multiplier : {1.0f, 5.7f}) {
        std::vector<float> expected;
        for (const int token : tokens) {
          for (std::size_t j = 0; j < columns; ++j) {
            expected.push_back(numbers[static_cast<std::size_t>(token) * columns + j] * multiplier);
          }
        }
        for (const Schedule& schedule : schedules) {
          Emulator emulator(schedule);
          CHECK(same_bits(embed<type>(emulator, table, tokens, multiplier), expected));
        }
      }
    });
  }
}

TEST_CASE("dequantize: reads and writes 16 bytes at a time, the codes once") {
  const RandomWeight weight(DType::q4_k, 3, 512, 1);
  Emulator emulator;
  const DeviceMatrix w(emulator, weight.raw);
  const DeviceBuffer<std::uint16_t> out(emulator, 3 * 512);
  using Kernel = Dequantize<DType::q4_k, GemmType::bf16>;
  Kernel::Params p;
  p.w = w.matrix;
  p.out = out.data();
  const kernels::emulator::Traffic traffic = emulator.launch<Kernel>(Kernel::grid(p), p);
  CHECK(traffic.loaded[4] == 3 * 512 / 2);
  CHECK(traffic.stored[4] == 3 * 512 * 2);
  CHECK(traffic.all_stored() == traffic.stored[4]);
}
