// Reads the tokenizer of a model's folder: tokenizer.json; names of tokens and the chat template in
// tokenizer_config.json and chat_template.jinja; the tokens that end an answer in generation_config.json and
// config.json. How many tokens to sample and how, which generation_config.json says too, is said by the options of
// programs here.
#pragma once

#include <cstddef>
#include <string>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/vocabulary.hpp"

namespace litestage::io {

[[nodiscard]] Vocabulary read_folder_vocabulary(const std::string& folder);

// Adds tokens that nothing is written with, so that each row of the embedding has one: tables are often larger than
// vocabularies. Throws an Error if the vocabulary has more tokens than `rows`.
void pad_vocabulary(Vocabulary& vocabulary, std::size_t rows, const std::string& folder);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/huggingface/definitions/folder_vocabulary.hpp"
#endif
