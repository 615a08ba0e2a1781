// Checks the shapes of a model's tensors.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "litestage/core/tensor.hpp"
#include "litestage/model/source/config.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage {

LITESTAGE_INLINE std::vector<const RawTensor*> all_tensors(const ModelTensors& t) {
  std::vector<const RawTensor*> tensors{&t.embedding, &t.final_norm, &t.head};
  for (const LayerTensors& l : t.layers) {
    tensors.insert(tensors.end(),
                   {&l.attention_norm, &l.wq, &l.wk, &l.wv, &l.bq, &l.bk, &l.bv, &l.q_norm, &l.k_norm, &l.wo,
                    &l.attention_post_norm, &l.mlp_norm, &l.w_gate, &l.w_up, &l.w_down, &l.mlp_post_norm});
  }
  std::erase_if(tensors, [](const RawTensor* tensor) { return tensor->empty(); });
  return tensors;
}

LITESTAGE_INLINE void validate(const ModelSource& source) {
  source.config.validate(source.path);
  const ModelConfig& c = source.config;
  const auto check = [&](const RawTensor& t, std::string_view role, std::size_t rows, std::size_t columns,
                         bool optional = false) {
    if (t.empty()) {
      if (!optional) throw Error(concat(source.path, ": tensor for ", role, " is missing"));
      return;
    }
    if (t.rows != rows || t.columns != columns) {
      throw Error(concat(source.path, ": tensor ", t.name, " (", role, ") is ", t.rows, " x ", t.columns, ", expected ",
                         rows, " x ", columns));
    }
  };
  if (std::ssize(source.tensors.layers) != c.n_layers) {
    throw Error(concat(source.path, ": ", source.tensors.layers.size(), " layers of tensors, expected ", c.n_layers));
  }
  check(source.tensors.embedding, "the token embedding", c.vocab, c.hidden);
  check(source.tensors.final_norm, "the final norm", 1, c.hidden);
  check(source.tensors.head, "the output head", c.vocab, c.hidden, c.tied_head);
  for (const LayerTensors& t : source.tensors.layers) {
    check(t.attention_norm, "the attention norm", 1, c.hidden);
    check(t.wq, "the query projection", c.q_dim(), c.hidden);
    check(t.wk, "the key projection", c.kv_dim(), c.hidden);
    check(t.wv, "the value projection", c.kv_dim(), c.hidden);
    check(t.bq, "the query bias", 1, c.q_dim(), true);
    check(t.bk, "the key bias", 1, c.kv_dim(), true);
    check(t.bv, "the value bias", 1, c.kv_dim(), true);
    check(t.q_norm, "the query norm", 1, c.head_dim, true);
    check(t.k_norm, "the key norm", 1, c.head_dim, true);
    check(t.wo, "the output projection", c.hidden, c.q_dim());
    check(t.attention_post_norm, "the norm after the attention", 1, c.hidden, true);
    check(t.mlp_norm, "the MLP norm", 1, c.hidden);
    check(t.w_gate, "the gate projection", c.ffn, c.hidden);
    check(t.w_up, "the up projection", c.ffn, c.hidden);
    check(t.w_down, "the down projection", c.hidden, c.ffn);
    check(t.mlp_post_norm, "the norm after the MLP", 1, c.hidden, true);
  }
}

}  // namespace litestage
