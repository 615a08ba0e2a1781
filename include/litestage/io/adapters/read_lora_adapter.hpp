// Opens LoRA adapters of either form: a folder as PEFT writes it, or a GGUF file.
#pragma once

#include <string>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/adapters/lora_adapter.hpp"
#include "litestage/io/adapters/lora_choice.hpp"

namespace litestage::io {

// Throws an Error if the path is that of no adapter, or if the adapter has anything that cannot be merged.
[[nodiscard]] LoraAdapter read_lora_adapter(const LoraChoice& choice);

// The files that are read of an adapter: the GGUF file itself, or those of the folder.
[[nodiscard]] std::vector<std::string> lora_paths(const std::string& path);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/adapters/definitions/read_lora_adapter.hpp"
#endif
