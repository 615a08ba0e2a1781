// A warning about models whose vocabulary does not define how text is split.
#pragma once

#include <iostream>
#include <string>

#include "litestage/io/model_file.hpp"
#include "litestage/io/text/text_codec.hpp"

namespace litestage::cli {

// Warns if text may be split differently than in training. `path`: path of the model's file.
inline void warn_of_open_splitting(const io::Vocabulary& vocabulary, const std::string& path) {
  if (vocabulary.model != "gpt2" || !vocabulary.pre.empty()) return;
  std::cerr << "warning: " << path << ": key tokenizer.ggml.pre is missing, so text is split as \"default\" "
            << "says, which is seldom how the model was trained; answers are better if the file is converted again"
            << std::endl;
}
inline void warn_of_open_splitting(const io::ModelFile& file) {
  warn_of_open_splitting(file.tokenizer()->tokenizer().vocabulary(), file.path());
}

}  // namespace litestage::cli
