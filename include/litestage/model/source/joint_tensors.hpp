// Tensors that hold several projections, row after row, as some families store them. A part of one is a range of its
// bytes, in every weight type.
#pragma once

#include <cstddef>
#include <string_view>

#include "litestage/core/error.hpp"
#include "litestage/core/tensor.hpp"
#include "litestage/model/source/config.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage {

namespace detail {

// Rows [first, first + n) of a matrix, or as many numbers of a vector of F32. The size of the whole is checked.
[[nodiscard]] inline RawTensor part_of(const RawTensor& whole, std::string_view role, int first, int n) {
  RawTensor part = whole;
  part.name = concat(whole.name, ", ", role);
  const std::size_t from = first, count = n;
  if (whole.rows == 1) {
    part.data += from * sizeof(float);
    part.columns = count;
  } else {
    part.data = whole.row(from);
    part.rows = count;
  }
  return part;
}

// Throws Error if a joint tensor, of n rows or numbers, has another size.
inline void check_joint(const RawTensor& whole, std::size_t n, bool is_vector, std::string_view source) {
  const std::size_t found = is_vector ? whole.columns : whole.rows;
  if (found == n && (whole.rows == 1) == is_vector) return;
  throw Error(concat(source, ": tensor ", whole.name, " is ", whole.rows, " x ", whole.columns, ", expected ",
                     is_vector ? concat("1 x ", n) : concat(n, " rows")));
}

inline void split_in_three(RawTensor& q, RawTensor& k, RawTensor& v, const RawTensor& whole, const ModelConfig& c) {
  q = part_of(whole, "queries", 0, c.q_dim());
  k = part_of(whole, "keys", c.q_dim(), c.kv_dim());
  v = part_of(whole, "values", c.q_dim() + c.kv_dim(), c.kv_dim());
}

}  // namespace detail

// Each function takes a tensor apart into those of a layer. The configuration is checked; `source` names the file of
// the tensor in the Error about one of another size.

// A matrix of queries, keys and values.
inline void split_qkv(LayerTensors& t, const RawTensor& whole, const ModelConfig& c, std::string_view source) {
  detail::check_joint(whole, c.q_dim() + 2 * c.kv_dim(), false, source);
  detail::split_in_three(t.wq, t.wk, t.wv, whole, c);
}

// Their bias.
inline void split_qkv_bias(LayerTensors& t, const RawTensor& whole, const ModelConfig& c, std::string_view source) {
  detail::check_joint(whole, c.q_dim() + 2 * c.kv_dim(), true, source);
  detail::split_in_three(t.bq, t.bk, t.bv, whole, c);
}

// A matrix of gate and up.
inline void split_gate_up(LayerTensors& t, const RawTensor& whole, const ModelConfig& c, std::string_view source) {
  detail::check_joint(whole, 2 * c.ffn, false, source);
  t.w_gate = detail::part_of(whole, "gate", 0, c.ffn);
  t.w_up = detail::part_of(whole, "up", c.ffn, c.ffn);
}

}  // namespace litestage
