// Matrix products of all weight types and instruction sets: against double, and to the bit among themselves.
// ThreadSanitizer: yes
#include "litestage/backend/cpu/matmul/matmul.hpp"

#include "backend/cpu/matmul/matmul_cases.hpp"
#include "common/close.hpp"
#include "litestage/core/threads/thread_team.hpp"

using namespace litestage;
using namespace litestage::test;
using cpu::InstructionSet;
using cpu::PackedMatrix;

namespace {

// The exact product, and how far a kernel may be from it.
struct Expected {
  double value = 0, bound = 0;
};

// Quantised weights: rounding an input moves it by at most half a step, max |x| / 254, of its block (a little more for
// the rounding of the scale itself). Summing: every operation errs by 2^-24 of a partial sum, which in turn is at most
// the sum of the magnitudes of everything added, with offsets and minimums apart: those are what cancels.
Expected expected(DType type, const std::vector<double>& w, const float* x, double largest_min) {
  Expected e;
  const bool quantised = !cpu::is_float(type);
  double magnitude = 0;
  for (std::size_t first = 0; first < w.size(); first += 32) {
    const std::size_t last = std::min(first + 32, w.size());
    double largest = 0;
    for (std::size_t k = first; k < last; ++k) largest = std::max(largest, std::abs(static_cast<double>(x[k])));
    for (std::size_t k = first; k < last; ++k) {
      e.value += w[k] * x[k];
      magnitude += (std::abs(w[k]) + 2 * largest_min) * (quantised ? largest : std::abs(static_cast<double>(x[k])));
      if (quantised) e.bound += std::abs(w[k]) * largest * (0.5 / 127) * (1 + 1e-5);
    }
  }
  const double operations = quantised ? 6.0 * static_cast<double>(w.size()) / 16 : static_cast<double>(w.size());
  e.bound += magnitude * (operations + 4) * 0x1p-24;
  return e;
}

void check_against_double(DType type, std::size_t rows, std::size_t columns, std::size_t n) {
  const RandomWeight weight(type, rows, columns, static_cast<unsigned>(rows * 31 + columns));
  const std::vector<float> x = random_inputs(n * columns, static_cast<unsigned>(n));
  ThreadTeam team(1);
  const PackedMatrix packed(weight.raw, team);
  std::vector<std::vector<float>> found;
  for (InstructionSet set : sets_here()) found.push_back(product(set, packed, x, n));
  for (const std::vector<float>& y : found) CHECK(same_bits(y, found[0]));
  std::vector<double> w(columns);
  for (std::size_t r = 0; r < rows; ++r) {
    dequantize_row(type, weight.raw.row(r), w.data(), columns);
    for (std::size_t i = 0; i < n; ++i) {
      const Expected e = expected(type, w, x.data() + i * columns, largest_min(type));
      if (close(found[0][i * rows + r], e.value, e.bound)) continue;
      FAIL_CHECK(name(type), " ", rows, " x ", columns, ", input ", i, ", row ", r, ": ", found[0][i * rows + r],
                 " is not ", e.value, " to within ", e.bound);
      return;
    }
  }
}

}  // namespace

TEST_CASE("every type in every instruction set agrees with double, and they agree to the bit") {
  MESSAGE("the widest instruction set here is ", std::string(cpu::name(cpu::best_instruction_set())));
  for (const DTypeInfo& entry : dtype_table) {
    const std::size_t block = entry.block_size;
    for (std::size_t rows : {1, 15, 16, 17, 63, 64, 65})
      check_against_double(entry.type, rows, block == 1 ? 37 : block, 3);
    for (std::size_t n : {1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 64, 65, 66}) check_against_double(entry.type, 17, 768, n);
    if (block < 256) {
      for (std::size_t columns : {32, 64, 96, 576}) check_against_double(entry.type, 33, columns, 2);
    }
    if (block == 1) {
      for (std::size_t columns : {1, 2, 3, 31, 33}) check_against_double(entry.type, 5, columns, 9);
    }
  }
}

TEST_CASE("a large matrix, many inputs: more than go through the panels at once") {
  for (DType type : {DType::f32, DType::q8_0, DType::q4_1}) check_against_double(type, 40, 4864, 70);
  check_against_double(DType::q4_0, 576, 576, 5);
}

TEST_CASE("a result's bits do not depend on the batch, its place in it, the share of panels or the packing") {
  constexpr std::size_t rows = 65, columns = 512, n = 23;
  ThreadTeam team(2);
  for (const DTypeInfo& entry : dtype_table) {
    const RandomWeight weight(entry.type, rows, columns, 5);
    const std::vector<float> x = random_inputs(n * columns, 6);
    const PackedMatrix packed(weight.raw, team), in_flight(weight.raw, team, cpu::Packing::in_flight);
    CHECK(in_flight.bytes() == 0);
    CHECK(packed.bytes() == packed.stream_bytes());
    for (InstructionSet set : sets_here()) {
      const std::vector<float> all = product(set, packed, x, n);
      CHECK(same_bits(product(set, in_flight, x, n), all));
      for (std::size_t first = 0; first < n; ++first) {
        for (std::size_t count : {1, 2, 3, 5, 8, 12}) {
          if (first + count > n) continue;
          const std::vector<float> part(x.begin() + static_cast<std::ptrdiff_t>(first * columns),
                                        x.begin() + static_cast<std::ptrdiff_t>((first + count) * columns));
          const std::vector<float> y = product(set, packed, part, count);
          REQUIRE(same_bits(y, std::span(all).subspan(first * rows, count * rows)));
        }
      }
    }
  }
}

TEST_CASE("threads take shares of the panels and write nothing else") {
  constexpr std::size_t rows = 70, columns = 96, n = 3, stride = 80;
  ThreadTeam team(2);
  const RandomWeight weight(DType::q5_1, rows, columns, 7);
  const PackedMatrix packed(weight.raw, team);
  const std::vector<float> x = random_inputs(n * columns, 8);
  for (InstructionSet set : sets_here()) {
    const std::vector<float> all = product(set, packed, x, n);
    cpu::Activations a(set);
    a.reshape(n, columns, {.codes = true, .floats = true});
    std::vector<float> y(n * stride, 5.0f);
    const View<float, 2> view(y.data(), {n, rows}, {stride, 1});
    std::vector<cpu::PanelScratch> scratch(2);
    team.for_ranges(n, 1, [&](Range part, int) { a.set_rows(View<const float, 2>(x.data(), {n, columns}), part); });
    team.for_ranges(packed.panels(), 1, [&](Range part, int thread) {
      cpu::matmul(view, a, packed, part, scratch[static_cast<std::size_t>(thread)]);
    });
    for (std::size_t i = 0; i < n; ++i) {
      CHECK(same_bits(std::span(view.row(i), rows), std::span(all).subspan(i * rows, rows)));
      for (std::size_t r = rows; r < stride; ++r) CHECK(y[i * stride + r] == 5.0f);
    }
    const std::vector<float> before = y;
    cpu::matmul(view, a, packed, Range{2, 2}, scratch[0]);
    CHECK(same_bits(y, before));
  }
}

TEST_CASE("bias, multiplier, accumulation and scattered rows on the way out") {
  constexpr std::size_t rows = 21, columns = 64, n = 3;
  ThreadTeam team(1);
  const RandomWeight weight(DType::q8_0, rows, columns, 9);
  const PackedMatrix packed(weight.raw, team);
  const std::vector<float> x = random_inputs(n * columns, 10), bias = random_inputs(rows, 11);
  const int to[n] = {4, 0, 2};
  for (InstructionSet set : sets_here()) {
    const std::vector<float> plain = product(set, packed, x, n);
    cpu::Activations a(set);
    a.reshape(n, columns, cpu::forms_for(DType::q8_0));
    a.set_rows(View<const float, 2>(x.data(), {n, columns}), Range{0, n});
    cpu::PanelScratch scratch;
    const std::vector<float> before = random_inputs(5 * rows, 12);
    for (bool accumulate : {false, true}) {
      std::vector<float> y = before;
      const cpu::Store store{.bias = bias.data(), .multiplier = 0.3f, .accumulate = accumulate, .rows = to};
      cpu::matmul(View<float, 2>(y.data(), {5, rows}), a, packed, Range{0, packed.panels()}, scratch, store);
      std::vector<float> expected = before;
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t r = 0; r < rows; ++r) {
          float& out = expected[static_cast<std::size_t>(to[i]) * rows + r];
          const float value = plain[i * rows + r] + bias[r];
          out = accumulate ? std::fma(0.3f, value, out) : 0.3f * value;
        }
      }
      CHECK(same_bits(y, expected));
    }
  }
}

TEST_CASE("NaN and infinity reach every result of their row and no other row") {
  constexpr std::size_t rows = 18, columns = 256, n = 3;
  ThreadTeam team(1);
  for (const DTypeInfo& entry : dtype_table) {
    const RandomWeight weight(entry.type, rows, columns, 13);
    const PackedMatrix packed(weight.raw, team);
    for (float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
      std::vector<float> x = random_inputs(n * columns, 14);
      const std::vector<float> good = product(InstructionSet::portable, packed, x, n);
      x[columns + 100] = bad;
      for (InstructionSet set : sets_here()) {
        const std::vector<float> y = product(set, packed, x, n);
        for (std::size_t r = 0; r < rows; ++r) {
          CHECK(y[r] == good[r]);
          CHECK(!std::isfinite(y[rows + r]));
          CHECK(y[2 * rows + r] == good[2 * rows + r]);
        }
      }
    }
  }
}

TEST_CASE("no inputs, and inputs that do not fit") {
  ThreadTeam team(1);
  const RandomWeight weight(DType::q4_0, 16, 64, 15);
  const PackedMatrix packed(weight.raw, team);
  CHECK(product(cpu::best_instruction_set(), packed, {}, 0).empty());
  cpu::Activations a(cpu::best_instruction_set());
  cpu::PanelScratch scratch;
  std::vector<float> y(16);
  const View<float, 2> view(y.data(), {1, 16});
  a.reshape(1, 32, {.codes = true});
  CHECK_THROWS_AS(cpu::matmul(view, a, packed, Range{0, 1}, scratch), AssertionError);
  a.reshape(1, 64, {.floats = true});
  CHECK_THROWS_AS(cpu::matmul(view, a, packed, Range{0, 1}, scratch), AssertionError);
  a.reshape(1, 64, {.codes = true});
  CHECK_THROWS_AS(cpu::matmul(view, a, packed, Range{0, 2}, scratch), AssertionError);
  CHECK_THROWS_AS(cpu::matmul(View<float, 2>(y.data(), {1, 15}), a, packed, Range{0, 1}, scratch), AssertionError);
  CHECK_THROWS_AS(a.reshape(1, 33, {.codes = true}), AssertionError);
}
