// The arguments of attention as the kernels take them.
#pragma once

#include <algorithm>
#include <cstddef>

#include "litestage/backend/concept.hpp"
#include "litestage/kernels/attention/heads.cuh"
#include "litestage/kernels/products/project_qkv.cuh"

namespace litestage::gpu {

// turned: whether the layer has RoPE. Without it no pair of a head is turned.
[[nodiscard]] inline kernels::HeadShape head_shape(const AttentionShape& shape, bool turned = true) {
  return {static_cast<unsigned>(shape.n_heads),
          static_cast<unsigned>(shape.n_kv_heads),
          static_cast<unsigned>(shape.head_dim),
          turned ? static_cast<unsigned>(shape.rotary_dim) : 0,
          shape.rope_halves,
          shape.norm_eps};
}

// The lists of rows [first, first + n).
[[nodiscard]] inline kernels::AttentionInputs attention_inputs(const AttentionRows& rows, std::size_t first,
                                                               std::size_t n) {
  const std::size_t run = rows.n_run > first ? std::min(rows.n_run - first, n) : 0;
  return {rows.slots.data() + first,   rows.positions.data() + first,
          rows.entries.data() + first, rows.visible.data() + first,
          static_cast<unsigned>(run),  rows.first.empty() ? nullptr : rows.first.data() + first};
}

}  // namespace litestage::gpu
