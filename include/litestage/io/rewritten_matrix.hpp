// Matrices of a model that are computed when it is opened and take the place of those in its file.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/core/tensor.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage {
class ThreadTeam;
}  // namespace litestage

namespace litestage::io {

// Memory of a model with such matrices.
struct RewrittenStorage {
  std::shared_ptr<const void> original{};  // of norms, biases and matrices that stay as they are
  std::deque<Buffer<std::byte>> matrices{};
};

// All matrices that are present, in a fixed order: embedding, head, then those of each layer.
[[nodiscard]] std::vector<RawTensor*> matrices_of(ModelTensors& t);

// Puts a matrix of the same shape and this type in place of `matrix`. read(r, row) writes its row r as floats,
// [columns], and is called once for each row, by any thread. The type is F32, F16, BF16 or one of core/quantise. Throws
// an Error that begins with `what` if a weight is NaN or too large for the type.
void rewrite_matrix(RawTensor& matrix, DType type, ThreadTeam& team, RewrittenStorage& storage, std::string_view what,
                    const std::function<void(std::size_t, float*)>& read);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/definitions/rewritten_matrix.hpp"
#endif
