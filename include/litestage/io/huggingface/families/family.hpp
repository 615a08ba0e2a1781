// What a family of models says about its folders: how config.json names it, what a missing key means in it
// (transformers, models/*/configuration_*.py), the variations that its keys set in a ModelConfig, and the tensors of
// its layers. Everything else is common (io/huggingface/definitions/folder_config.hpp, folder_source.hpp).
#pragma once

#include <span>
#include <string_view>

#include "litestage/core/activation.hpp"
#include "litestage/io/files/json_object.hpp"
#include "litestage/io/huggingface/families/folder_layer.hpp"
#include "litestage/io/huggingface/families/layer_windows.hpp"
#include "litestage/io/huggingface/rope_keys.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage::io {

struct FolderFamily {
  std::string_view model_class{};   // in "architectures"
  std::string_view model_type{};    // of "model_type"
  std::string_view architecture{};  // ModelConfig::architecture
  // Values of missing keys.
  int n_kv_heads = 0;  // 0: as many as query heads, which null means in every family
  int head_dim = 0;    // 0: hidden_size / num_attention_heads, which null means in every family
  double norm_eps = 1e-6;
  bool tied_head = false;
  Activation activation = Activation::silu;

  std::string_view activation_key = "hidden_act";
  float norm_offset = 0;                          // added to the weights of norms
  std::span<const std::string_view> unused = {};  // keys that files of the family have and that do nothing in it
  // Sets RoPE and variations. The configuration has the sizes, which are checked.
  void (*configure)(ModelConfig&, JsonObject&) = nullptr;
  // Takes the tensors of a layer. The configuration is checked.
  void (*take_layer)(FolderLayer&, LayerTensors&, const ModelConfig&) = nullptr;
};

// Biases of the output projection and of the MLP, which "attention_bias" and "mlp_bias" would add, are in no backend.
inline void expect_no_biases(JsonObject& keys) {
  for (const std::string_view key : {"attention_bias", "mlp_bias"}) keys.expect(key, false);
}

}  // namespace litestage::io
