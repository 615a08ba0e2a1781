#include "litestage/model/source/finite_weights.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <string>
#include <vector>

#include "common/broken_model.hpp"
#include "common/error_of.hpp"
#include "common/random_weight.hpp"
#include "common/sequences.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

std::vector<std::uint32_t> broken_bits(DType type) {  // infinity, -infinity, NaN with the least and the most payload
  if (type == DType::f32) return {0x7f800000u, 0xff800000u, 0x7f800001u, 0xffffffffu};
  if (type == DType::bf16) return {0x7f80u, 0xff80u, 0x7f81u, 0xffffu};
  return {0x7c00u, 0xfc00u, 0x7c01u, 0xffffu};
}
std::uint32_t largest_bits(DType type) {
  return type == DType::f32 ? 0xff7fffffu : type == DType::bf16 ? 0xff7fu : 0xfbffu;
}

}  // namespace

TEST_CASE("finite weights: every number of a matrix is looked at, and of blocks every scale") {
  for (const DTypeInfo& entry : dtype_table) {
    if (entry.coding.power_scale) continue;  // below
    CAPTURE(entry.name);
    const std::size_t columns = entry.block_size == 1 ? 67 : 3 * entry.block_size, rows = 3;
    RandomWeight weight(entry.type, rows, columns, 5);
    CHECK(error_of([&] { check_finite(weight.raw, "m.gguf"); }) == "no error");
    const std::size_t width = entry.type == DType::f32 ? 4 : 2, per_row = columns / entry.block_size;
    for (std::size_t block = 0; block < rows * per_row; ++block) {
      for (const std::size_t at : scales_of(entry.type)) {
        std::byte* number = weight.storage.data() + 1 + block * entry.block_bytes + at;
        std::uint32_t kept = 0;
        std::memcpy(&kept, number, width);
        for (const std::uint32_t bits : broken_bits(entry.type)) {
          std::memcpy(number, &bits, width);
          const std::string where = concat(" in row ", block / per_row, ", column ", block % per_row * entry.block_size,
                                           ", expected finite weights");
          const std::string said = error_of([&] { check_finite(weight.raw, "m.gguf"); });
          CHECK(says(said, concat("m.gguf: tensor random (", entry.name, "): found ")));
          CHECK(says(said, where));
        }
        const std::uint32_t largest = largest_bits(entry.type);
        std::memcpy(number, &largest, width);
        CHECK(error_of([&] { check_finite(weight.raw, "m.gguf"); }) == "no error");
        std::memcpy(number, &kept, width);
      }
    }
  }
}

TEST_CASE("finite weights: exponents of MXFP4 up to 252 are finite as floats, larger ones are refused") {
  const std::size_t rows = 3, blocks = 5, columns = 32 * blocks;
  RandomWeight weight(DType::mxfp4, rows, columns, 6);
  for (std::size_t block = 0; block < rows * blocks; ++block) {
    std::byte& e = weight.storage[1 + block * sizeof(BlockMXFP4)];
    const std::byte kept = e;
    for (const int exponent : {253, 254, 255}) {
      e = static_cast<std::byte>(exponent);
      CHECK(error_of([&] { check_finite(weight.raw, "m.gguf"); }) ==
            concat("m.gguf: tensor random (MXFP4): found the exponent ", exponent, " in row ", block / blocks,
                   ", column ", block % blocks * 32, ", expected 0 to 252, which give finite weights"));
    }
    for (const int exponent : {0, 252}) {
      e = static_cast<std::byte>(exponent);
      CHECK(error_of([&] { check_finite(weight.raw, "m.gguf"); }) == "no error");
    }
    std::vector<float> row(columns);
    dequantize_row(DType::mxfp4, weight.raw.row(block / blocks), row.data(), columns);
    for (const float w : row) CHECK(std::isfinite(w));
    e = kept;
  }
}

TEST_CASE("finite weights: a model is refused whichever of its tensors is broken, on every backend") {
  ModelSource source = three_layers();
  LayerTensors& l = source.tensors.layers[2];
  const std::vector<const RawTensor*> tensors{&source.tensors.embedding,
                                              &source.tensors.final_norm,
                                              &source.tensors.head,
                                              &l.attention_norm,
                                              &l.wq,
                                              &l.wk,
                                              &l.wv,
                                              &l.bq,
                                              &l.bk,
                                              &l.bv,
                                              &l.wo,
                                              &l.mlp_norm,
                                              &l.w_gate,
                                              &l.w_up,
                                              &l.w_down};
  with_backends([&](const auto& make, const std::string& name) {
    CAPTURE(name);
    auto backend = make(1, true);
    CHECK(error_of([&] { static_cast<void>(load(backend, source)); }) == "no error");
    for (const RawTensor* tensor : tensors) {
      float& number = numbers(*tensor)(0, 5);
      const float kept = number;
      number = std::numeric_limits<float>::quiet_NaN();
      CHECK(
          error_of([&] { static_cast<void>(load(backend, source)); }) ==
          concat("tiny model: tensor ", tensor->name, " (F32): found nan in row 0, column 5, expected finite weights"));
      number = kept;
    }
  });
}
