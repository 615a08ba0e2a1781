// Reads the vocabulary of a GGUF file. Keys that no tokenizer here uses are ignored: the ids for padding, separation
// and masks, and whether a text ends with an end token (prompts are continued, so they never do).
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
