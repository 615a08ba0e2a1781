// Whole models on two backends: the comparison of logits, and the tokens of the CPU's run.
#include "litestage/validate/checks/whole_model.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "litestage/validate/small_config.hpp"
#include "litestage/validate/synthetic_model.hpp"

using namespace litestage;
using namespace litestage::validation;

TEST_CASE("whole model: rows are compared by their length and by their likeliest token") {
  const LogitRows expected{{3, 4, 0}, {0, 0, 5}};
  const RowsCompared same = compare_rows(expected, expected, 0.1);
  CHECK(same.largest_error == 0);
  CHECK(same.same_likeliest == 2);
  CHECK(same.positions == 2);
  CHECK(same.passed());
  const RowsCompared other = compare_rows({{4, 3, 0}, {0, 0, 5}}, expected, 0.1);
  CHECK(other.largest_difference == 1);
  CHECK(other.largest_error == doctest::Approx(std::sqrt(2.0) / 5));
  CHECK(other.same_likeliest == 1);
  CHECK(!other.passed());
  CHECK(compare_rows({{4, 3, 0}, {0, 0, 5}}, expected, 0.3).passed());
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(!compare_rows({{3, 4, nan}, {0, 0, 5}}, expected, 0.1).passed());
}

TEST_CASE("whole model: the CPU continues with its own likeliest token, and a replay of its tokens has its logits") {
  const ModelSource source = synthetic_model(small_config(DType::q8_0), DType::q8_0);
  const CpuRun run = run_on_cpu(source, 1, 9, {});
  REQUIRE(run.tokens.size() == 9);
  REQUIRE(run.logits.size() == 9);
  for (std::size_t i = 4; i < 9; ++i) CHECK(static_cast<std::size_t>(run.tokens[i]) == likeliest(run.logits[i - 1]));
  CpuBackend backend(CpuOptions{1});
  const auto model = load(backend, source);
  CHECK(decode_rows(backend, model, run.tokens, {}) == run.logits);
  CHECK(prefill_rows(backend, model, run.tokens) == run.logits);
}

TEST_CASE("whole model: the run stops where keep_going says so") {
  CheckProgress progress;
  int asked = 0;
  progress.keep_going = [&] { return ++asked < 3; };
  const ModelSource source = synthetic_model(small_config(DType::q8_0), DType::q8_0);
  CHECK_THROWS_AS(static_cast<void>(run_on_cpu(source, 1, 9, progress)), Stopped);
  CHECK(asked == 3);
}
