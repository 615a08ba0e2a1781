// For tests of CpuBackend as a whole: matrices and index lists that own their numbers, and a backend with a model
// loaded.
#pragma once

#include <cstddef>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/model/model.hpp"
#include "litestage/model/rope.hpp"

namespace litestage::test {

[[nodiscard]] inline View<const int, 1> view_of(const std::vector<int>& x) {
  return {x.data(), {x.size()}};
}

template <class Real>
struct Matrix {
  Matrix(std::size_t n_rows, std::size_t n_columns) : rows(n_rows), columns(n_columns), data(n_rows * n_columns) {}
  Matrix(const std::vector<float>& from, std::size_t n_columns)
      : rows(from.size() / n_columns), columns(n_columns), data(from.begin(), from.end()) {}
  [[nodiscard]] View<Real, 2> view() { return {data.data(), {rows, columns}}; }
  [[nodiscard]] std::vector<Real> row(std::size_t i) const {
    const auto first = data.begin() + static_cast<std::ptrdiff_t>(i * columns);
    return {first, first + static_cast<std::ptrdiff_t>(columns)};
  }
  std::size_t rows, columns;
  std::vector<Real> data;
};

// The index lists of an attention sub-layer, owned.
struct RowLists {
  std::vector<int> rows, slots, positions, entries, visible, first;  // first may be empty
  std::size_t n_run = 0;
  void add(int row, int slot, int entry) {
    rows.push_back(row);
    slots.push_back(slot);
    positions.push_back(entry);
    entries.push_back(entry);
    visible.push_back(entry + 1);
  }
  [[nodiscard]] AttentionRows view() const {
    return {view_of(rows),    view_of(slots), view_of(positions), view_of(entries),
            view_of(visible), n_run,          view_of(first)};
  }
};

template <class B>
struct Loaded {
  Loaded(B& b, const ModelSource& source, std::size_t positions, KvType kv)
      : backend(b), model(load(b, source)), shape(model.attention_shape()), angles(source.config.rope, positions) {
    cache = b.make_cache(model.cache_shape(3, positions, kv));
    const typename View<const typename B::Real, 2>::Extents extents{positions, shape.rotary_dim / 2};
    rope = {{angles.cos.data(), extents}, {angles.sin.data(), extents}};
  }
  B& backend;
  Model<B> model;
  AttentionShape shape;
  RopeAngles<typename B::Real> angles;
  RopeTable<B> rope;
  typename B::Cache cache;
};

}  // namespace litestage::test
