// Reading of a model's shape and tensors from a GGUF file.
#pragma once

#include <climits>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/families/known_families.hpp"
#include "litestage/io/gguf/gguf.hpp"
#include "litestage/io/gguf/model_keys.hpp"
#include "litestage/io/gguf/model_source.hpp"
#include "litestage/io/gguf/rope_keys.hpp"
#include "litestage/io/gguf/split_files.hpp"
#include "litestage/io/gguf/tensor_taker.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage::io {

namespace detail {

// Adapters, vocabularies and single parts of a split model are GGUF files too, but no models.
inline void refuse_what_is_no_model(const Gguf& file) {
  const auto type = file.find<std::string>("general.type");
  if (type && *type != "model") {
    throw Error(concat(file.source(), ": key general.type is ", in_quotes(*type), ", expected \"model\""));
  }
  const std::int64_t parts = split_count(file);
  if (parts > 1 && file.files().size() == 1) {  // read from memory, where no other part can be found
    throw Error(concat(file.source(), ": is one of ", parts, " parts of a split model, expected a whole one"));
  }
}

[[nodiscard]] inline int head_size(const ModelKeys& keys, const ModelConfig& c) {
  const std::string& source = keys.file().source();
  const auto k = keys.size("attention.key_length");
  const auto v = keys.size("attention.value_length");
  if (!k && !v) {
    if (c.hidden % c.n_heads == 0) return c.hidden / c.n_heads;
    throw Error(concat(source, ": key ", keys.key("attention.head_count"), " is ", c.n_heads,
                       ", expected a divisor of the hidden size ", c.hidden, " where no key_length is given"));
  }
  const int other = c.hidden / c.n_heads;
  if (k.value_or(other) == v.value_or(other)) return k.value_or(other);
  throw Error(concat(source, ": keys ", keys.key("attention.key_length"), " and value_length are ", k.value_or(other),
                     " and ", v.value_or(other), ", expected equal ones"));
}

// The shape of the model, without its vocabulary, the scaling of RoPE and the family's variations.
[[nodiscard]] inline ModelConfig read_sizes(const ModelFamily& family, const ModelKeys& keys) {
  ModelConfig c;
  c.architecture = family.architecture;
  c.n_layers = keys.required_size("block_count");
  c.hidden = keys.required_size("embedding_length");
  c.ffn = keys.required_size("feed_forward_length");
  c.n_heads = keys.required_size("attention.head_count");
  c.n_kv_heads = keys.size("attention.head_count_kv").value_or(c.n_heads);
  c.head_dim = head_size(keys, c);
  c.max_context = keys.required_size("context_length");
  c.norm_eps = static_cast<float>(keys.file().get<double>(keys.key("attention.layer_norm_rms_epsilon")));
  c.rope.pairing = family.pairing;
  c.rope.base = keys.number("rope.freq_base", 10000);
  c.rope.rotary_dim = keys.size("rope.dimension_count").value_or(c.head_dim);
  return c;
}

// The number of rows of the embedding table, which must agree with the key if it exists.
[[nodiscard]] inline int vocabulary_size(const ModelKeys& keys, std::size_t rows) {
  const Gguf& file = keys.file();
  const auto said = keys.size("vocab_size");
  if (rows > INT_MAX || (said && std::cmp_not_equal(*said, rows))) {
    throw Error(concat(file.source(), ": key ", keys.key("vocab_size"), " is ", said.value_or(0), ", expected the ",
                       rows, " rows of token_embd.weight"));
  }
  // Files for uses other than text may have no tokens. If there are tokens, each has a row.
  const auto tokens = file.find<std::vector<std::string>>("tokenizer.ggml.tokens");
  if (tokens && tokens->size() != rows) {
    throw Error(concat(file.source(), ": key tokenizer.ggml.tokens has ", tokens->size(), " tokens, expected the ",
                       rows, " rows of token_embd.weight"));
  }
  return static_cast<int>(rows);
}

[[nodiscard]] inline RopeTensors take_rope_tensors(TensorTaker& take, const ModelFamily& family) {
  RopeTensors tensors;
  tensors.factors = take.floats("rope_freqs.weight");
  if (!family.has_rope_lists) return tensors;
  tensors.short_factors = take.floats("rope_factors_short.weight");
  tensors.long_factors = take.floats("rope_factors_long.weight");
  return tensors;
}

}  // namespace detail

LITESTAGE_INLINE ModelSource read_model_source(const Gguf& file) {
  detail::refuse_what_is_no_model(file);
  const ModelFamily& family = family_of(file);
  const ModelKeys keys(file, std::string(family.architecture));
  keys.refuse_others(family.keys);
  TensorTaker take(file);

  ModelSource source;
  source.path = file.source();
  source.storage = file.storage();
  ModelConfig& config = source.config;
  config = detail::read_sizes(family, keys);
  source.tensors.embedding = take.required("token_embd.weight");
  source.tensors.final_norm = take.vector("output_norm.weight", true);
  source.tensors.head = take.optional("output.weight");
  config.tied_head = source.tensors.head.empty();
  config.vocab = detail::vocabulary_size(keys, source.tensors.embedding.rows);
  const RopeTensors rope = detail::take_rope_tensors(take, family);
  config.rope.factors = rope.factors;
  config.validate(source.path);  // before numbers and sizes are used
  read_rope_scaling(config.rope, keys, rope, config.max_context);
  if (family.configure != nullptr) family.configure(config, keys);
  source.tensors.layers.resize(config.n_layers);
  for (int l = 0; l < config.n_layers; ++l) {
    family.take_layer(take, source.tensors.layers[l], l, config);
  }
  take.refuse_the_rest(config.architecture);
  validate(source);
  return source;
}

LITESTAGE_INLINE ModelSource read_model_source(const std::string& path) {
  return read_model_source(Gguf(path));
}

}  // namespace litestage::io
