// Normal form C of Unicode (Unicode Standard Annex 15), which the tokenizers of Qwen apply to every text: characters
// are decomposed, marks are put in order, and what has a composed form is composed. By the data of Unicode 9, as in the
// Python package `tokenizers`: characters assigned later stay as they are.
#pragma once

#include "litestage/core/compiled.hpp"
#include "litestage/io/tokenizer_json/traced_text.hpp"

namespace litestage::io {

// The normal form of a text, which is valid UTF-8. A composed character comes from where its first part was.
[[nodiscard]] TracedText nfc(const TracedText& text);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/tokenizer_json/definitions/nfc.hpp"
#endif
