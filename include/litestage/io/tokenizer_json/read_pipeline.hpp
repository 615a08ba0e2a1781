// Reads the parts of a tokenizer.json that are no tokens: normalizer, pre-tokenizer, decoder and post-processor. Each
// part has a form that language models use; other forms are refused.
#pragma once

#include <string>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/vocabulary.hpp"
#include "litestage/io/tokenizer_json/tokenizer_rules.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::io {

// Each function takes null where the file has no such part.
void read_normalizer(const Form* part, const std::string& source, TokenizerRules& rules);
// Reads after the normalizer, which it depends on.
void read_pretokenizer(const Form* part, const std::string& source, TokenizerRules& rules);
// Reads after the pre-tokenizer, which it must undo.
void read_decoder(const Form* part, const std::string& source, TokenizerRules& rules);
// Sets which token begins a text, if one does.
void read_post_processor(const Form* part, const std::string& source, Vocabulary& vocabulary);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/tokenizer_json/definitions/read_pipeline.hpp"
#endif
