// Reads adapters as PEFT writes them: a folder with adapter_config.json and adapter_model.safetensors.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/adapters/lora_adapter.hpp"
#include "litestage/io/adapters/peft_config.hpp"
#include "litestage/io/huggingface/safetensors.hpp"

namespace litestage::io {

// The files of the folder, which both have to be there.
inline constexpr std::string_view peft_config_file = "adapter_config.json",
                                  peft_tensors_file = "adapter_model.safetensors";

[[nodiscard]] LoraAdapter read_peft_adapter(const LoraChoice& choice);

// The pairs of matrices in a file of tensors, which keeps their memory.
[[nodiscard]] std::vector<LoraPair> read_peft_pairs(const SafeTensors& file, const PeftConfig& config);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/adapters/definitions/peft_adapter.hpp"
#endif
