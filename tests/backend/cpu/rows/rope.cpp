#include "litestage/backend/cpu/rows/rope.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "common/close.hpp"
#include "common/row_kernels.hpp"

using namespace litestage;
using namespace litestage::test;

TEST_CASE("rotate_head turns pairs as double does, halves and neighbours, and leaves the rest") {
  with_all_kernels([](auto kernels, const std::string& name) {
    for (const std::size_t pairs : {1u, 2u, 3u, 4u, 5u, 7u, 8u, 9u, 16u, 17u, 32u, 40u, 64u}) {
      for (const bool halves : {false, true}) {
        CAPTURE(name);
        CAPTURE(pairs);
        CAPTURE(halves);
        const std::size_t dim = 2 * pairs + 3;  // three components do not rotate
        const std::vector<float> x = normal_numbers(dim, pairs);
        std::vector<float> cos(pairs), sin(pairs);
        for (std::size_t i = 0; i < pairs; ++i) {
          cos[i] = static_cast<float>(std::cos(0.37 * static_cast<double>(i + 1)));
          sin[i] = static_cast<float>(std::sin(0.37 * static_cast<double>(i + 1)));
        }
        Misaligned head(x);
        cpu::rotate_head<decltype(kernels)>(head.data(), cos.data(), sin.data(), 2 * pairs, halves);
        const std::vector<float> y = head.values();
        for (std::size_t i = 0; i < pairs; ++i) {
          const std::size_t first = halves ? i : 2 * i, second = halves ? i + pairs : 2 * i + 1;
          const double a = static_cast<double>(x[first]), b = static_cast<double>(x[second]);
          const double c = static_cast<double>(cos[i]), s = static_cast<double>(sin[i]);
          const double tolerance = 2 * 0x1p-24 * (std::abs(a) + std::abs(b));  // two roundings
          REQUIRE(close(static_cast<double>(y[first]), a * c - b * s, tolerance));
          REQUIRE(close(static_cast<double>(y[second]), a * s + b * c, tolerance));
        }
        for (std::size_t i = 2 * pairs; i < dim; ++i) CHECK(y[i] == x[i]);
        CHECK(head.guarded());
      }
    }
  });
}

TEST_CASE("rotating by nothing changes no bit") {
  with_all_kernels([](auto kernels, const std::string& name) {
    CAPTURE(name);
    const std::vector<float> x = normal_numbers(64, 1), one(32, 1.0f), zero(32, 0.0f);
    for (const bool halves : {false, true}) {
      std::vector<float> y = x;
      cpu::rotate_head<decltype(kernels)>(y.data(), one.data(), zero.data(), 64, halves);
      CHECK(same_bits(x, y));
    }
  });
}
