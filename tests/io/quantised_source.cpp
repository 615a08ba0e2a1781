#include "litestage/io/quantised_source.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "common/tiny_model.hpp"
#include "litestage/core/quant_blocks.hpp"
#include "litestage/core/quantise/quantise.hpp"

using namespace litestage;
using test::says;

namespace {

ModelSource wide_model(DType type) {
  ModelConfig c = test::tiny_config(DType::q4_k);  // rows of 256
  c.n_layers = 2;
  c.ffn = 288;  // but of 288 in one matrix
  return test::tiny_model(c, {.dtype = type, .biases = true});
}

}  // namespace

TEST_CASE("matrices are rounded row by row, at any number of threads; norms and biases stay") {
  for (const DType stored : {DType::f32, DType::bf16}) {
    const ModelSource model = wide_model(stored);
    for (const int threads : {1, 3}) {
      const ModelSource found = io::quantised(model, DType::q4_k, threads);
      validate(found);
      CHECK(found.tensors.embedding.type == DType::q4_k);
      CHECK(found.tensors.head.type == DType::q4_k);
      CHECK(found.tensors.layers[1].w_down.type == DType::q5_0);
      CHECK(found.tensors.layers[1].attention_norm.data == model.tensors.layers[1].attention_norm.data);
      CHECK(found.tensors.layers[0].bq.type == DType::f32);
      const RawTensor &from = model.tensors.layers[1].wq, &to = found.tensors.layers[1].wq;
      CHECK(to.name == from.name);
      std::vector<float> row(from.columns);
      std::vector<std::byte> expected(row_bytes(DType::q4_k, from.columns));
      for (std::size_t r = 0; r < from.rows; ++r) {
        dequantize_row(from.type, from.row(r), row.data(), row.size());
        write_quantised(DType::q4_k, row.data(), expected.data(), row.size());
        CHECK(std::memcmp(expected.data(), to.row(r), expected.size()) == 0);
      }
    }
  }
}

TEST_CASE("weights that are too large for the type are refused, and the first row is named") {
  ModelSource model = wide_model(DType::f32);
  RawTensor& head = model.tensors.head;
  std::vector<std::byte> bytes(head.data, head.data + head.bytes());
  const float large = 65536, largest = 65504;
  for (const std::size_t r : {7, 3}) std::memcpy(bytes.data() + r * head.columns * sizeof(float), &large, sizeof large);
  head.data = bytes.data();
  const auto round = [&] { static_cast<void>(io::quantised(model, DType::q4_k, 3)); };
  CHECK(says(test::error_of(round),
             "output.weight: found a weight in row 3 that is too large for Q4_K, expected -65504"));
  for (const std::size_t r : {7, 3})
    std::memcpy(bytes.data() + r * head.columns * sizeof(float), &largest, sizeof large);
  CHECK_NOTHROW(round());
}

TEST_CASE("what is quantised already, or not finite, is refused") {
  const ModelSource quantised = wide_model(DType::q8_0);
  CHECK(says(test::error_of([&] { static_cast<void>(io::quantised(quantised, DType::q4_0)); }),
             "tensor token_embd.weight is Q8_0, expected F32, F16 or BF16"));
  ModelSource broken = wide_model(DType::f32);
  std::vector<std::byte> bytes(broken.tensors.head.data, broken.tensors.head.data + broken.tensors.head.bytes());
  const float infinity = std::numeric_limits<float>::infinity();
  std::memcpy(bytes.data() + 4, &infinity, sizeof(infinity));
  broken.tensors.head.data = bytes.data();
  CHECK(
      says(test::error_of([&] { static_cast<void>(io::quantised(broken, DType::q4_0)); }), "expected finite weights"));
}
