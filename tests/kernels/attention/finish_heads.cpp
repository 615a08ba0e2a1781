// FinishHeads in the emulator (bias, norm of each head, RoPE, storing in the cache), compared with double.
#include "litestage/kernels/attention/finish_heads.cuh"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/attention/attention_rows.hpp"
#include "litestage/core/kv_number.hpp"

using namespace litestage;
using namespace litestage::test;
using kernels::FinishHeads;
using kernels::HeadShape;

namespace {

template <class T>
AttentionResult<T> finish_heads(Emulator& emulator, const AttentionSetting& s, const std::vector<float>& sums) {
  const DeviceSetting<T> device(emulator, s);
  const DeviceBuffer<float> raw = to_device(emulator, sums);
  typename FinishHeads<T>::Params p;
  device.put(p, s);
  p.raw = raw.data();
  p.n = s.n;
  for (unsigned m = 0; m < 2; ++m) p.norm[m] = device.vector[3 + m];
  emulator.launch<FinishHeads<T>>(FinishHeads<T>::grid(p), p);
  return device.result();
}

// A head's norm: the squares are positive, so each of head_dim / 32 operations and five additions errs by 2^-24 of
// their sum, and the root halves that; mean, eps, root, quotient, two products and the bias follow.
template <class T>
void check_against_double(const AttentionSetting& s) {
  const std::vector<float> sums = random_inputs(std::size_t{s.n} * s.raw_dim(), s.n + s.shape.head_dim);
  Emulator first_emulator(schedules[0]);
  const AttentionResult<T> found = finish_heads<T>(first_emulator, s, sums);
  for (const Schedule& schedule : schedules) {
    Emulator emulator(schedule);
    CHECK(finish_heads<T>(emulator, s, sums) == found);
  }
  const unsigned first_of[] = {0, s.dim(0), s.dim(0) + s.dim(1)};
  const auto sum = [&](unsigned m, unsigned i, unsigned r) {
    return Expected{static_cast<double>(sums[std::size_t{i} * s.raw_dim() + first_of[m] + r]), 0};
  };
  const double operations = (s.shape.head_dim / 32 + 6) / 2.0 + 7;
  check_attention(found, s, sum, operations * 0x1p-24);
}

}  // namespace

TEST_CASE("finish_heads agrees with double, to the same bits in every schedule") {
  for (const bool halves : {false, true}) {
    for (const bool biases : {false, true}) {
      for (const bool norms : {false, true}) {
        CAPTURE(halves);
        CAPTURE(biases);
        CAPTURE(norms);
        const HeadShape wide{3, 1, 64, 64, halves}, partly{4, 2, 80, 32, halves};
        check_against_double<float>(AttentionSetting(wide, 3, 3, biases, norms));
        check_against_double<std::uint16_t>(AttentionSetting(partly, 2, 2, biases, norms));
        check_against_double<float>(AttentionSetting(HeadShape{2, 1, 16, 0, halves}, 2, 1, biases, norms));  // no RoPE
      }
    }
  }
}

TEST_CASE("finish_heads: rows that only store keys and values have no queries") {
  const HeadShape shape{2, 2, 64, 64, true};
  check_against_double<float>(AttentionSetting(shape, 16, 5, true, true));
  check_against_double<std::uint16_t>(AttentionSetting(shape, 1, 0, true, false));
}

TEST_CASE("finish_heads: queries or keys alone may have a norm") {
  for (const unsigned without : {0u, 1u}) {
    AttentionSetting s(HeadShape{2, 1, 16, 8, true}, 2, 1, false, true);
    s.norm[without].clear();
    check_against_double<float>(s);
  }
}

TEST_CASE("finish_heads: a head whose squares overflow is NaN, not 0") {
  AttentionSetting s(HeadShape{2, 1, 16, 8, true}, 1, 1, false, true);
  std::vector<float> sums = random_inputs(s.raw_dim(), 3);
  sums[5] = 1e20f;
  Emulator emulator;
  const AttentionResult<float> found = finish_heads<float>(emulator, s, sums);
  for (unsigned j = 0; j < 32; ++j) CHECK(std::isnan(found.q[j]) == (j < 16));
}

TEST_CASE(
    "finish_heads: what does not fit the cache is stored as NaN, of its own kind where it was too large for F16") {
  const float infinity = std::numeric_limits<float>::infinity();
  const AttentionSetting s(HeadShape{2, 1, 16, 8, true}, 2, 2, false, false);  // numbers 8 to 15 are not turned
  for (const unsigned m : {1u, 2u}) {
    for (const float number : {65504.0f, -65519.99f, 65520.0f, -65520.0f, 3e38f, infinity, -infinity, std::nanf("")}) {
      CAPTURE(number);
      std::vector<float> sums(std::size_t{s.n} * s.raw_dim(), 0.25f);
      sums[s.raw_dim() + s.dim(0) + (m - 1) * s.dim(1) + 13] = number;  // of row 1
      Emulator emulator;
      const auto half = finish_heads<std::uint16_t>(emulator, s, sums);
      const auto single = finish_heads<float>(emulator, s, sums);
      const kernels::Cache<float> cache{
          nullptr, nullptr, AttentionSetting::layers, 1, AttentionSetting::capacity, s.shape.head_dim};
      const std::size_t at =
          cache.at(static_cast<unsigned>(s.slot[1]), AttentionSetting::layer, 0, static_cast<unsigned>(s.entry[1]));
      const std::uint16_t stored = (m == 1 ? half.k : half.v)[at + 13];
      if (std::abs(number) < 65520)
        CHECK(stored == to_f16(number).bits);
      else
        CHECK(stored == (std::isfinite(number) ? kv_too_large : kv_not_finite));
      const float as_float = (m == 1 ? single.k : single.v)[at + 13];
      if (std::isfinite(number))
        CHECK(as_float == number);
      else
        CHECK(std::isnan(as_float));
      CHECK((m == 1 ? half.k : half.v)[at + 12] == to_f16(0.25f).bits);
    }
  }
}
