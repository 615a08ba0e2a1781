// What an adapter adds to one matrix of a model: scale * B A, row by row.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/adapters/lora_adapter.hpp"
#include "litestage/model/source/rope_config.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage::io {

// The factors of a pair as floats, which the parts of a joint matrix share.
struct LoraProduct {
  std::size_t rank = 0, columns = 0;
  std::vector<float> a{}, b{};  // [rank, columns] [outputs, rank]

  explicit LoraProduct(const LoraPair& pair);
};

// Some rows of a product, for a matrix of as many rows.
struct MatrixDelta {
  std::shared_ptr<const LoraProduct> product{};
  double scale = 0;
  std::size_t first_row = 0;  // in B
  // Where B has the rows of each head of Q or K in another order than the matrix: the size of a head, and the order of
  // the matrix. 0: in the same order.
  std::size_t head_size = 0;
  RopePairing matrix_pairing = RopePairing::halves;

  // Adds row r of the matrix to row, [columns]. `sum` is working memory of the same size.
  void add_row(std::size_t r, double* row, double* sum) const;
};

// A matrix of a model, and what is added to it.
struct AdaptedMatrix {
  RawTensor* matrix = nullptr;
  MatrixDelta delta{};
};

// The matrices of `model` that a pair of `adapter` changes. Throws an Error if it has no such layer, or if shapes
// differ.
[[nodiscard]] std::vector<AdaptedMatrix> adapted_matrices(ModelSource& model, const LoraAdapter& adapter,
                                                          const LoraPair& pair);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/adapters/definitions/matrix_delta.hpp"
#endif
