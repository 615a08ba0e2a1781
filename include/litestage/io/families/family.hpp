// What a family of models says about itself: its name in GGUF files, the keys that it has beyond those of all, the
// variations that it sets in a ModelConfig, and the tensors of its layers. Everything else is common
// (io/gguf/definitions/model_source.hpp).
#pragma once

#include <span>
#include <string_view>

#include "litestage/io/gguf/layer_tensors.hpp"
#include "litestage/io/gguf/model_keys.hpp"
#include "litestage/model/source/layer_patterns.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage::io {

struct ModelFamily {
  std::string_view architecture;                // general.architecture
  RopePairing pairing = RopePairing::halves;    // of the rows of Q and K as the file has them
  std::span<const std::string_view> keys = {};  // those that `configure` reads, without the architecture
  bool has_rope_lists = false;                  // tensors rope_factors_short and rope_factors_long may exist
  bool joint_mlp = false;                       // ffn_up is gate and up in one matrix
  // Sets the variations. The configuration has the sizes and the RoPE of most layers. Null: there are none.
  void (*configure)(ModelConfig&, const ModelKeys&) = nullptr;
  // Takes the tensors of a layer. The configuration is checked.
  void (*take_layer)(TensorTaker&, LayerTensors&, int layer, const ModelConfig&) = nullptr;
};

}  // namespace litestage::io
