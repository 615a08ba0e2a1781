// Merging of adapters.
#pragma once

#include <atomic>
#include <cmath>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/quant_blocks.hpp"
#include "litestage/core/quantise/quantise.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/core/threads/thread_team.hpp"
#include "litestage/io/adapters/matrix_delta.hpp"
#include "litestage/io/merged_source.hpp"
#include "litestage/io/rewritten_matrix.hpp"
#include "litestage/model/source/finite_weights.hpp"

namespace litestage::io {

namespace detail {

using Deltas = std::map<const RawTensor*, std::vector<MatrixDelta>>;

inline void check_architecture(const LoraAdapter& adapter, const ModelSource& model) {
  if (adapter.architecture.empty() || adapter.architecture == model.config.architecture) return;
  throw Error(concat(adapter.choice.path, ": key general.architecture is ", in_quotes(adapter.architecture),
                     ", expected ", in_quotes(model.config.architecture), ", that of ", model.path));
}

// Gives a model whose head shares the weights of the embedding a head of its own, because an adapter of one leaves the
// other as it is.
inline void separate_head(ModelSource& model) {
  if (!model.tensors.head.empty()) return;
  model.tensors.head = model.tensors.embedding;
  model.config.tied_head = false;
}

[[nodiscard]] inline Deltas deltas_of(ModelSource& model, std::span<const LoraAdapter> adapters) {
  Deltas deltas;
  for (const LoraAdapter& adapter : adapters) {
    check_architecture(adapter, model);
    for (const LoraPair& pair : adapter.pairs) {
      const bool at_an_end = pair.place.role == MatrixRole::embedding || pair.place.role == MatrixRole::head;
      if (at_an_end && adapter.choice.scale * pair.scale != 0) separate_head(model);
      for (AdaptedMatrix& adapted : adapted_matrices(model, adapter, pair)) {
        if (adapted.delta.scale != 0) deltas[adapted.matrix].push_back(std::move(adapted.delta));
      }
    }
  }
  return deltas;
}

// The type of a matrix to which something is added.
[[nodiscard]] inline DType merged_type(const RawTensor& matrix, std::optional<DType> wanted) {
  if (wanted) {
    if (const std::optional<DType> fitting = fitting_type(*wanted, matrix.columns)) return *fitting;
  }
  return info(matrix.type).quantised() ? DType::f16 : matrix.type;
}

inline void merge_matrix(RawTensor& matrix, const std::vector<MatrixDelta>& deltas, DType type, ThreadTeam& team,
                         RewrittenStorage& storage, const std::string& path) {
  constexpr std::size_t none = SIZE_MAX;
  std::atomic<std::size_t> broken{none};  // a row with a weight that is not finite
  rewrite_matrix(matrix, type, team, storage, [&, from = matrix](std::size_t r, float* row) {
    std::vector<double> weights(from.columns), sum(from.columns);
    dequantize_row(from.type, from.row(r), weights.data(), weights.size());
    for (const MatrixDelta& delta : deltas) delta.add_row(r, weights.data(), sum.data());
    for (std::size_t i = 0; i < weights.size(); ++i) {
      row[i] = static_cast<float>(weights[i]);
      if (std::isfinite(row[i])) continue;
      broken = r;
      row[i] = 0;
    }
  });
  if (broken == none) return;
  throw Error(concat(path, ": tensor ", matrix.name, " has a weight in row ", broken.load(),
                     " that is not finite with ", "the adapters of --lora, expected finite weights"));
}

}  // namespace detail

LITESTAGE_INLINE ModelSource merged(const ModelSource& source, std::span<const LoraAdapter> adapters,
                                    std::optional<DType> type, int threads) {
  ModelSource out = source;
  const detail::Deltas deltas = detail::deltas_of(out, adapters);
  auto storage = std::make_shared<RewrittenStorage>();
  storage->original = source.storage;
  ThreadTeam team(threads);
  const std::vector<MatrixDelta> nothing;
  for (RawTensor* matrix : matrices_of(out.tensors)) {
    const auto found = deltas.find(matrix);
    const bool is_merged = found != deltas.end();
    const DType to = is_merged || !info(matrix->type).quantised() ? detail::merged_type(*matrix, type) : matrix->type;
    if (!is_merged && to == matrix->type) continue;
    check_finite(*matrix, source.path);
    detail::merge_matrix(*matrix, is_merged ? found->second : nothing, to, team, *storage, source.path);
  }
  out.storage = std::move(storage);
  return out;
}

}  // namespace litestage::io
