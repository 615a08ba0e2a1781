// Quantisers against the bytes that the library ggml writes (quantize_row_*_ref, through ctypes; gguf.quantize gives
// the same for Q8_0, Q4_0 and Q5_0).
#include "litestage/core/quantise/quantise.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "litestage/core/fnv1a.hpp"
#include "litestage/core/quant_blocks.hpp"

using namespace litestage;

namespace {

// 64 blocks of 256 numbers like weights, with blocks that are special: zeros, all positive, constant, large.
std::vector<float> weights_to_round() {
  std::vector<float> x(256 * 64);
  std::uint64_t state = 1;
  for (float& value : x) {
    double sum = 0;
    for (int i = 0; i < 4; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      sum += static_cast<double>(state >> 40) * 0x1p-24;
    }
    value = (static_cast<float>(sum) - 2) * 0.03f;
  }
  std::fill(x.begin() + 256, x.begin() + 512, 0.0f);
  std::for_each(x.begin() + 600, x.begin() + 632, [](float& v) { v = std::fabs(v); });
  std::fill(x.begin() + 800, x.begin() + 832, 0.25f);
  std::for_each(x.begin() + 1024, x.begin() + 1280, [](float& v) { v *= 1000; });
  return x;
}

std::vector<std::byte> rounded(DType type, const std::vector<float>& x) {
  std::vector<std::byte> out(row_bytes(type, x.size()));
  write_quantised(type, x.data(), out.data(), x.size());
  return out;
}

std::string hash_of(std::span<const std::byte> bytes) {
  Fnv1a hash;
  hash.add(bytes);
  return hexadecimal(hash.value());
}

}  // namespace

TEST_CASE("blocks are those of ggml's reference quantisers, to the bit") {
  const std::vector<float> x = weights_to_round();
  REQUIRE(hash_of(std::as_bytes(std::span<const float>(x))) == "d8b049515bd9ef4f");
  const std::pair<DType, const char*> expected[] = {{DType::q8_0, "addadfc1de5e60d0"},
                                                    {DType::q4_0, "64e83e22a889e13f"},
                                                    {DType::q5_0, "5f6d773c3b7ca148"},
                                                    {DType::q4_k, "364d47bb2b28c29c"},
                                                    {DType::q6_k, "721afd1b587a6456"}};
  for (const auto& entry : expected) {
    CAPTURE(name(entry.first));
    CHECK(hash_of(rounded(entry.first, x)) == entry.second);
  }
}

TEST_CASE("rounding stays near the weights, for any size of them") {
  for (const float size : {1e-30f, 1e-2f, 1.0f, 1e3f, 1e30f}) {
    std::vector<float> x = weights_to_round(), back(x.size());
    for (float& value : x) value *= size;
    for (const DType type : {DType::q8_0, DType::q4_0, DType::q5_0, DType::q4_k, DType::q6_k}) {
      const std::vector<std::byte> bytes = rounded(type, x);  // no undefined behaviour where scales overflow
      if (size < 1e-2f || size > 1e3f) continue;
      dequantize_row(type, bytes.data(), back.data(), back.size());
      double wrong = 0, all = 0;
      for (std::size_t i = 0; i < 256; ++i) {
        wrong += std::fabs(back[i] - x[i]);
        all += std::fabs(x[i]);
      }
      CHECK(wrong < 0.12 * all);
    }
  }
  std::vector<float> wild(256, std::numeric_limits<float>::max());
  wild[3] = -wild[3];
  wild[40] = std::numeric_limits<float>::denorm_min();
  for (const DType type : {DType::q8_0, DType::q4_0, DType::q5_0, DType::q4_k, DType::q6_k}) {
    CHECK(rounded(type, wild).size() == row_bytes(type, 256));
  }
}

TEST_CASE("names, and the types for rows that do not fit") {
  CHECK(quantiser_named("q4_k") == DType::q4_k);
  CHECK(quantiser_named("q8_0") == DType::q8_0);
  CHECK_FALSE(quantiser_named("q5_0"));  // only where rows do not fit Q4_K
  CHECK_FALSE(quantiser_named("Q4_K"));
  CHECK(quantiser_names() == "q8_0, q4_0, q4_k or q6_k");
  CHECK(fitting_type(DType::q4_k, 512) == DType::q4_k);
  CHECK(fitting_type(DType::q4_k, 896) == DType::q5_0);
  CHECK(fitting_type(DType::q6_k, 896) == DType::q8_0);
  CHECK(fitting_type(DType::q8_0, 96) == DType::q8_0);
  CHECK_FALSE(fitting_type(DType::q4_0, 40));
}
