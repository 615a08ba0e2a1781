// A model that is opened and checked but not loaded by a backend, so that a program can inspect it first: a GGUF file,
// or a folder as on Hugging Face with config.json, tokenizer.json and safetensors.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/engine/language_model.hpp"
#include "litestage/io/text/chat_options.hpp"
#include "litestage/io/weight_options.hpp"
#include "litestage/model/source/weights.hpp"
#include "litestage/prompt/any_tokenizer.hpp"

namespace litestage::io {

class TextCodec;
struct ModelContents;
struct ModelFingerprints;

// Copies share the mapped files and the tokenizer.
class ModelFile {
 public:
  // Throws an Error if the path is that of no model that can be loaded. A chat template of the model that is missing or
  // not understood is an error only when a conversation is encoded (io/text/text_codec.hpp).
  explicit ModelFile(const std::string& path, const ChatOptions& chat = {}, const WeightOptions& weights = {});

  [[nodiscard]] const std::string& path() const { return source_.path; }
  // The last part of the path, the adapters that were merged, and the type to which the matrices were rounded:
  // "m.gguf + style:0.5 q8_0".
  [[nodiscard]] std::string name() const;
  [[nodiscard]] const ModelConfig& config() const { return source_.config; }
  [[nodiscard]] const ModelSource& source() const { return source_; }
  // The tokenizer with all its functions (io/text/text_codec.hpp), and as a language model takes it.
  [[nodiscard]] const std::shared_ptr<const TextCodec>& tokenizer() const { return tokenizer_; }
  [[nodiscard]] AnyTokenizer any_tokenizer() const;
  // Reads the whole model at the first call on this object or a copy.
  [[nodiscard]] const ModelIdentity& identity() const;

 private:
  ModelFile(ModelContents contents, const ChatOptions& chat, const WeightOptions& weights);
  void change_weights();
  [[nodiscard]] std::string tokenizer_fingerprint() const;

  ModelSource source_;
  std::shared_ptr<const TextCodec> tokenizer_;
  std::string tokenizer_file_;  // fingerprint of a folder's tokenizer.json
  WeightOptions weights_;
  std::vector<std::string> adapters_{};  // fingerprints of the adapters that were merged
  std::shared_ptr<const std::function<ModelFingerprints()>> fingerprints_;
  std::shared_ptr<std::optional<ModelIdentity>> identity_ = std::make_shared<std::optional<ModelIdentity>>();
};

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/definitions/model_file.hpp"
#endif
