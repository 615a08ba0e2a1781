// The vocabulary in a GGUF file. Keys that no tokenizer here reads are not looked at, whatever they say: the ids for
// padding, separation and masks, and whether a text ends with a token of its own (prompts are continued).
#pragma once

#include "litestage/core/compiled.hpp"
#include "litestage/io/gguf/gguf.hpp"
#include "litestage/io/text/vocabulary.hpp"

namespace litestage::io {

[[nodiscard]] Vocabulary read_vocabulary(const Gguf& file);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/gguf/definitions/read_vocabulary.hpp"
#endif
