// Models of random weights: types, sizes of the numbers, and windows that no two matrices share.
#include "litestage/validate/synthetic_model.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <set>
#include <vector>

#include "common/error_of.hpp"
#include "litestage/core/quant_blocks.hpp"
#include "litestage/model/source/finite_weights.hpp"
#include "litestage/validate/small_config.hpp"

using namespace litestage;
using namespace litestage::test;
using namespace litestage::validation;

namespace {

[[nodiscard]] double root_mean_square(const RawTensor& t) {
  std::vector<float> row(t.columns);
  double squares = 0;
  for (std::size_t r = 0; r < t.rows; ++r) {
    dequantize_row(t.type, t.row(r), row.data(), t.columns);
    for (const float x : row) squares += static_cast<double>(x) * static_cast<double>(x);
  }
  return std::sqrt(squares / static_cast<double>(t.rows * t.columns));
}

}  // namespace

TEST_CASE("synthetic model: every weight type gives finite weights of the wanted size, each at a place of its own") {
  for (const DTypeInfo& type : dtype_table) {
    CAPTURE(type.name);
    const ModelConfig config = small_config(type.type);
    const ModelSource source = synthetic_model(config, type.type, has_head_norms(type.type), has_post_norms(type.type));
    std::set<const std::byte*> places;
    for (const RawTensor* tensor : all_tensors(source.tensors)) {
      CHECK(places.insert(tensor->data).second);
      CHECK(error_of([&] { check_finite(*tensor, "model"); }) == "no error");
    }
    const double wanted = 0.6 / std::sqrt(static_cast<double>(config.hidden));
    const double size = root_mean_square(source.tensors.layers[1].w_up);
    CHECK(size / wanted > 0.8);
    CHECK(size / wanted < 1.25);
    CHECK(source.tensors.layers[0].q_norm.empty() == !has_head_norms(type.type));
    CHECK(source.tensors.layers[1].mlp_post_norm.empty() == !has_post_norms(type.type));
    CHECK(source.tensors.layers[0].bq.empty() == (config.architecture == "llama"));
  }
}

TEST_CASE("synthetic model: rows that blocks of 256 do not divide take a type with blocks of 32") {
  CHECK(type_for(DType::q4_k, 512) == DType::q4_k);
  CHECK(type_for(DType::q4_k, 576) == DType::q5_0);
  CHECK(type_for(DType::q5_k, 576) == DType::q5_1);
  CHECK(type_for(DType::q6_k, 576) == DType::q8_0);
  CHECK(type_for(DType::q2_k, 576) == DType::iq4_nl);
  CHECK(type_for(DType::q3_k, 576) == DType::iq4_nl);
  CHECK(type_for(DType::iq4_xs, 576) == DType::iq4_nl);
  CHECK(type_for(DType::q8_0, 576) == DType::q8_0);
  CHECK(error_of([] { static_cast<void>(type_for(DType::q8_0, 40)); }) ==
        "Q8_0 has blocks of 32, rows here have 40 numbers");
}
