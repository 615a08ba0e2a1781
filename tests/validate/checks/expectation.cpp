// Bounds on roundings: a backend that rounds as the bounds assume is within them, one that does more is not.
#include "litestage/validate/checks/expectation.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <limits>
#include <vector>

#include "litestage/validate/small_config.hpp"
#include "litestage/validate/synthetic_model.hpp"

using namespace litestage;
using namespace litestage::validation;

namespace {

struct Case {
  ModelSource source = synthetic_model(small_config(DType::q8_0), DType::q8_0);
  std::vector<Sequence> sequences = random_sequences(source.config, 6, 5);
  Expectation expected = expectation(source, KvType::f32, sequences, Products::own_kernels, {});

  [[nodiscard]] double part_of(ReferenceBackend&& backend) const {
    return largest_part(run_model(backend, source, KvType::f32, sequences, steps_of(sequences, 4), {}), expected);
  }
};

}  // namespace

TEST_CASE("expectation: the exact result is within the bounds, and so is another draw of the rounding") {
  const Case c;
  CHECK(c.part_of(ReferenceBackend()) == 0);
  const double drawn = c.part_of(ReferenceBackend(1, random_rounding(Products::own_kernels, KvType::f32, 7)));
  CHECK(drawn > 0.1);
  CHECK(drawn < 1);
}

TEST_CASE("expectation: larger errors than the rounding are outside of the bounds") {
  const Case c;
  const auto lose = [](double* row, std::size_t n, DType) {
    if (n > 0) row[0] = 0;
  };
  CHECK(c.part_of(ReferenceBackend(1, lose)) > 1);
  Numbers found = c.expected.exact;
  found[3][1][5] = std::numeric_limits<double>::quiet_NaN();
  CHECK(largest_part(found, c.expected) == std::numeric_limits<double>::infinity());
}

TEST_CASE("expectation: the work stops where keep_going says so") {
  CheckProgress progress;
  progress.keep_going = [] { return false; };
  const ModelSource source = synthetic_model(small_config(DType::f32), DType::f32);
  const std::vector<Sequence> sequences = random_sequences(source.config, 2, 5);
  CHECK_THROWS_AS(static_cast<void>(expectation(source, KvType::f16, sequences, Products::cublas, progress)), Stopped);
}
