// Reads configurations.
#pragma once

#include <algorithm>
#include <climits>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/files/json_object.hpp"
#include "litestage/io/huggingface/families/known_families.hpp"
#include "litestage/io/huggingface/folder_config.hpp"

namespace litestage::io {

namespace detail {

// Keys without effect on a forward pass: names and versions, training, how to generate (what a program here does is
// said by its own options), tokens (read with the tokenizer), and what transformers dumps of every model.
inline constexpr std::string_view without_effect[] = {"_attn_implementation",
                                                      "_attn_implementation_autoset",
                                                      "_commit_hash",
                                                      "_name_or_path",
                                                      "attention_dropout",
                                                      "attn_implementation",
                                                      "bad_words_ids",
                                                      "begin_suppress_tokens",
                                                      "bos_token_id",
                                                      "chunk_size_feed_forward",
                                                      "decoder_start_token_id",
                                                      "diversity_penalty",
                                                      "do_sample",
                                                      "dtype",
                                                      "early_stopping",
                                                      "encoder_no_repeat_ngram_size",
                                                      "eos_token_id",
                                                      "exponential_decay_length_penalty",
                                                      "finetuning_task",
                                                      "forced_bos_token_id",
                                                      "forced_eos_token_id",
                                                      "hidden_dropout",
                                                      "id2label",
                                                      "initializer_range",
                                                      "is_llama_config",
                                                      "label2id",
                                                      "length_penalty",
                                                      "max_length",
                                                      "min_length",
                                                      "no_repeat_ngram_size",
                                                      "num_beam_groups",
                                                      "num_beams",
                                                      "num_return_sequences",
                                                      "output_attentions",
                                                      "output_hidden_states",
                                                      "output_scores",
                                                      "pad_token_id",
                                                      "prefix",
                                                      "pretraining_tp",
                                                      "problem_type",
                                                      "remove_invalid_values",
                                                      "repetition_penalty",
                                                      "residual_dropout",
                                                      "return_dict",
                                                      "return_dict_in_generate",
                                                      "sep_token_id",
                                                      "suppress_tokens",
                                                      "task_specific_params",
                                                      "temperature",
                                                      "tf_legacy_loss",
                                                      "tokenizer_class",
                                                      "top_k",
                                                      "top_p",
                                                      "torch_dtype",
                                                      "torchscript",
                                                      "transformers.js_config",
                                                      "transformers_version",
                                                      "typical_p",
                                                      "unsloth_fixed",
                                                      "unsloth_version",
                                                      "use_bfloat16",
                                                      "use_cache"};

// Keys that are accepted if they are false.
inline constexpr std::string_view only_false[] = {"add_cross_attention", "is_decoder",          "is_encoder_decoder",
                                                  "rope_interleaved",    "tie_encoder_decoder", "use_mrope"};

[[nodiscard]] inline const FolderFamily& read_family(JsonObject& keys) {
  const std::string type = keys.string("model_type").value_or("");
  std::string name;
  if (const Form* classes = keys.find("architectures")) {
    const Form::List& list = classes->list(keys.name("architectures"));
    if (list.size() != 1) throw Error(concat(keys.name("architectures"), " has ", list.size(), " classes, expected 1"));
    name = list[0].string(keys.name("architectures"));
  }
  for (const FolderFamily* family : folder_families) {
    if (name.empty() ? family->model_type != type : family->model_class != name) continue;
    if (!type.empty() && type != family->model_type) {
      throw Error(concat(keys.name("model_type"), " is ", in_quotes(type), ", expected ", family->model_type,
                         " with the class ", name));
    }
    return *family;
  }
  if (name.empty() && !type.empty()) {
    throw Error(concat(keys.name("model_type"), " is ", in_quotes(type), ", expected one of ",
                       folder_family_names(&FolderFamily::model_type)));
  }
  throw Error(concat(keys.name("architectures"), " is ", name.empty() ? "missing" : in_quotes(name),
                     ", expected one of ", folder_family_names(&FolderFamily::model_class)));
}

[[nodiscard]] inline int head_size(JsonObject& keys, const FolderFamily& family, const ModelConfig& c) {
  if (const std::optional<int> found = keys.size("head_dim")) return *found;
  if (!keys.has("head_dim") && family.head_dim != 0) return family.head_dim;
  if (c.hidden % c.n_heads == 0) return c.hidden / c.n_heads;
  throw Error(concat(keys.name("num_attention_heads"), " is ", c.n_heads, ", expected a divisor of hidden_size, ",
                     c.hidden, ", where head_dim is missing"));
}

[[nodiscard]] inline int kv_heads(JsonObject& keys, const FolderFamily& family, int n_heads) {
  if (const std::optional<int> found = keys.size("num_key_value_heads")) return *found;
  return keys.has("num_key_value_heads") || family.n_kv_heads == 0 ? n_heads : family.n_kv_heads;
}

[[nodiscard]] inline Activation read_activation(JsonObject& keys, const FolderFamily& family) {
  const std::optional<std::string> name = keys.string(family.activation_key);
  if (!name) return family.activation;
  if (*name == "silu" || *name == "swish") return Activation::silu;
  if (*name == "gelu_pytorch_tanh") return Activation::gelu_tanh;
  throw Error(
      concat(keys.name(family.activation_key), " is ", in_quotes(*name), ", expected silu or gelu_pytorch_tanh"));
}

}  // namespace detail

LITESTAGE_INLINE FolderConfig read_folder_config(const Form& file, const std::string& source) {
  JsonObject keys(file, source);
  FolderConfig out;
  const FolderFamily& family = detail::read_family(keys);
  out.family = &family;
  ModelConfig& c = out.model;
  c.architecture = family.architecture;
  c.n_layers = keys.required_size("num_hidden_layers");
  c.hidden = keys.required_size("hidden_size");
  c.ffn = keys.required_size("intermediate_size");
  c.n_heads = keys.required_size("num_attention_heads");
  c.n_kv_heads = detail::kv_heads(keys, family, c.n_heads);
  c.head_dim = detail::head_size(keys, family, c);
  c.vocab = keys.required_size("vocab_size");
  c.max_context = keys.required_size("max_position_embeddings");
  c.norm_eps = static_cast<float>(keys.number("rms_norm_eps").value_or(family.norm_eps));
  c.activation = detail::read_activation(keys, family);
  c.tied_head = keys.boolean("tie_word_embeddings", family.tied_head);
  c.rope.rotary_dim = c.head_dim;
  c.validate(source);  // before sizes are used
  family.configure(c, keys);
  for (const std::string_view key : detail::only_false) keys.expect(key, false);
  if (const Form* pruned = keys.find("pruned_heads");
      pruned != nullptr && !pruned->map(keys.name("pruned_heads")).empty()) {
    throw Error(concat(keys.name("pruned_heads"), " is not empty, expected no pruned heads"));
  }
  keys.pass_over(detail::without_effect);
  keys.pass_over(family.unused);
  keys.refuse_the_rest();
  c.validate(source);
  return out;
}

}  // namespace litestage::io
