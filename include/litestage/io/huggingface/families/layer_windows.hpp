// The windows of attention that a config.json gives to layers: "layer_types" names the kind of each layer, and where it
// is missing, the family's other keys say the same.
#pragma once

#include <algorithm>
#include <climits>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/files/json_object.hpp"
#include "litestage/model/source/config.hpp"
#include "litestage/model/source/layer_patterns.hpp"

namespace litestage::io {

// [n_layers] Whether each layer has a window by "layer_types"; nothing if the key is missing.
[[nodiscard]] inline std::optional<std::vector<bool>> read_layer_types(JsonObject& keys, int n_layers) {
  const Form* found = keys.find("layer_types");
  if (found == nullptr) return std::nullopt;
  const std::string what = keys.name("layer_types");
  const Form::List& list = found->list(what);
  if (std::ssize(list) != n_layers)
    throw Error(concat(what, " has ", list.size(), " layers, expected ", n_layers, ", as num_hidden_layers says"));
  std::vector<bool> windowed;
  for (const Form& layer : list) {
    const std::string& type = layer.string(what);
    if (type != "full_attention" && type != "sliding_attention")
      throw Error(concat(what, " has ", in_quotes(type), ", expected full_attention or sliding_attention"));
    windowed.push_back(type == "sliding_attention");
  }
  return windowed;
}

// For families that do not read "layer_types": refuses a file in which they are of another kind than all layers have.
// `reason` ends the message: why all layers are of that kind.
inline void expect_layer_types(JsonObject& keys, const ModelConfig& c, std::string_view reason) {
  const std::optional<std::vector<bool>> types = read_layer_types(keys, c.n_layers);
  for (int l = 0; types && l < c.n_layers; ++l) {
    const bool windowed = (*types)[l];
    if (windowed == (c.kinds().window_of(l) != 0)) continue;
    throw Error(concat(keys.name("layer_types"), " has \"", windowed ? "sliding" : "full", "_attention\", expected ",
                       windowed ? "full" : "sliding", "_attention in every layer", reason));
  }
}

// "sliding_window", which is `otherwise` (0: no window) if it is missing and no window if it is null.
[[nodiscard]] inline std::optional<int> read_window(JsonObject& keys, int otherwise) {
  if (keys.has("sliding_window")) return keys.size("sliding_window");
  if (otherwise == 0) return std::nullopt;
  return otherwise;
}

// Gives windows to layers, of which [n_layers] `windowed` says which.
inline void set_windows(ModelConfig& c, JsonObject& keys, const std::vector<bool>& windowed,
                        std::optional<int> window) {
  if (std::find(windowed.begin(), windowed.end(), true) == windowed.end()) return;
  if (!window && keys.has("sliding_window") && keys.find("sliding_window") == nullptr) {
    throw Error(concat(keys.name("sliding_window"), " is null, expected a number where layers have a window"));
  }
  if (!window) {
    throw Error(concat(keys.name("layer_types"),
                       " gives windows to layers, expected full_attention in all where sliding_window is missing or "
                       "use_sliding_window is not true"));
  }
  set_windows(c, windowed, *window);
}

// Mistral and Phi-3: all layers have the window, if there is one.
inline void window_all_layers(ModelConfig& c, JsonObject& keys, int otherwise) {
  window_all_layers(c, read_window(keys, otherwise).value_or(0));
  expect_layer_types(keys, c,
                     keys.has("sliding_window") ? ", as sliding_window says" : " where sliding_window is missing");
}

// Qwen 2 and 3: where windows are used, layers from "max_window_layers" on have them, in spite of the key's name.
inline void window_upper_layers(ModelConfig& c, JsonObject& keys) {
  const bool used = keys.boolean("use_sliding_window", false);
  std::optional<int> window = read_window(keys, 4096);
  if (!used) window.reset();
  std::int64_t first = 28;
  if (const Form* found = keys.find("max_window_layers")) first = found->integer(keys.name("max_window_layers"));
  if (first < 0 || first > INT_MAX)
    throw Error(concat(keys.name("max_window_layers"), " is ", first, ", expected 0 to ", INT_MAX));
  std::vector<bool> upper;
  for (int l = 0; l < c.n_layers; ++l) upper.push_back(window && l >= first);
  set_windows(c, keys, read_layer_types(keys, c.n_layers).value_or(upper), window);
}

}  // namespace litestage::io
