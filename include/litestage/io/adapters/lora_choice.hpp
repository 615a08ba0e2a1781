// Which LoRA adapter a user chooses, and by how much it counts.
#pragma once

#include <string>
#include <string_view>

#include "litestage/core/compiled.hpp"

namespace litestage::io {

struct LoraChoice {
  std::string path{};  // of a folder as PEFT writes it, or of a GGUF file
  double scale = 1;    // times the scale that the adapter has itself; a negative one subtracts it
};

// Reads "PATH" or "PATH:SCALE". A text that is the path of a file or folder has no scale, whatever colons are in it.
// Throws an Error if what follows the last colon is no finite number.
[[nodiscard]] LoraChoice read_lora_choice(std::string_view text);

// "style:0.5": the last part of the path, and the scale.
[[nodiscard]] std::string lora_name(const LoraChoice& choice);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/adapters/definitions/lora_choice.hpp"
#endif
