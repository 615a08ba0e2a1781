// Merging of adapters.
#pragma once

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

// What is added to a matrix, and the names of the adapters that add it.
struct MatrixSum {
  std::vector<MatrixDelta> deltas{};
  std::vector<std::string> adapters{};
};
using MatrixSums = std::map<const RawTensor*, MatrixSum>;

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

[[nodiscard]] inline MatrixSums sums_of(ModelSource& model, std::span<const LoraAdapter> adapters) {
  MatrixSums sums;
  for (const LoraAdapter& adapter : adapters) {
    check_architecture(adapter, model);
    for (const LoraPair& pair : adapter.pairs) {
      const bool at_an_end = pair.place.role == MatrixRole::embedding || pair.place.role == MatrixRole::head;
      if (at_an_end && adapter.choice.scale * pair.scale != 0) separate_head(model);
      for (AdaptedMatrix& adapted : adapted_matrices(model, adapter, pair)) {
        if (adapted.delta.scale == 0) continue;
        MatrixSum& sum = sums[adapted.matrix];
        sum.deltas.push_back(std::move(adapted.delta));
        sum.adapters.push_back(lora_name(adapter.choice));
      }
    }
  }
  return sums;
}

inline void merge_matrix(RawTensor& matrix, const MatrixSum& added, DType type, ThreadTeam& team,
                         RewrittenStorage& storage, const std::string& path) {
  std::string what = concat(path, ": tensor ", matrix.name);
  for (std::size_t i = 0; i < added.adapters.size(); ++i) what += (i == 0 ? ", with " : " + ") + added.adapters[i];
  rewrite_matrix(matrix, type, team, storage, what, [&, from = matrix](std::size_t r, float* row) {
    std::vector<double> weights(from.columns), sum(from.columns);
    dequantize_row(from.type, from.row(r), weights.data(), weights.size());
    for (const MatrixDelta& delta : added.deltas) delta.add_row(r, weights.data(), sum.data());
    for (std::size_t i = 0; i < weights.size(); ++i) row[i] = static_cast<float>(weights[i]);
  });
}

}  // namespace detail

LITESTAGE_INLINE ModelSource merged(const ModelSource& source, std::span<const LoraAdapter> adapters,
                                    std::optional<DType> type, int threads) {
  ModelSource out = source;
  const detail::MatrixSums sums = detail::sums_of(out, adapters);
  auto storage = std::make_shared<RewrittenStorage>();
  storage->original = source.storage;
  ThreadTeam team(threads);
  const detail::MatrixSum nothing;
  bool is_rounded = !type;
  for (RawTensor* matrix : matrices_of(out.tensors)) {
    const auto found = sums.find(matrix);
    const bool is_merged = found != sums.end(), was_quantised = info(matrix->type).quantised();
    if (!is_merged && was_quantised) continue;
    const std::optional<DType> wanted = type ? fitting_type(*type, matrix->columns) : std::nullopt;
    if (!is_merged && !wanted) continue;
    is_rounded = is_rounded || wanted;
    check_finite(*matrix, source.path);
    const DType to = wanted.value_or(was_quantised ? DType::f16 : matrix->type);
    detail::merge_matrix(*matrix, is_merged ? found->second : nothing, to, team, *storage, source.path);
  }
  if (!is_rounded) {
    throw Error(concat(source.path, ": found no matrix to round to ", name(*type), ", expected one that is F32, F16 ",
                       "or BF16 or has an adapter, and whose rows fit the type's blocks"));
  }
  out.storage = std::move(storage);
  return out;
}

}  // namespace litestage::io
