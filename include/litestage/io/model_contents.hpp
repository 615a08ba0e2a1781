// What a model consists of, whatever its form: a GGUF file, or a folder as on Hugging Face.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/vocabulary.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage::io {

struct ModelFingerprints {
  std::string whole{};    // of every byte that results depend on
  std::string sampled{};  // of earlier versions (io/gguf/fingerprint.hpp); empty for folders, which they did not read
};

struct ModelContents {
  ModelSource source{};
  Vocabulary vocabulary{};
  std::string tokenizer_file{};                       // fingerprint of the file of a folder's tokenizer
  std::function<ModelFingerprints()> fingerprints{};  // reads the whole model
};

// The path is that of a GGUF file or of a folder. Throws an Error if it holds no model that can be loaded.
[[nodiscard]] ModelContents read_model_contents(const std::string& path);

// The model without its tokenizer, which may be missing.
[[nodiscard]] ModelSource read_model_weights(const std::string& path);

// The tokenizer without the model, which may be missing.
[[nodiscard]] Vocabulary read_model_vocabulary(const std::string& path);

// The files that are read of a model: the file itself, or those of the folder that exist.
[[nodiscard]] std::vector<std::string> model_paths(const std::string& path);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/definitions/model_contents.hpp"
#endif
