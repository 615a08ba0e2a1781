// Quantised blocks: their meaning against values computed elsewhere, and the test quantisers against their steps.
#include "litestage/core/quant_blocks.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/quantise.hpp"
#include "common/tiny_model.hpp"

using namespace litestage;

namespace {

// The step of element i: the largest distance between the numbers of neighbouring codes, from the stored scales.
double step_of(DType of, const std::byte* row, std::size_t i) {
  return with_type(of, [&]<DType type>() -> double {
    constexpr DTypeInfo format = info(type);
    if constexpr (format.quantised()) {
      const auto block = load_block<typename DiskBlock<type>::Type>(row, i / format.block_size);
      int gap = 1;
      for (int c = 0; c < 15 && format.coding.numbers != nullptr; ++c) {
        const int distance = format.coding.number(c + 1) - format.coding.number(c);
        if (c != 7 || distance > 0) gap = std::max(gap, std::abs(distance));  // E2M1 goes from 6 to minus zero there
      }
      double step = gap * std::fabs(double{scale_of(block)});
      if constexpr (format.super_blocks()) {
        step *= std::abs(sub_scale(block, static_cast<int>(i) % 256 / format.coding.scale_columns).scale);
      }
      return step;
    }
    return 0;
  });
}

// One block of each type with random bytes (only scales and exponents are chosen), and some of its elements as the
// Python package gguf 0.19.0 computes them (gguf.quants.dequantize).
struct KnownBlock {
  DType type;
  std::string_view hex;
  std::vector<std::pair<std::size_t, float>> elements;
};

std::vector<KnownBlock> known_blocks() {
  return {
      {DType::f32, "000020be", {{0, -0x1.4p-3f}}},
      {DType::f16, "c0a8", {{0, -0x1.3p-5f}}},
      {DType::bf16, "49c0", {{0, -0x1.92p+1f}}},
      {DType::q8_0,
       "4c22afe562f90a945f5693c642276ad5ab2da7394551370e99b2d74c3427fa48d732",
       {{0, -0x1.fe0cp-1f},
        {1, -0x1.5408p-2f},
        {15, 0x1.1b5cp-1f},
        {16, -0x1.1836p+0f},
        {17, 0x1.66ecp-1f},
        {31, 0x1.3ad8p-1f}}},
      {DType::q4_0,
       "4ca2a1e926115901dd06f27f8f063cd25e19",
       {{0, 0x1.60ap-4f},
        {1, -0x1.93p-7f},
        {15, -0x1.93p-7f},
        {16, -0x1.93p-6f},
        {17, -0x1.2e4p-4f},
        {31, 0x1.60ap-4f}}},
      {DType::q4_1,
       "4c22f2b221397c1ec795ca7748dc03d17a88934d",
       {{0, -0x1.a35p-3f},
        {1, -0x1.b3ap-4f},
        {15, -0x1.d44p-5f},
        {16, -0x1.8a2p-3f},
        {17, -0x1.70fp-3f},
        {31, -0x1.57cp-3f}}},
      {DType::q5_0,
       "4ca27357a2e64647f03e2fb81f223f4192c58efd5185",
       {{0, -0x1.2e4p-4f},
        {1, -0x1.60ap-4f},
        {15, 0x1.151p-3f},
        {16, 0x1.2e4p-3f},
        {17, -0x1.93p-5f},
        {31, -0x1.93p-4f}}},
      {DType::q5_1,
       "4c22f2b21f132a818d882195a100b28d6b236b82481bd9fe",
       {{0, 0x1.1dfp-3f}, {1, 0x1.4p-4f}, {15, -0x1.6f8p-5f}, {16, -0x1.e6p-4f}, {17, 0x1.4p-4f}, {31, 0x1.505p-3f}}},
      {DType::q4_k,
       "4c22451c3be4ebcab72f45b35223479f6e794d57037e2cfde9e15a7789781e3721a557d8e5a703296dcb81db3f65cf9c"
       "1bdc5d1d8fc83f0b0bb4db71be572209851d3d24f4c0cf83fe4363f82f4759778955f6ced681cbea7179ced2c8f814a1"
       "3472ff70ce369d8385452a44f318337f08cd1e614f235d3f83bc45fee9ee0403a79be118544441317c9311f85e0429b1",
       {{0, 0x1.3dbce8p+3f},
        {1, 0x1.93475p+2f},
        {15, 0x1.36665p+2f},
        {16, 0x1.fc35p-2f},
        {17, 0x1.b30aap+1f},
        {31, 0x1.0f4c68p+3f},
        {32, 0x1.3af2ap+1f},
        {63, 0x1.e4f6ap+1f},
        {64, 0x1.72f7fp+2f},
        {95, 0x1.d72bep+1f},
        {100, 0x1.8ae08p-1f},
        {127, 0x1.4be88p-1f},
        {128, 0x1.12dcp-4f},
        {129, -0x1.0048p-5f},
        {160, 0x1.409b6p+2f},
        {200, 0x1.f225p+0f},
        {224, -0x1.5e1ap-3f},
        {240, 0x1.e4f03p+2f},
        {255, 0x1.0b4358p+3f}}},
      {DType::q5_k,
       "4c22451c56f65a3322e791b880ee995e3f0d307d2fbaf400693a179e0d027ed4e58be7a9ebc28a271d43a78855638144"
       "eb6603f7b2725de11fe6ac2f88a68182869793f0aad6ded8116e3ab51681c4a374fec70a68b3e4bdc92b387987416c17"
       "ec90963ec766888ab4b80eba7c5cfd81121bea9cee1810dfd5169faf26cd7b5c30c8aba44d972299e8c7b41b9a1d2b0f"
       "180600a974d63b6332202c998e82b2522c49c4394c7d73265b6aaf61b288fbd0",
       {{0, 0x1.ca786p+2f},
        {1, 0x1.73e36p+2f},
        {15, 0x1.98f6p-2f},
        {16, 0x1.73e36p+2f},
        {17, 0x1.85346p+2f},
        {31, 0x1.5703p-1f},
        {32, 0x1.3c2d74p+4f},
        {63, 0x1.9ea1dp+2f},
        {64, 0x1.94c2bp+2f},
        {95, 0x1.575dbp+2f},
        {100, 0x1.b218cp+3f},
        {127, 0x1.32328p+2f},
        {128, 0x1.c11bp+1f},
        {129, 0x1.10cbp+1f},
        {160, 0x1.9688dp+3f},
        {200, 0x1.57423p+2f},
        {224, 0x1.257p-6f},
        {240, 0x1.78f4ep+1f},
        {255, 0x1.0ac2ep+1f}}},
      {DType::q6_k,
       "aecfa766616223611e764c93aa388ffabd0a6a6412b209971e2d827076f7e49ab8fa197271be53a3442b128cdad72bad"
       "0f8aeef42a0b9a26d74fc78f2562b8701097a55b5510543d27ed600de3200a6749307fd37899c118819af6674394c3f7"
       "aa5f93f32c810a37ca7bf1013ccdf8ab8ab4a6039954e84cbe3b3f7f1183c3df8375c517b4e786a9aadf7488f892b121"
       "91387ad86aca56d8531c927b931fe8f16e795b9b331767e712dbe8f5331dd9917f01e64710dd3c25f4d21690a0494531"
       "35550ec0193a8bed1783d53ec944658d0a95",
       {{0, -0x1.f4c1cp+0f},
        {1, 0x1.0b12p-4f},
        {15, 0x1.909bp-2f},
        {16, 0x1.413d8p-2f},
        {17, 0x1.26786p+1f},
        {31, 0x1.413d8p-1f},
        {32, 0x1.a748p-2f},
        {63, -0x1.428p+1f},
        {64, 0x1.5a6f8p-1f},
        {95, -0x1.c8aa4p+0f},
        {100, 0x1.01efep+0f},
        {127, 0x1.13424p-1f},
        {128, -0x0p+0f},
        {129, 0x1.04c58p-2f},
        {160, 0x1.601acp+0f},
        {200, -0x1.e5028p-1f},
        {224, 0x1.7db58p-1f},
        {240, -0x1.21bfp+0f},
        {255, -0x1.5812dp+1f}}},
      {DType::q2_k,
       "8b4ae5f1a94106a0956a26afbccdafe562f90a945f5693c642276ad5ab2da7394551370e99b2d74c3427fa48d732a1df"
       "70aca1e926115901dd06f27f8f063cd25e19a621f9bd0ccc21397c1ec795ca774c226124",
       {{0, 0x1.11ep-3f},
        {1, -0x1.98p-10f},
        {15, -0x1.98p-10f},
        {16, 0x1.bfp-5f},
        {17, 0x1.bfp-5f},
        {31, 0x1.33cp-2f},
        {32, -0x1.ea7p-3f},
        {63, -0x1.c1e8p-3f},
        {64, 0x1.9c4p-5f},
        {95, -0x1.cbcp-5f},
        {100, 0x1.2e4p-4f},
        {127, -0x1.5e5p-3f},
        {128, -0x1.3b48p-3f},
        {129, -0x1.3b48p-3f},
        {160, -0x1.184p-5f},
        {200, -0x1.4c6p-5f},
        {224, 0x1.b8p-7f},
        {240, -0x1.6c8p-3f},
        {255, -0x1.6c8p-3f}}},
      {DType::q3_k,
       "8b4ae5f1a94106a0956a26afbccdafe562f90a945f5693c642276ad5ab2da7394551370e99b2d74c3427fa48d732a1df"
       "70aca1e926115901dd06f27f8f063cd25e19a621f9bd0ccc21397c1ec795ca7748dc03d17a88934d85527357a2e64647"
       "f03e2fb81f223f4192c58efd4c22",
       {{0, 0x0p+0f},
        {1, -0x0p+0f},
        {15, 0x0p+0f},
        {16, 0x1.93p-4f},
        {17, -0x0p+0f},
        {31, -0x1.93p-5f},
        {32, 0x1.79dp-3f},
        {63, 0x1.93p-2f},
        {64, 0x1.ac3p-1f},
        {95, 0x1.0878p-1f},
        {100, 0x1.8668p-1f},
        {127, 0x1.4124p-1f},
        {128, 0x1.93p-6f},
        {129, 0x1.2e4p-5f},
        {160, 0x1.79dp-2f},
        {200, -0x1.93p-6f},
        {224, 0x1.2e4p-5f},
        {240, -0x1.79dp-1f},
        {255, -0x1.79dp-1f}}},
      {DType::iq4_nl,
       "4c22e5f1a94106a0956a26afbccdafe562f9",
       {{0, -0x1.b8c8p-2f},
        {1, -0x1.477p+0f},
        {15, 0x1.477p-3f},
        {16, 0x1.1836p+0f},
        {17, 0x1.63c6p+0f},
        {31, 0x1.63c6p+0f}}},
      {DType::iq4_xs,
       "4c22e5f1a94106a0956a26afbccdafe562f90a945f5693c642276ad5ab2da7394551370e99b2d74c3427fa48d732a1df"
       "70aca1e926115901dd06f27f8f063cd25e19a621f9bd0ccc21397c1ec795ca7748dc03d17a88934d85527357a2e64647"
       "f03e2fb81f223f4192c58efd5185f0711ef7677a1f132a818d882195a100b28d6b236b82481bd9fe",
       {{0, 0x1.81afp+1f},
        {1, -0x1.137dp+1f},
        {15, 0x1.e4dcp+0f},
        {16, -0x1.1e82p+0f},
        {17, 0x1.e4dcp+0f},
        {31, -0x1.24048p+2f},
        {32, 0x1.87fbp+2f},
        {63, 0x1.ced2p+1f},
        {64, -0x1.348cp-1f},
        {95, -0x1.8fdap+0f},
        {100, 0x1.bcb78p+4f},
        {127, 0x1.a12bp+3f},
        {128, 0x1.994cp+3f},
        {129, -0x1.994cp+0f},
        {160, 0x1.b8c8p+3f},
        {200, 0x1.1836p+4f},
        {224, 0x1.6104cp+4f},
        {240, 0x1.477p-2f},
        {255, 0x1.2110ep+5f}}},
      {DType::mxfp4,
       "794ae5f1a94106a0956a26afbccdafe562",
       {{0, -0x1p-6f}, {1, 0x1.8p-5f}, {15, 0x1p-6f}, {16, 0x1p-5f}, {17, -0x1p-4f}, {31, 0x1p-4f}}}};
}

std::vector<std::byte> from_hex(std::string_view hex) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

}  // namespace

TEST_CASE("blocks mean what another implementation says they mean, to the bit") {
  const std::vector<KnownBlock> blocks = known_blocks();
  REQUIRE(blocks.size() == std::size(dtype_table));
  for (const KnownBlock& known : blocks) {
    const DTypeInfo& format = info(known.type);
    INFO(format.name);
    const std::vector<std::byte> one = from_hex(known.hex);
    REQUIRE(one.size() == format.block_bytes);
    // Twice in a row, at an odd address: rows in a file need not be aligned to their numbers.
    std::vector<std::byte> row(1, std::byte{0});
    for (int copy = 0; copy < 2; ++copy) row.insert(row.end(), one.begin(), one.end());
    std::vector<float> single(2 * format.block_size);
    std::vector<double> exact(2 * format.block_size);
    dequantize_row(known.type, row.data() + 1, single.data(), single.size());
    dequantize_row(known.type, row.data() + 1, exact.data(), exact.size());
    for (const auto& [index, value] : known.elements) {
      CHECK(single[index] == value);
      CHECK(single[format.block_size + index] == value);
      CHECK(static_cast<float>(exact[index]) == value);
    }
  }
}

TEST_CASE("a row that is no whole number of blocks is misuse") {
  float out[64];
  const std::byte row[64] = {};
  CHECK_THROWS_AS(dequantize_row(DType::q8_0, row, out, 33), AssertionError);
}

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
