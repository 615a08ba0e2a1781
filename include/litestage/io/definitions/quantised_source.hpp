// Rounding of a whole model.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "litestage/core/error.hpp"
#include "litestage/core/quant_blocks.hpp"
#include "litestage/core/quantise/quantise.hpp"
#include "litestage/core/tensor.hpp"
#include "litestage/core/threads/thread_team.hpp"
#include "litestage/io/quantised_source.hpp"
#include "litestage/io/rewritten_matrix.hpp"
#include "litestage/model/source/finite_weights.hpp"

namespace litestage::io {

LITESTAGE_INLINE ModelSource quantised(const ModelSource& source, DType type, int threads) {
  ModelSource out = source;
  auto storage = std::make_shared<RewrittenStorage>();
  storage->original = source.storage;
  ThreadTeam team(threads);
  for (RawTensor* matrix : matrices_of(out.tensors)) {
    if (info(matrix->type).quantised()) {
      throw Error(concat(source.path, ": tensor ", matrix->name, " is ", name(matrix->type),
                         ", expected F32, F16 or BF16 in a model that is to be quantised"));
    }
    check_finite(*matrix, source.path);
    const std::optional<DType> fitting = fitting_type(type, matrix->columns);
    if (!fitting) continue;
    rewrite_matrix(
        *matrix, *fitting, team, *storage, concat(source.path, ": tensor ", matrix->name),
        [from = *matrix](std::size_t r, float* row) { dequantize_row(from.type, from.row(r), row, from.columns); });
  }
  out.storage = std::move(storage);
  return out;
}

}  // namespace litestage::io
