#include "litestage/backend/cpu/rows/gate.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "common/close.hpp"
#include "common/row_kernels.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

constexpr double smallest = 0x1p-100;  // below, exp overflows and the result is zero

double silu(double z) {
  return z / (1 + std::exp(-z));
}
double gelu(double z) {
  return 0.5 * z * (1 + std::tanh(0.79788456080286535588 * (z + 0.044715 * z * z * z)));
}
// |u| of exp(u), whose relative error is |u| times that of u.
double gelu_argument(double z) {
  return std::abs(2 * 0.79788456080286535588 * (z + 0.044715 * z * z * z));
}

}  // namespace

TEST_CASE("both gates agree with double at every size") {
  with_all_kernels([](auto kernels, const std::string& name) {
    for (const std::size_t n : awkward_sizes) {
      for (const float spread : {0.1f, 1.0f, 8.0f}) {
        CAPTURE(name);
        CAPTURE(n);
        const std::vector<float> gate = normal_numbers(n, n + 1, spread), up = normal_numbers(n, n + 2);
        Misaligned silu_row(gate), gelu_row(gate);
        cpu::apply_gate<decltype(kernels)>(Activation::silu, silu_row.data(), up.data(), n);
        cpu::apply_gate<decltype(kernels)>(Activation::gelu_tanh, gelu_row.data(), up.data(), n);
        CHECK(silu_row.guarded());
        CHECK(gelu_row.guarded());
        const std::vector<float> found_silu = silu_row.values(), found_gelu = gelu_row.values();
        for (std::size_t i = 0; i < n; ++i) {
          const double z = static_cast<double>(gate[i]), u = static_cast<double>(up[i]);
          // exp to 1 ulp, then a sum, a quotient and a product: 5 half ulps; gelu's argument has 4 more roundings and
          // two rounded constants.
          const double s = silu(z) * u;
          REQUIRE(close(static_cast<double>(found_silu[i]), s, 6 * 0x1p-24 * std::abs(s) + smallest));
          // 1 + tanh cancels below z = -3 in the double reference as well, by at most 2^-50 of |z u|.
          const double g = gelu(z) * u;
          const double relative = (6 + 6 * gelu_argument(z)) * 0x1p-24;
          REQUIRE(close(static_cast<double>(found_gelu[i]), g, relative * std::abs(g) + 0x1p-50 * std::abs(z * u)));
        }
      }
    }
  });
}

TEST_CASE("gates far out: the identity above, zero below, NaN through") {
  with_all_kernels([](auto kernels, const std::string& name) {
    CAPTURE(name);
    for (const Activation activation : {Activation::silu, Activation::gelu_tanh}) {
      std::vector<float> gate{1000, -1000, 0, std::nanf("")};
      const std::vector<float> up{2, 2, 2, 2};
      cpu::apply_gate<decltype(kernels)>(activation, gate.data(), up.data(), gate.size());
      CHECK(gate[0] == 2000);
      CHECK(gate[1] == 0);
      CHECK(gate[2] == 0);
      CHECK(std::isnan(gate[3]));
    }
  });
}
