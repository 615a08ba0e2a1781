// The patterns in which layers of some families differ from each other. Both kinds of model files set them.
#pragma once

#include <cstddef>
#include <vector>

#include "litestage/model/source/config.hpp"

namespace litestage {

// [n_layers] False for every `period`-th layer.
[[nodiscard]] inline std::vector<bool> all_but_every(int period, int n_layers) {
  std::vector<bool> layers;
  for (int l = 1; l <= n_layers; ++l) layers.push_back(l % period != 0);
  return layers;
}

// Gives one rotation to the layers of which [n_layers] `chosen` is true, and another one to the rest.
inline void set_ropes(ModelConfig& c, const std::vector<bool>& chosen, LayerRope of_chosen, LayerRope of_rest) {
  c.layer_kinds.resize(chosen.size());
  for (std::size_t l = 0; l < chosen.size(); ++l) c.layer_kinds[l].rope = chosen[l] ? of_chosen : of_rest;
}

// Gives the window to the layers of which [n_layers] `windowed` is true.
inline void set_windows(ModelConfig& c, const std::vector<bool>& windowed, int window) {
  c.window = window;
  c.layer_kinds.resize(windowed.size());
  for (std::size_t l = 0; l < windowed.size(); ++l) c.layer_kinds[l].windowed = windowed[l];
}

// Gives the window to every layer; 0: there is none.
inline void window_all_layers(ModelConfig& c, int window) {
  if (window != 0) set_windows(c, std::vector<bool>(c.n_layers, true), window);
}

}  // namespace litestage
