// The families of models that are read from folders: how config.json names them, and what a missing key means in each
// (transformers, models/*/configuration_*.py). A family is a row of the table below.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace litestage::io {

enum class FolderBiases : std::uint8_t {
  none,
  qkv,        // on Q, K and V, always
  refusable,  // on all projections if attention_bias or mlp_bias says so, which no backend has
};

// Which layers attend to a window of positions only, where there is one. Folders with windows are refused.
enum class FolderWindow : std::uint8_t {
  none,
  all_layers,    // if sliding_window is not null
  upper_layers,  // from max_window_layers on, if use_sliding_window is true
};

struct FolderFamily {
  std::string_view model_class{};   // in "architectures"
  std::string_view model_type{};    // of "model_type"
  std::string_view architecture{};  // ModelConfig::architecture
  // Values of missing keys.
  int n_kv_heads = 0;  // 0: as many as query heads, which null means in every family
  double norm_eps = 1e-6;
  double rope_base = 10000;
  bool tied_head = false;

  FolderBiases biases = FolderBiases::none;
  FolderWindow window = FolderWindow::none;
};

inline constexpr std::array<FolderFamily, 3> folder_families = {{
    {.model_class = "LlamaForCausalLM",
     .model_type = "llama",
     .architecture = "llama",
     .biases = FolderBiases::refusable},
    {.model_class = "MistralForCausalLM",
     .model_type = "mistral",
     .architecture = "llama",
     .n_kv_heads = 8,
     .window = FolderWindow::all_layers},
    {.model_class = "Qwen2ForCausalLM",
     .model_type = "qwen2",
     .architecture = "qwen2",
     .n_kv_heads = 32,
     .biases = FolderBiases::qkv,
     .window = FolderWindow::upper_layers},
}};

// The classes of all families, for messages.
[[nodiscard]] inline std::string folder_family_names() {
  std::string list;
  for (const FolderFamily& family : folder_families) {
    list += list.empty() ? "" : ", ";
    list += family.model_class;
  }
  return list;
}

}  // namespace litestage::io
