// Reads adapters in GGUF files, as llama.cpp's convert_lora_to_gguf.py writes them: general.type is "adapter",
// adapter.type is "lora", and a matrix NAME has the tensors NAME.lora_a and NAME.lora_b.
#pragma once

#include "litestage/core/compiled.hpp"
#include "litestage/io/adapters/lora_adapter.hpp"
#include "litestage/io/gguf/gguf.hpp"

namespace litestage::io {

[[nodiscard]] LoraAdapter read_gguf_adapter(const Gguf& file, const LoraChoice& choice);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/adapters/definitions/gguf_adapter.hpp"
#endif
