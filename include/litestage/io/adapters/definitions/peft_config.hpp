// Reads adapter_config.json.
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/adapters/peft_config.hpp"
#include "litestage/io/files/json_object.hpp"

namespace litestage::io {

namespace detail {

// Keys that a merge does not need: where the adapter comes from, which modules it has (the tensors say), training, how
// it was initialised (but see below), and settings of options that are refused where they are on.
inline constexpr std::string_view peft_without_effect[] = {"auto_mapping",
                                                           "base_model_name_or_path",
                                                           "ensure_weight_tying",
                                                           "eva_config",
                                                           "exclude_modules",
                                                           "inference_mode",
                                                           "layers_pattern",
                                                           "layers_to_transform",
                                                           "loftq_config",
                                                           "lora_dropout",
                                                           "megatron_core",
                                                           "peft_version",
                                                           "qalora_group_size",
                                                           "revision",
                                                           "runtime_config",
                                                           "target_modules",
                                                           "task_type"};

// Options that make something else than W + scale * B A of the tensors.
inline constexpr std::string_view peft_only_false[] = {"fan_in_fan_out", "lora_bias", "use_dora", "use_qalora"};

// Keys that name further tensors or layers, accepted where they name none.
inline constexpr std::string_view peft_only_empty[] = {
    "alora_invocation_tokens", "layer_replication", "modules_to_save", "target_parameters", "trainable_token_indices"};

// Initialisations that leave the model's own weights as they are. The others (PiSSA, CorDA, OLoRA, LoftQ, LoRA-GA)
// change them, and their adapters belong to the changed model.
inline constexpr std::string_view harmless_initialisations[] = {"eva", "gaussian", "mica", "orthogonal"};

inline void check_initialisation(JsonObject& keys) {
  const Form* found = keys.find("init_lora_weights");
  if (found == nullptr || found->is<bool>()) return;
  const std::string& name = found->string(keys.name("init_lora_weights"));
  std::string known;
  for (const std::string_view harmless : harmless_initialisations) {
    if (name == harmless) return;
    known += concat(harmless, ", ");
  }
  throw Error(concat(keys.name("init_lora_weights"), " is ", in_quotes(name), ", expected ", known,
                     "true or false, which leave the base model's weights as they are"));
}

inline void refuse_if_filled(JsonObject& keys, std::string_view key) {
  const Form* found = keys.find(key);
  if (found == nullptr) return;
  const bool empty = (found->is_list() && found->list(key).empty()) || (found->is_map() && found->map(key).empty());
  if (!empty) throw Error(concat(keys.name(key), " is given, expected null: an adapter with it cannot be merged"));
}

// The keys of a pattern are regular expressions in PEFT. Names with dots between are read, with "^" before and "\"
// before a dot; anything else is refused, because a hostile expression can take for ever.
[[nodiscard]] inline ModulePattern read_pattern(const std::string& text, const std::string& what) {
  ModulePattern out;
  std::string_view left = text;
  if (left.starts_with('^')) {
    out.whole = true;
    left.remove_prefix(1);
  }
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i] == '\\' && i + 1 < left.size() && left[i + 1] == '.') ++i;
    const char c = left[i];
    const bool named = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!named && c != '_' && c != '.') {
      throw Error(concat(what, " has the pattern ", in_quotes(text), ", expected the name of a module or its end"));
    }
    out.module += c;
  }
  return out;
}

[[nodiscard]] inline std::vector<ModulePattern> read_patterns(JsonObject& keys, std::string_view key) {
  std::vector<ModulePattern> patterns;
  const Form* found = keys.find(key);
  if (found == nullptr) return patterns;
  for (const auto& [text, value] : found->map(keys.name(key))) {
    patterns.push_back(read_pattern(text, keys.name(key)));
    patterns.back().value = value.number(concat(keys.name(key), ": ", in_quotes(text)));
  }
  return patterns;
}

[[nodiscard]] inline double value_for(const std::vector<ModulePattern>& patterns, std::string_view module,
                                      double otherwise) {
  for (const ModulePattern& p : patterns) {
    if (module == p.module || (!p.whole && module.ends_with("." + p.module))) return p.value;
  }
  return otherwise;
}

}  // namespace detail

LITESTAGE_INLINE PeftConfig read_peft_config(const Form& file, const std::string& source) {
  JsonObject keys(file, source);
  PeftConfig out;
  out.source = source;
  const std::string type = keys.get("peft_type").string(keys.name("peft_type"));
  if (type != "LORA") throw Error(concat(keys.name("peft_type"), " is ", in_quotes(type), ", expected LORA"));
  for (const std::string_view key : detail::peft_only_false) keys.expect(key, false);
  const std::string bias = keys.string("bias").value_or("none");
  if (bias != "none") throw Error(concat(keys.name("bias"), " is ", in_quotes(bias), ", expected none"));
  for (const std::string_view key : detail::peft_only_empty) detail::refuse_if_filled(keys, key);
  detail::check_initialisation(keys);
  out.alpha = keys.get("lora_alpha").number(keys.name("lora_alpha"));
  out.rank = keys.required_size("r");
  out.root_of_rank = keys.boolean("use_rslora", false);
  out.alphas = detail::read_patterns(keys, "alpha_pattern");
  out.ranks = detail::read_patterns(keys, "rank_pattern");
  keys.pass_over(detail::peft_without_effect);
  keys.refuse_the_rest();
  return out;
}

LITESTAGE_INLINE double peft_scale(const PeftConfig& config, std::string_view module, std::size_t rank) {
  const double expected = detail::value_for(config.ranks, module, config.rank);
  if (expected != static_cast<double>(rank)) {
    throw Error(concat(config.source, ": the rank of ", in_quotes(module), " is ", expected, ", expected ", rank,
                       ", the rank of its tensors"));
  }
  const double alpha = detail::value_for(config.alphas, module, config.alpha);
  return alpha / (config.root_of_rank ? std::sqrt(expected) : expected);
}

}  // namespace litestage::io
