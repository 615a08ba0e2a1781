// The vocabulary of a model, and what programs say of one that leaves something open.
#pragma once

#include <iostream>

#include "litestage/io/gguf/load_vocabulary.hpp"

namespace litestage::cli {

// Warns where text may be split in another way than in training.
[[nodiscard]] inline io::Vocabulary read_vocabulary(const io::Gguf& file) {
  io::Vocabulary vocabulary = io::load_vocabulary(file);
  if (vocabulary.model == "gpt2" && vocabulary.pre.empty()) {
    std::cerr << "warning: " << file.source() << ": key tokenizer.ggml.pre is missing, so text is split as \"default\" "
              << "says, which is seldom how the model was trained; answers are better if the file is converted anew"
              << std::endl;
  }
  return vocabulary;
}

}  // namespace litestage::cli
