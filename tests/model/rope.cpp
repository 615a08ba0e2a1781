#include "litestage/model/rope.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <complex>

#include "common/close.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

// Position p turns pair i by p / (base^(2i / dim) factor): here as e^(i angle), with the power as repeated roots and
// products rather than as std::pow of the whole exponent.
std::complex<double> turned(const RopeConfig& rope, std::size_t p, std::size_t i) {
  const double step = std::exp(-2.0 * std::log(rope.base) / rope.rotary_dim);
  double frequency = 1;
  for (std::size_t k = 0; k < i; ++k) frequency *= step;
  if (!rope.factors.empty()) frequency /= static_cast<double>(rope.factors[i]);
  return std::polar(1.0, static_cast<double>(p) * frequency);
}

}  // namespace

TEST_CASE("rope: angles agree with an independent formula") {
  for (const double base : {10000.0, 1e6, 100.0}) {
    for (const int dim : {2, 6, 16, 64}) {
      for (const bool with_factors : {false, true}) {
        RopeConfig rope;
        rope.base = base;
        rope.rotary_dim = dim;
        const auto half = static_cast<std::size_t>(dim) / 2;
        for (std::size_t i = 0; with_factors && i < half; ++i) rope.factors.push_back(1 + 0.5f * static_cast<float>(i));
        const std::size_t positions = 67;
        const RopeAngles<double> exact(rope, positions);
        const RopeAngles<float> single(rope, positions);
        REQUIRE(exact.cos.size() == positions * half);
        for (std::size_t p = 0; p < positions; ++p) {
          for (std::size_t i = 0; i < half; ++i) {
            const std::complex<double> expected = turned(rope, p, i);
            const std::size_t at = p * half + i;
            // An angle of at most 66, each factor of which is off by a few units of 2^-53.
            REQUIRE(close(exact.cos[at], expected.real(), 66.0 * (32 + 4) * 0x1p-53));
            REQUIRE(close(exact.sin[at], expected.imag(), 66.0 * (32 + 4) * 0x1p-53));
            REQUIRE(single.cos[at] == static_cast<float>(exact.cos[at]));
            REQUIRE(single.sin[at] == static_cast<float>(exact.sin[at]));
          }
        }
      }
    }
  }
}

TEST_CASE("rope: position 0 turns nothing, and pair 0 turns by one radian a position") {
  RopeConfig rope;
  rope.rotary_dim = 8;
  const RopeAngles<double> angles(rope, 3);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(angles.cos[i] == 1);
    CHECK(angles.sin[i] == 0);
  }
  CHECK(angles.cos[4] == std::cos(1.0));
  CHECK(angles.sin[8] == std::sin(2.0));
  CHECK(RopeAngles<float>(rope, 0).cos.empty());
}

TEST_CASE("rope: a magnitude multiplies cosines and sines, and the session's length chooses the list of divisors") {
  RopeConfig rope;
  rope.rotary_dim = 4;
  rope.magnitude = 1.5f;
  rope.factors = {1, 2};
  rope.long_factors = {4, 8};
  rope.original_context = 10;
  for (const std::size_t positions : {3u, 10u, 11u}) {
    const RopeAngles<double> angles(rope, positions);
    const bool longer = positions > 10;
    CHECK(angles.cos[0] == 1.5);
    CHECK(angles.cos[2 * 2] == std::cos(longer ? 0.5 : 2.0) * 1.5);
    CHECK(angles.sin[2 * 2 + 1] == std::sin(2 * (0.01 / (longer ? 8 : 2))) * 1.5);
    CHECK(rope.in_session(positions).factors == (longer ? rope.long_factors : rope.factors));
    CHECK(rope.in_session(positions).long_factors.empty());
  }
}
