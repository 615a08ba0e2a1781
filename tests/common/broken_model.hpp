// Small models with a given number in their keys or values, or with weights that make every result overflow.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "common/tiny_model.hpp"

namespace litestage::test {

// Mutable access to the numbers of an F32 tensor of a tiny model.
[[nodiscard]] inline View<float, 2> numbers(const RawTensor& tensor) {
  LITESTAGE_ASSERT(tensor.type == DType::f32, tensor.name);
  auto* data = reinterpret_cast<float*>(const_cast<std::byte*>(tensor.data));
  return {data, {tensor.rows, tensor.columns}};
}
// Sets all weights to 0, whatever their type.
inline void clear(const RawTensor& tensor) {
  std::memset(const_cast<std::byte*>(tensor.data), 0, tensor.bytes());
}

enum class Stored { key, value };

[[nodiscard]] inline ModelSource three_layers(DType dtype = DType::f32) {
  ModelConfig config = tiny_config(dtype);
  config.n_layers = 3;
  return tiny_model(config, {.seed = 31, .dtype = dtype, .biases = true});
}

// Every value (or key, before RoPE) of `layer` is `number` in its first component and 0 in the others. RoPE changes
// keys at positions above 0.
[[nodiscard]] inline ModelSource storing(float number, Stored what, int layer = 1, DType dtype = DType::f32) {
  ModelSource source = three_layers(dtype);
  const LayerTensors& l = source.tensors.layers[static_cast<std::size_t>(layer)];
  clear(what == Stored::key ? l.wk : l.wv);
  clear(what == Stored::key ? l.bk : l.bv);
  numbers(what == Stored::key ? l.bk : l.bv)(0, 0) = number;
  return source;
}

// The same in layer 0 for one token only: its first component is close to `number`. Those of all other tokens are 0.
[[nodiscard]] inline ModelSource storing_of(int token, float number, Stored what) {
  ModelSource source = storing(0, what, 0);
  const LayerTensors& l = source.tensors.layers[0];
  const View<float, 2> embedding = numbers(source.tensors.embedding), norm = numbers(l.attention_norm);
  const std::size_t last = embedding.extent(1) - 1;
  for (std::size_t t = 0; t < embedding.extent(0); ++t) embedding(t, last) = 0;
  std::fill_n(embedding.row(static_cast<std::size_t>(token)), last, 0.0f);
  embedding(static_cast<std::size_t>(token), last) = 1;
  norm(0, last) = 1;
  numbers(what == Stored::key ? l.wk : l.wv)(0, last) = number / std::sqrt(static_cast<float>(last + 1));
  return source;
}

// Finite weights with which the results of the MLP of layer 1 overflow float and double.
[[nodiscard]] inline ModelSource overflowing() {
  ModelSource source = three_layers();
  const LayerTensors& l = source.tensors.layers[1];
  for (const RawTensor* t : {&l.mlp_norm, &l.w_gate, &l.w_up, &l.w_down}) {
    const View<float, 2> weights = numbers(*t);
    std::fill_n(weights.data(), weights.size(), 3e38f);
  }
  const View<float, 2> gate = numbers(l.w_gate);  // opposite signs, so that some gates open whatever the input is
  for (std::size_t r = 0; r < gate.extent(0); r += 2) std::fill_n(gate.row(r), gate.extent(1), -3e38f);
  return source;
}

}  // namespace litestage::test
