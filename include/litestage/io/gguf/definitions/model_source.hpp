// Reading of a model's shape and tensors from a GGUF file.
#pragma once

#include <algorithm>
#include <climits>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/gguf/gguf.hpp"
#include "litestage/io/gguf/model_keys.hpp"
#include "litestage/io/gguf/model_source.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage::io {

namespace detail {

// Returns tensors by name and keeps track of the tensors that were not requested.
class TensorTaker {
 public:
  explicit TensorTaker(const Gguf& file) : file_(file) {
    for (const GgufTensor& t : file.tensors()) left_.push_back(t.name);
    std::sort(left_.begin(), left_.end());
  }
  [[nodiscard]] RawTensor optional(const std::string& name) {
    const auto found = std::lower_bound(left_.begin(), left_.end(), std::string_view(name));
    if (found != left_.end() && *found == name) left_.erase(found);
    return file_.tensor(name);
  }
  [[nodiscard]] RawTensor required(const std::string& name) {
    RawTensor tensor = optional(name);
    if (tensor.empty()) throw Error(concat(file_.source(), ": tensor ", name, " is missing"));
    return tensor;
  }
  // Reads norms, biases and factors, which every tool that writes GGUF stores in F32.
  [[nodiscard]] RawTensor vector(const std::string& name, bool needed) {
    RawTensor tensor = needed ? required(name) : optional(name);
    if (!tensor.empty() && tensor.type != DType::f32) {
      throw Error(concat(file_.source(), ": tensor ", name, " is ", litestage::name(tensor.type), ", expected F32"));
    }
    return tensor;
  }
  void refuse_the_rest(std::string_view architecture) const {
    if (left_.empty()) return;
    throw Error(concat(file_.source(), ": tensor ", in_quotes(left_.front()), " is not supported in the architecture ",
                       architecture));
  }

 private:
  const Gguf& file_;
  std::vector<std::string_view> left_;  // not requested yet, in order
};

[[nodiscard]] inline LayerTensors take_layer(TensorTaker& take, int l) {
  const std::string prefix = concat("blk.", l, ".");
  LayerTensors t;
  t.attention_norm = take.vector(prefix + "attn_norm.weight", true);
  t.wq = take.required(prefix + "attn_q.weight");
  t.wk = take.required(prefix + "attn_k.weight");
  t.wv = take.required(prefix + "attn_v.weight");
  t.bq = take.vector(prefix + "attn_q.bias", false);
  t.bk = take.vector(prefix + "attn_k.bias", false);
  t.bv = take.vector(prefix + "attn_v.bias", false);
  t.wo = take.required(prefix + "attn_output.weight");
  t.mlp_norm = take.vector(prefix + "ffn_norm.weight", true);
  t.w_gate = take.required(prefix + "ffn_gate.weight");
  t.w_up = take.required(prefix + "ffn_up.weight");
  t.w_down = take.required(prefix + "ffn_down.weight");
  return t;
}

[[nodiscard]] inline std::vector<float> floats(const RawTensor& tensor) {
  if (tensor.empty()) return {};
  std::vector<float> values(tensor.rows * tensor.columns);
  std::memcpy(values.data(), tensor.data, tensor.bytes());
  return values;
}

}  // namespace detail

LITESTAGE_INLINE ModelSource read_model_source(const Gguf& file) {
  ModelSource source;
  source.path = file.source();
  source.config = read_model_config(file);
  source.storage = file.storage();

  detail::TensorTaker take(file);
  source.config.rope.factors = detail::floats(take.vector("rope_freqs.weight", false));  // Llama 3
  source.tensors.embedding = take.required("token_embd.weight");
  source.tensors.final_norm = take.vector("output_norm.weight", true);
  source.tensors.head = take.optional("output.weight");
  source.config.tied_head = source.tensors.head.empty();
  source.config.vocab = vocabulary_size(file, source.tensors.embedding.rows);
  source.config.validate(source.path);  // before n_layers is used
  for (int l = 0; l < source.config.n_layers; ++l) source.tensors.layers.push_back(detail::take_layer(take, l));
  take.refuse_the_rest(source.config.architecture);
  validate(source);
  return source;
}

LITESTAGE_INLINE ModelSource read_model_source(const std::string& path) {
  return read_model_source(Gguf(path));
}

}  // namespace litestage::io
