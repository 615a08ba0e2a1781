// Matrix products of the `cpu` backend: y[i][r] = sum_j w[r][j] x[i][j], any number of inputs i, any weight type.
#pragma once

#include <cstddef>

#include "litestage/backend/cpu/matmul/activations.hpp"
#include "litestage/backend/cpu/matmul/matmul_avx2.hpp"
#include "litestage/backend/cpu/matmul/matmul_avx512.hpp"
#include "litestage/backend/cpu/matmul/matmul_portable.hpp"
#include "litestage/backend/cpu/matmul/packed_matrix.hpp"
#include "litestage/backend/cpu/matmul/panel_job.hpp"
#include "litestage/backend/cpu/matmul/read_ahead.hpp"
#include "litestage/core/view.hpp"

namespace litestage::cpu {

namespace detail {

using PanelKernel = void (*)(const PanelJob&);

template <class Kernels>
[[nodiscard]] PanelKernel kernel_of(DType type) {
  return with_type(type, []<DType t>() -> PanelKernel { return &Kernels::template run<t>; });
}
[[nodiscard]] inline PanelKernel kernel_of(InstructionSet set, DType type) {
#if defined(__x86_64__)
  if (set == InstructionSet::avx512) return kernel_of<Avx512Panels>(type);
  if (set == InstructionSet::avxvnni) return kernel_of<Avx2Panels<VnniDot<Vpdpbusd>>>(type);
  if (set == InstructionSet::avx2) return kernel_of<Avx2Panels<>>(type);
#endif
  static_cast<void>(set);
  return kernel_of<PortablePanels>(type);
}

// The number of inputs that pass through all panels before the next inputs do: as many as fit into half of a 1 MiB
// level-2 cache, but at least so many that reading the weights again costs less than the arithmetic.
[[nodiscard]] inline std::size_t inputs_at_once(const Activations& a, DType type) {
  const std::size_t bytes =
      is_float(type) ? a.float_stride() * sizeof(float) : a.blocks_per_row() * sizeof(ActivationBlock);
  const std::size_t fit = bytes == 0 ? 32 : (std::size_t{512} << 10) / bytes / 8 * 8;
  return fit < 32 ? 32 : fit;
}

}  // namespace detail

// Computes the rows of w in `panels` (16 rows each; `w.panels()` in all) for every row of `a`. Several threads may call
// it at the same time, each with its own panels and its own scratch; they share only data that is read. y [.., rows of
// w].
//
// The bits of one result depend only on its input row and its weight row: not on the number of inputs, the range of
// panels, the packing, or the instruction set.
inline void matmul(View<float, 2> y, const Activations& a, const PackedMatrix& w, Range panels, PanelScratch& scratch,
                   const Store& store = {}) {
  LITESTAGE_ASSERT(a.columns() == w.columns(), a.columns(), " inputs, ", w.columns(), " columns of ", w.raw().name);
  LITESTAGE_ASSERT(y.extent(1) == w.rows(), y.extent(1), " outputs, ", w.rows(), " rows of ", w.raw().name);
  LITESTAGE_ASSERT(panels.last <= w.panels(), panels.last, " of ", w.panels(), " panels");
  LITESTAGE_ASSERT(store.rows != nullptr || y.extent(0) >= a.rows(), y.extent(0), " rows for ", a.rows(), " inputs");
  LITESTAGE_ASSERT(is_float(w.type()) ? a.forms().floats : a.forms().codes, "inputs not prepared for ",
                   litestage::name(w.type()));
  const detail::PanelKernel kernel = detail::kernel_of(a.instruction_set(), w.type());
  const std::size_t at_once = detail::inputs_at_once(a, w.type());
  PanelJob job{.inputs = &a, .y = y, .store = &store, .read_ahead = read_ahead_of(a.instruction_set())};
  for (std::size_t first = 0; first < a.rows(); first += at_once) {
    job.tokens = {first, first + at_once < a.rows() ? first + at_once : a.rows()};
    for (std::size_t p = panels.first; p < panels.last; ++p) {
      job.panel = w.panel(p, scratch);
      job.first_row = p * panel_rows;
      job.rows = w.rows() - job.first_row < panel_rows ? w.rows() - job.first_row : panel_rows;
      kernel(job);
    }
  }
}

}  // namespace litestage::cpu
