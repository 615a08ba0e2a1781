#include "litestage/compare/expected_skipping.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "litestage/skip/early_exit_depth.hpp"
#include "litestage/skip/lite_stage.hpp"
#include "litestage/skip/never.hpp"
#include "litestage/skip/skip_decode.hpp"

using namespace litestage;
using namespace litestage::compare;
using namespace litestage::evaluate;

namespace {

// One branch of 10 prompt tokens and 5 generated, of which 4 are forwarded; two of 20 and 3, of which 2 are.
const std::vector<StageLength> lengths = {{"recall", 8, 10, 1, 5}, {"analyze", 8, 40, 2, 3}};

}  // namespace

TEST_CASE("expected skipping: a mean over prompt tokens and decode steps") {
  CHECK(expected_skipping(skip::Never{}, 6, lengths) == 0);
  CHECK(expected_skipping(skip::EarlyExitDepth{2}, 6, lengths) == 4);
  const skip::LiteStage plan{{"a1", "m1", "a2"}, {{"recall", 3}, {"analyze", 1}}};
  CHECK(expected_skipping(plan, 6, lengths) == doctest::Approx((3 * 14 + 1 * 44) / 58.0));
  skip::LiteStage decode = plan;
  decode.phase = Phases::decode;
  CHECK(expected_skipping(decode, 6, lengths) == doctest::Approx((3 * 4 + 1 * 4) / 58.0));
  CHECK(expected_skipping(plan, 6, {}) == 0);
}

TEST_CASE("expected skipping: a policy that skips more from step to step") {
  // Prefills skip layer 1; decode step t the layers 1 to ceil(2t / 8) + 1: 1, 2, 2, 2 of them, and 1, 2.
  const double skipped = 2 * (10 + 1 + 2 + 2 + 2) + 2 * (40 + 2 * (1 + 2));
  CHECK(expected_skipping(skip::SkipDecode{3}, 6, lengths) == doctest::Approx(skipped / 58));
}
