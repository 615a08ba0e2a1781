// The matrix products of the cpu backend, as its tests call them.
#pragma once

#include <vector>

#include "common/random_weight.hpp"
#include "litestage/backend/cpu/matmul/matmul.hpp"

namespace litestage::test {

inline std::vector<cpu::InstructionSet> sets_here() {
  std::vector<cpu::InstructionSet> sets;
  for (cpu::InstructionSet set : cpu::instruction_sets) {
    if (cpu::supported(set)) sets.push_back(set);
  }
  return sets;
}

// The inputs x [n, columns], as a product with w needs them.
inline cpu::Activations prepared(cpu::InstructionSet set, const cpu::PackedMatrix& w, const std::vector<float>& x,
                                 std::size_t n) {
  cpu::Activations a(set);
  a.reshape(n, w.columns(), cpu::forms_for(w.type()));
  a.set_rows(View<const float, 2>(x.data(), {n, w.columns()}), Range{0, n});
  return a;
}

// y [n, rows] of all panels at once.
inline std::vector<float> product(cpu::InstructionSet set, const cpu::PackedMatrix& w, const std::vector<float>& x,
                                  std::size_t n) {
  const cpu::Activations a = prepared(set, w, x, n);
  std::vector<float> y(n * w.rows(), -77.0f);
  cpu::PanelScratch scratch;
  cpu::matmul(View<float, 2>(y.data(), {n, w.rows()}), a, w, Range{0, w.panels()}, scratch);
  return y;
}

// y [n, rows], as matmul computes it, with a kernel of `set` and a way to read ahead that it would not choose here.
inline std::vector<float> product_with(void (*kernel)(const cpu::PanelJob&), cpu::InstructionSet set,
                                       cpu::ReadAhead how, const cpu::PackedMatrix& w, const std::vector<float>& x,
                                       std::size_t n) {
  const cpu::Activations a = prepared(set, w, x, n);
  std::vector<float> y(n * w.rows(), -77.0f);
  cpu::PanelScratch scratch;
  const cpu::Store store;
  for (std::size_t p = 0; p < w.panels(); ++p) {
    const std::size_t first = p * cpu::panel_rows, left = w.rows() - first;
    kernel({w.panel(p, scratch), first, left < cpu::panel_rows ? left : cpu::panel_rows, &a, Range{0, n},
            View<float, 2>(y.data(), {n, w.rows()}), &store, how});
  }
  return y;
}

}  // namespace litestage::test
