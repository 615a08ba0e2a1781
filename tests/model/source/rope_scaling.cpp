#include "litestage/model/source/rope_scaling.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "common/close.hpp"
#include "common/error_of.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

RopeConfig plain_rope(int rotary_dim, double base) {
  RopeConfig rope;
  rope.rotary_dim = rotary_dim;
  rope.base = base;
  return rope;
}

}  // namespace

TEST_CASE("rope scaling: linear divides every frequency, also one that is divided already") {
  RopeConfig rope = plain_rope(6, 1e4);
  scale_linear(rope, 1);
  CHECK(rope.factors.empty());
  scale_linear(rope, 4);
  CHECK(rope.factors == std::vector<float>{4, 4, 4});
  rope.factors = {1, 2, 3};
  scale_linear(rope, 2);
  CHECK(rope.factors == std::vector<float>{2, 4, 6});
  CHECK(rope.magnitude == 1);
}

TEST_CASE("rope scaling: llama3 keeps fast pairs, divides slow ones, and changes gradually between") {
  // Llama 3.2 1B, whose rope_freqs the converter of llama.cpp writes with this formula.
  RopeConfig rope = plain_rope(64, 500000);
  scale_llama3(rope, {.factor = 32, .low_frequency_factor = 1, .high_frequency_factor = 4, .original_context = 8192});
  REQUIRE(rope.factors.size() == 32);
  for (std::size_t i = 0; i < 32; ++i) {
    const double wave = 2 * 3.14159265358979323846 * std::pow(500000.0, static_cast<double>(i) / 32);
    const auto found = static_cast<double>(rope.factors[i]);
    if (wave < 2048) CHECK(found == 1);
    if (wave > 8192) CHECK(found == 32);
    if (wave < 2048 || wave > 8192) continue;
    const double smooth = (8192 / wave - 1) / 3;  // 1 at 2048, 0 at 8192
    CHECK(close(1 / found, (1 - smooth) / 32 + smooth, 1e-7));
  }
  CHECK(rope.factors[14] == 1);
  CHECK(rope.factors[18] == 32);
  CHECK(rope.magnitude == 1);
}

TEST_CASE("rope scaling: yarn") {
  // Qwen2.5 with a factor of 4 over 32768. The pair that turns r times over L positions is
  // d ln(L / (2 pi r)) / (2 ln base): 23.6 for 32 turns, 39.7 for one.
  RopeConfig rope = plain_rope(128, 1e6);
  scale_yarn(rope, {.factor = 4, .original_context = 32768});
  REQUIRE(rope.factors.size() == 64);
  for (std::size_t i = 0; i < 64; ++i) {
    const double part = i <= 23 ? 0 : i >= 40 ? 1 : (static_cast<double>(i) - 23) / 17;
    CHECK(close(static_cast<double>(rope.factors[i]), 1 / (part / 4 + 1 - part), 1e-6));
  }
  CHECK(close(static_cast<double>(rope.magnitude), 0.1 * std::log(4.0) + 1, 1e-6));
  const auto magnitude = [](const YarnScaling& scaling) {
    RopeConfig scaled = plain_rope(8, 1e4);
    scale_yarn(scaled, scaling);
    return static_cast<double>(scaled.magnitude);
  };
  CHECK(magnitude({.factor = 0.5, .original_context = 64}) == 1);
  CHECK(magnitude({.factor = 4, .original_context = 64, .magnitude = 1.25}) == 1.25);
  CHECK(close(magnitude({.factor = 4, .original_context = 64, .mscale = 2, .mscale_all_dim = 0.5}),
              (0.2 * std::log(4.0) + 1) / (0.05 * std::log(4.0) + 1), 1e-6));
  CHECK(close(magnitude({.factor = 4, .original_context = 64, .mscale = 2}), 0.1 * std::log(4.0) + 1, 1e-6));
  // Whole pairs are the default; both ends can be the same one.
  RopeConfig narrow = plain_rope(2, 1e4);
  scale_yarn(narrow, {.factor = 8, .original_context = 4});
  CHECK(narrow.factors == std::vector<float>{1});  // both ends are pair 0, which is not past them
  RopeConfig exact = plain_rope(128, 1e6);
  scale_yarn(exact, {.factor = 4, .original_context = 32768, .truncate = false});
  CHECK(exact.factors[24] < rope.factors[24]);
}

TEST_CASE("rope scaling: longrope has two lists, and a magnitude from the factor") {
  RopeConfig rope = plain_rope(4, 1e4);
  scale_longrope(rope, {.short_factors = {1, 2}, .long_factors = {3, 4}, .original_context = 4096, .factor = 32});
  CHECK(rope.factors == std::vector<float>{1, 2});
  CHECK(rope.long_factors == std::vector<float>{3, 4});
  CHECK(rope.original_context == 4096);
  CHECK(close(static_cast<double>(rope.magnitude), std::sqrt(1 + std::log(32.0) / std::log(4096.0)), 1e-6));
  const auto magnitude = [](double factor, std::optional<double> given) {
    RopeConfig scaled = plain_rope(2, 1e4);
    scale_longrope(scaled, {{1}, {1}, 4096, factor, given});
    return scaled.magnitude;
  };
  CHECK(magnitude(1, {}) == 1);
  CHECK(magnitude(0.5, {}) == 1);
  CHECK(magnitude(32, 1.25) == 1.25f);
  rope = plain_rope(4, 1e4);
  rope.factors = {10, 20};
  scale_longrope(rope, {{1, 2}, {3, 4}, 4096, 1, 1.0});
  CHECK(rope.factors == std::vector<float>{10, 40});
  CHECK(rope.long_factors == std::vector<float>{30, 80});
}

TEST_CASE("rope scaling: parameters out of their range are named") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto yarn = [](const YarnScaling& s) { return error_of([&] { check_scaling(s, "m"); }); };
  CHECK(yarn({.factor = 4, .original_context = 64}) == "no error");
  CHECK(yarn({.factor = 0, .original_context = 64}) ==
        "m: factor of the RoPE scaling is 0, expected above 0 and below 1e6");
  CHECK(says(yarn({.factor = nan, .original_context = 64}), "factor of the RoPE scaling is nan"));
  CHECK(yarn({.factor = 4, .original_context = 1}) ==
        "m: original context length of the RoPE scaling is 1, expected 2 to 16777216");
  CHECK(yarn({.factor = 4, .original_context = 64, .beta_slow = 32}) ==
        "m: fast beta of the RoPE scaling is 32, expected above 32, the slow one, and below 1e6");
  CHECK(says(yarn({.factor = 4, .original_context = 64, .beta_slow = -1}), "slow beta of the RoPE scaling is -1"));
  CHECK(says(yarn({.factor = 4, .original_context = 64, .magnitude = -1}), "magnitude of the RoPE scaling is -1"));
  CHECK(says(yarn({.factor = 4, .original_context = 64, .mscale = nan, .mscale_all_dim = 1}), "magnitude"));
  const auto llama3 = [](const Llama3Scaling& s) { return error_of([&] { check_scaling(s, "m"); }); };
  CHECK(llama3({.factor = 8}) == "no error");
  CHECK(says(llama3({.factor = 8, .low_frequency_factor = 4}),
             "high frequency factor of the RoPE scaling is 4, expected above 4, the low one"));
  CHECK(says(llama3({.factor = -8}), "factor of the RoPE scaling is -8"));
  CHECK(says(llama3({.factor = 8, .low_frequency_factor = 0}), "low frequency factor of the RoPE scaling is 0"));
  CHECK(says(llama3({.factor = 8, .original_context = 0}), "original context length of the RoPE scaling is 0"));
  const auto longrope = [](const LongRopeScaling& s) { return error_of([&] { check_scaling(s, 4, "m"); }); };
  CHECK(longrope({{1, 2}, {1, 2}, 64, 2, {}}) == "no error");
  CHECK(longrope({{1}, {1, 2}, 64, 2, {}}) == "m: number of short factors of the RoPE scaling is 1, expected 2");
  CHECK(longrope({{1, 2}, {}, 64, 2, {}}) == "m: number of long factors of the RoPE scaling is 0, expected 2");
  CHECK(says(longrope({{1, 2}, {1, 2}, 0, 2, {}}), "original context length of the RoPE scaling is 0"));
  CHECK(says(longrope({{1, 2}, {1, 2}, 64, nan, {}}), "factor of the RoPE scaling is nan"));
}
