// Reads a tokenizer.json, the file of Hugging Face's library tokenizers, as a vocabulary. Read are byte-pair encodings
// with the normalizers, pre-tokenizers and decoders of language models; anything else is an Error that names it. Not
// read are "truncation" and "padding", which are about batches, and the end token that a post-processor puts after a
// text: prompts are continued.
#pragma once

#include <string>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/vocabulary.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::io {

// `source` names the file in errors. Tokens that end an answer and the chat template lie in other files.
[[nodiscard]] Vocabulary read_tokenizer_json(const Form& file, const std::string& source);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/tokenizer_json/definitions/read_tokenizer_json.hpp"
#endif
