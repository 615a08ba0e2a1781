// SmolLM3: as Llama, but some layers have no RoPE, and only these may have a window.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/io/huggingface/families/family.hpp"
#include "litestage/model/source/layer_patterns.hpp"

namespace litestage::io {

inline constexpr std::string_view smollm3_unused[] = {"max_window_layers"};

namespace detail {

// [n_layers] Which layers have RoPE, by "no_rope_layers", which has 1 where it is applied, for at least as many layers
// as there are. If it is missing, every "no_rope_layer_interval"-th layer has no RoPE.
[[nodiscard]] inline std::vector<bool> layers_with_rope(JsonObject& keys, int n_layers) {
  const int interval = keys.size("no_rope_layer_interval").value_or(4);
  const Form* found = keys.find("no_rope_layers");
  if (found == nullptr) return all_but_every(interval, n_layers);
  const std::string what = keys.name("no_rope_layers");
  const Form::List& list = found->list(what);
  const std::size_t n = n_layers;
  if (list.size() < n) throw Error(concat(what, " has ", list.size(), " layers, expected at least ", n));
  std::vector<bool> layers;
  for (std::size_t l = 0; l < n; ++l) {
    const std::int64_t rotates = list[l].integer(what);
    if (rotates != 0 && rotates != 1) throw Error(concat(what, " has ", rotates, ", expected 0 or 1"));
    layers.push_back(rotates == 1);
  }
  return layers;
}

inline void configure_smollm3_folder(ModelConfig& c, JsonObject& keys) {
  c.rope = read_rope(keys, c, 2000000);
  set_ropes(c, layers_with_rope(keys, c.n_layers), LayerRope::global, LayerRope::none);
  std::optional<int> window = read_window(keys, 0);
  if (!keys.boolean("use_sliding_window", false)) window.reset();
  std::vector<bool> windowed;
  for (const LayerKind& kind : c.layer_kinds) windowed.push_back(window && kind.rope == LayerRope::none);
  set_windows(c, keys, read_layer_types(keys, c.n_layers).value_or(windowed), window);
  expect_no_biases(keys);
}

}  // namespace detail

inline constexpr FolderFamily smollm3_folder{
    .model_class = "SmolLM3ForCausalLM",
    .model_type = "smollm3",
    .architecture = "smollm3",
    .n_kv_heads = 4,
    .tied_head = true,
    .unused = smollm3_unused,
    .configure = detail::configure_smollm3_folder,
    .take_layer =
        [](FolderLayer& take, LayerTensors& t, const ModelConfig&) {
          take_attention(take, t);
          take_mlp(take, t);
        },
};

}  // namespace litestage::io
