// A LoRA adapter as it lies in its files: for some matrices W of a model two thin ones, A and B, whose product is
// added, W + scale * B A.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "litestage/core/tensor.hpp"
#include "litestage/io/adapters/lora_choice.hpp"
#include "litestage/io/adapters/matrix_place.hpp"
#include "litestage/model/source/rope_config.hpp"

namespace litestage::io {

// One of the two, which is the transpose of the stored matrix where the adapter of an embedding is stored so.
struct LoraFactor {
  RawTensor stored{};
  bool transposed = false;

  [[nodiscard]] std::size_t rows() const { return transposed ? stored.columns : stored.rows; }
  [[nodiscard]] std::size_t columns() const { return transposed ? stored.rows : stored.columns; }
};

struct LoraPair {
  MatrixPlace place{};
  LoraFactor inputs{};   // A, [rank, inputs of the matrix]
  LoraFactor outputs{};  // B, [outputs of the matrix, rank]
  double scale = 1;      // of the adapter: alpha / rank, or alpha / sqrt(rank)
};

struct LoraAdapter {
  LoraChoice choice{};
  std::string architecture{};                 // of the model that it is for, as GGUF files name it; empty if not said
  RopePairing pairing = RopePairing::halves;  // of the rows of B for Q and K
  std::vector<LoraPair> pairs{};              // the ranks of A and B agree
  std::string fingerprint{};                  // of all bytes that are read
  std::shared_ptr<const void> storage{};      // keeps the tensors' memory
};

}  // namespace litestage::io
