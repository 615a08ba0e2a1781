// Which rows of an adapter's product belong to which row of a model's matrix.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/quant_blocks.hpp"
#include "litestage/io/adapters/matrix_delta.hpp"

namespace litestage::io {

namespace detail {

// [rows, columns] of the factor
[[nodiscard]] inline std::vector<float> floats_of(const LoraFactor& factor) {
  const RawTensor& t = factor.stored;
  std::vector<float> values(t.rows * t.columns);
  std::vector<float> row(t.columns);
  for (std::size_t r = 0; r < t.rows; ++r) {
    dequantize_row(t.type, t.row(r), row.data(), row.size());
    for (std::size_t c = 0; c < t.columns; ++c) values[factor.transposed ? c * t.rows + r : r * t.columns + c] = row[c];
  }
  return values;
}

// Whether the rows of a matrix are those of heads that RoPE turns.
[[nodiscard]] inline bool is_turned(const LayerTensors& layer, const RawTensor* matrix) {
  return matrix == &layer.wq || matrix == &layer.wk;
}

// The matrices of a place, whose rows follow one another.
[[nodiscard]] inline std::vector<RawTensor*> matrices_at(ModelTensors& t, MatrixPlace place) {
  if (place.role == MatrixRole::embedding) return {&t.embedding};
  if (place.role == MatrixRole::head) return {t.head.empty() ? &t.embedding : &t.head};
  LayerTensors& l = t.layers[static_cast<std::size_t>(place.layer)];
  switch (place.role) {
    case MatrixRole::q:
      return {&l.wq};
    case MatrixRole::k:
      return {&l.wk};
    case MatrixRole::v:
      return {&l.wv};
    case MatrixRole::qkv:
      return {&l.wq, &l.wk, &l.wv};
    case MatrixRole::out:
      return {&l.wo};
    case MatrixRole::gate:
      return {&l.w_gate};
    case MatrixRole::up:
      return {&l.w_up};
    case MatrixRole::gate_up:
      return {&l.w_gate, &l.w_up};
    case MatrixRole::down:
    case MatrixRole::embedding:
    case MatrixRole::head:
      break;
  }
  return {&l.w_down};
}

inline void check_shape(const LoraAdapter& adapter, const LoraPair& pair, const std::vector<RawTensor*>& matrices,
                        const ModelSource& model) {
  std::size_t rows = 0;
  for (const RawTensor* matrix : matrices) rows += matrix->rows;
  const std::size_t columns = matrices[0]->columns;
  const RawTensor &a = pair.inputs.stored, &b = pair.outputs.stored;
  if (pair.outputs.rows() == rows && pair.inputs.columns() == columns) return;
  throw Error(concat(adapter.choice.path, ": tensors ", a.name, " (", a.rows, " x ", a.columns, ") and ", b.name, " (",
                     b.rows, " x ", b.columns, ") are for a matrix of ", pair.outputs.rows(), " x ",
                     pair.inputs.columns(), ", expected ", rows, " x ", columns, ", the shape of ", matrices[0]->name,
                     matrices.size() > 1 ? " and those that belong to it in " : " in ", model.path));
}

}  // namespace detail

LITESTAGE_INLINE LoraProduct::LoraProduct(const LoraPair& pair)
    : rank(pair.inputs.rows()),
      columns(pair.inputs.columns()),
      a(detail::floats_of(pair.inputs)),
      b(detail::floats_of(pair.outputs)) {}

LITESTAGE_INLINE void MatrixDelta::add_row(std::size_t r, double* row, double* sum) const {
  if (head_size != 0) {
    const std::size_t half = head_size / 2, in_head = r % head_size, head = r - in_head;
    const bool to_neighbours = matrix_pairing == RopePairing::interleaved;
    r = head + (to_neighbours ? in_head % 2 * half + in_head / 2 : in_head % half * 2 + in_head / half);
  }
  const std::size_t n = product->columns;
  const float* factors = product->b.data() + (first_row + r) * product->rank;
  std::fill_n(sum, n, 0.0);
  for (std::size_t k = 0; k < product->rank; ++k) {
    const double factor = factors[k];
    const float* a = product->a.data() + k * n;
    // A product of two floats is exact in double, so it does not matter whether a compiler fuses it with the addition.
    for (std::size_t i = 0; i < n; ++i) sum[i] += factor * static_cast<double>(a[i]);
  }
  for (std::size_t i = 0; i < n; ++i) row[i] = std::fma(scale, sum[i], row[i]);
}

LITESTAGE_INLINE std::vector<AdaptedMatrix> adapted_matrices(ModelSource& model, const LoraAdapter& adapter,
                                                             const LoraPair& pair) {
  const ModelConfig& c = model.config;
  if (pair.place.layer >= c.n_layers) {
    throw Error(concat(adapter.choice.path, ": tensor ", pair.inputs.stored.name, " is for layer ", pair.place.layer,
                       ", expected 0 to ", c.n_layers - 1, ", the layers of ", model.path));
  }
  const std::vector<RawTensor*> matrices = detail::matrices_at(model.tensors, pair.place);
  detail::check_shape(adapter, pair, matrices, model);
  const auto product = std::make_shared<const LoraProduct>(pair);
  std::vector<AdaptedMatrix> adapted;
  std::size_t first = 0;
  for (RawTensor* matrix : matrices) {
    MatrixDelta delta{.product = product, .scale = adapter.choice.scale * pair.scale, .first_row = first};
    const LayerTensors& layer = model.tensors.layers[static_cast<std::size_t>(pair.place.layer)];
    if (adapter.pairing != c.rope.pairing && detail::is_turned(layer, matrix)) {
      delta.head_size = static_cast<std::size_t>(c.head_dim);
      delta.matrix_pairing = c.rope.pairing;
    }
    adapted.push_back({matrix, std::move(delta)});
    first += matrix->rows;
  }
  return adapted;
}

}  // namespace litestage::io
