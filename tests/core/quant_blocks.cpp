// Quantised blocks: their meaning against values computed elsewhere, and the test quantisers against their steps.
#include "litestage/core/quant_blocks.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "common/quantise.hpp"
#include "common/tiny_model.hpp"

using namespace litestage;

namespace {

// The step of element i: the distance between neighbouring codes, from the stored scales.
double step_of(DType type, const std::byte* row, std::size_t i) {
  const auto scale = [&](auto block) {
    std::memcpy(&block, row + i / info(type).block_size * sizeof(block), sizeof(block));
    if constexpr (requires { block.dmin; }) {
      return std::fabs(to_float(block.d)) * sub_scale(block.scales, static_cast<int>(i % 256 / 32)).scale;
    } else if constexpr (requires { block.ql; }) {
      return std::fabs(to_float(block.d) * static_cast<float>(block.scales[i % 256 / 16]));
    } else {
      return std::fabs(to_float(block.d));
    }
  };
  switch (type) {
    case DType::q8_0:
      return scale(BlockQ8_0{});
    case DType::q4_0:
      return scale(BlockQ4_0{});
    case DType::q4_1:
      return scale(BlockQ4_1{});
    case DType::q5_0:
      return scale(BlockQ5_0{});
    case DType::q5_1:
      return scale(BlockQ5_1{});
    case DType::q4_k:
      return scale(BlockQ4K{});
    case DType::q5_k:
      return scale(BlockQ5K{});
    case DType::q6_k:
      return scale(BlockQ6K{});
    default:
      return 0;
  }
}

}  // namespace

TEST_CASE("the test quantisers come back within half a step") {
  for (const DTypeInfo& format : dtype_table) {
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
      const std::size_t columns = 3 * 256;
      test::Random random(seed);
      std::vector<float> x(columns), y(columns);
      for (float& v : x) v = std::fma(0.3f, random.normal(), seed == 2 ? 0.5f : 0.0f);
      if (seed == 3) std::fill(x.begin() + 256, x.begin() + 512, 0.0f);  // a block of zeros has scale 0
      std::vector<std::byte> row(row_bytes(format.type, columns));
      test::quantise_row(format.type, x.data(), row.data(), columns);
      dequantize_row(format.type, row.data(), y.data(), columns);
      double worst = 0;
      for (std::size_t i = 0; i < columns; ++i) {
        // The stored scales and minima have eleven bits, bfloat16 eight.
        const double rounding = std::ldexp(2.0, format.type == DType::bf16 ? -9 : -11);
        const double bound = 0.5 * step_of(format.type, row.data(), i) + rounding * 1.6;
        worst = std::max(worst, std::fabs(double{x[i]} - double{y[i]}) / bound);
        if (x[i] == 0 && seed == 3) CHECK(y[i] == 0);
      }
      INFO(format.name);
      CHECK(worst <= 1);
    }
  }
}
