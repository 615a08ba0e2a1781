// adapter_config.json, which says how the tensors of a PEFT folder are to be scaled. Every key must be known, and what
// changes results in a way that no merge can give is refused by name. Format: huggingface/peft,
// src/peft/tuners/lora/config.py.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::io {

// A value for the modules whose name is `module`, or ends in it after a dot.
struct ModulePattern {
  std::string module{};
  bool whole = false;  // only where it is the whole name
  double value = 0;
};

struct PeftConfig {
  std::string source{};  // for messages
  double alpha = 0;
  int rank = 0;
  bool root_of_rank = false;            // use_rslora: the scale is alpha / sqrt(rank)
  std::vector<ModulePattern> alphas{};  // other values of alpha; the first that fits counts
  std::vector<ModulePattern> ranks{};
};

// `source` names the file in messages.
[[nodiscard]] PeftConfig read_peft_config(const Form& file, const std::string& source);

// The scale of a module ("model.layers.0.self_attn.q_proj") whose tensors have this rank. Throws an Error if the
// configuration says another rank.
[[nodiscard]] double peft_scale(const PeftConfig& config, std::string_view module, std::size_t rank);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/adapters/definitions/peft_config.hpp"
#endif
