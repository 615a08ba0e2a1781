#include "litestage/backend/cpu/rows/norm.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "common/close.hpp"
#include "common/row_kernels.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

constexpr double half_ulp = 0x1p-24;  // relative rounding error of one float operation

}  // namespace

TEST_CASE("rms_norm agrees with double at every size, in place and misaligned") {
  with_all_kernels([](auto kernels, const std::string& name) {
    for (const std::size_t n : awkward_sizes) {
      for (const std::uint64_t seed : {1u, 2u, 3u}) {
        CAPTURE(name);
        CAPTURE(n);
        const std::vector<float> x = normal_numbers(n, seed, 3), weight = normal_numbers(n, seed + 10);
        constexpr float eps = 1e-5f;
        double squares = 0;
        for (const float v : x) squares = std::fma(static_cast<double>(v), static_cast<double>(v), squares);
        const double factor = 1 / std::sqrt(squares / static_cast<double>(n) + static_cast<double>(eps));
        Misaligned row(x), w(weight);
        cpu::rms_norm<decltype(kernels)>(row.data(), row.data(), w.data(), eps, n);
        CHECK(row.guarded());
        // Sums of squares are chains of at most n/16 + 4 roundings, halved by the root; then three more roundings.
        const double relative = (static_cast<double>(n) / 32 + 6) * half_ulp;
        const std::vector<float> found = row.values();
        for (std::size_t i = 0; i < n; ++i) {
          const double expected = static_cast<double>(x[i]) * factor * static_cast<double>(weight[i]);
          REQUIRE(close(static_cast<double>(found[i]), expected, relative * std::abs(expected)));
        }
      }
    }
  });
}

TEST_CASE("rms_norm of zeros is zeros, of NaN is NaN") {
  with_all_kernels([](auto kernels, const std::string& name) {
    CAPTURE(name);
    const std::vector<float> weight(33, 1.0f);
    std::vector<float> x(33, 0.0f), y(33, 1.0f);
    cpu::rms_norm<decltype(kernels)>(y.data(), x.data(), weight.data(), 1e-6f, 33);
    CHECK(same_bits(y, x));
    x[32] = std::nanf("");
    cpu::rms_norm<decltype(kernels)>(y.data(), x.data(), weight.data(), 1e-6f, 33);
    CHECK(std::isnan(y[0]));
  });
}

TEST_CASE("rms_norm of numbers whose squares overflow is NaN, not 0") {
  with_all_kernels([](auto kernels, const std::string& name) {
    CAPTURE(name);
    for (const std::size_t n : {1u, 33u, 576u}) {
      std::vector<float> x(n, 1e-3f), w(n, 1.0f), y(n);
      x[n / 2] = 1e18f;  // its square is a float
      cpu::rms_norm<decltype(kernels)>(y.data(), x.data(), w.data(), 1e-5f, n);
      CHECK(y[n / 2] > 0);
      x[n / 2] = -1e20f;
      cpu::rms_norm<decltype(kernels)>(y.data(), x.data(), w.data(), 1e-5f, n);
      for (const float number : y) CHECK(std::isnan(number));
    }
  });
}

TEST_CASE("adding a row and measuring it adds the same bits, and measures in double") {
  with_all_kernels([](auto kernels, const std::string& name) {
    using K = decltype(kernels);
    for (const std::size_t n : awkward_sizes) {
      CAPTURE(name);
      CAPTURE(n);
      const std::vector<float> x = normal_numbers(n, 5), y = normal_numbers(n, 6);
      Misaligned plain(x), measured(x);
      K::add_scaled(plain.data(), y.data(), 0.7f, n);
      const Moments<double> m = K::add_scaled_measured(measured.data(), y.data(), 0.7f, n);
      CHECK(same_bits(plain.values(), measured.values()));
      CHECK(plain.guarded());
      CHECK(measured.guarded());
      double dot = 0, before = 0, after = 0, magnitude = 0;
      const std::vector<float> sum = plain.values();
      for (std::size_t i = 0; i < n; ++i) {
        const double a = static_cast<double>(x[i]), b = static_cast<double>(sum[i]);
        CHECK(sum[i] == std::fma(0.7f, y[i], x[i]));
        dot += a * b;
        before += a * a;
        after += b * b;
        magnitude += std::abs(a * b) + a * a + b * b;
      }
      const double tolerance = static_cast<double>(n + 4) * 0x1p-52 * magnitude;
      CHECK(close(m.dot, dot, tolerance));
      CHECK(close(m.before, before, tolerance));
      CHECK(close(m.after, after, tolerance));
    }
  });
}

TEST_CASE("scale and blend are element by element") {
  with_all_kernels([](auto kernels, const std::string& name) {
    using K = decltype(kernels);
    for (const std::size_t n : awkward_sizes) {
      CAPTURE(name);
      CAPTURE(n);
      const std::vector<float> x = normal_numbers(n, 7), y = normal_numbers(n, 8);
      Misaligned scaled(x), blended(x);
      K::scale(scaled.data(), scaled.data(), 1.7f, n);
      K::blend(blended.data(), 0.3f, y.data(), 0.9f, n);
      CHECK(scaled.guarded());
      CHECK(blended.guarded());
      for (std::size_t i = 0; i < n; ++i) {
        REQUIRE(scaled.values()[i] == 1.7f * x[i]);
        const float first = x[i] * 0.3f;
        REQUIRE(blended.values()[i] == std::fma(y[i], 0.9f, first));
      }
    }
  });
}

TEST_CASE("halves are rounded as core/numeric.hpp rounds them") {
  with_all_kernels([](auto kernels, const std::string& name) {
    CAPTURE(name);
    std::vector<float> x = normal_numbers(1001, 9, 1e-4f);  // many subnormal halves
    const float special[] = {0.0f, -0.0f, 65504, 65519.9f, 65520, -1e30f, 1e-8f, 0x1p-25f, HUGE_VALF, std::nanf("")};
    std::copy(std::begin(special), std::end(special), x.begin());
    for (const std::size_t n : {0u, 1u, 7u, 8u, 9u, 31u, 1001u}) {
      std::vector<f16> found(n + 1, f16{0x1234});
      decltype(kernels)::to_half(found.data(), x.data(), n);
      CHECK(found[n].bits == 0x1234);
      for (std::size_t i = 0; i < n; ++i) REQUIRE(found[i].bits == to_f16(x[i]).bits);
    }
  });
}
