// Matrix products of the `cpu` backend: y[i][r] = sum_j w[r][j] x[i][j], any number of inputs i, any weight type.
#pragma once

#include "litestage/backend/cpu/activations.hpp"
#include "litestage/backend/cpu/packed_matrix.hpp"
#include "litestage/core/view.hpp"

namespace litestage::cpu {

// What happens to a result on its way out: v = w x + bias; y = multiplier * v, or y += multiplier * v (one rounding).
struct Store {
  const float* bias = nullptr;  // [rows of w] or none
  float multiplier = 1;
  bool accumulate = false;
  const int* rows = nullptr;  // [inputs]: input i goes to row rows[i] of y; none: to row i
};

// The rows of w in `panels` (16 each; `w.panels()` in all), for every row of `a`. Every thread of a region calls this
// with its own share of the panels and its own scratch; nothing is shared but what is read. y [.., rows of w].
//
// The bits of one result depend on its input row and its weight row alone: not on the number of inputs, on the range
// of panels, on the packing, nor on the instruction set.
void matmul(View<float, 2> y, const Activations& a, const PackedMatrix& w, Range panels, PanelScratch& scratch,
            const Store& store = {});

}  // namespace litestage::cpu
