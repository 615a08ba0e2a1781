// A model file that is opened and checked but not loaded by a backend, so that a program can inspect it first.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "litestage/core/compiled.hpp"
#include "litestage/engine/language_model.hpp"
#include "litestage/io/text/chat_options.hpp"
#include "litestage/model/source/weights.hpp"
#include "litestage/prompt/any_tokenizer.hpp"

namespace litestage::io {

class Gguf;
class TextCodec;

// Copies share the mapped file and the tokenizer.
class ModelFile {
 public:
  // Throws an Error if the file is no model that can be loaded. A chat template of the file that is missing or not
  // understood is an error only when a conversation is encoded (io/text/text_codec.hpp).
  explicit ModelFile(const std::string& path, const ChatOptions& chat = {});

  [[nodiscard]] const std::string& path() const { return source_.path; }
  [[nodiscard]] std::string name() const;
  [[nodiscard]] const ModelConfig& config() const { return source_.config; }
  [[nodiscard]] const ModelSource& source() const { return source_; }
  // The tokenizer with all its functions (io/text/text_codec.hpp), and as a language model takes it.
  [[nodiscard]] const std::shared_ptr<const TextCodec>& tokenizer() const { return tokenizer_; }
  [[nodiscard]] AnyTokenizer any_tokenizer() const;
  // Reads the whole file at the first call on this object or a copy.
  [[nodiscard]] const ModelIdentity& identity() const;

 private:
  [[nodiscard]] std::string tokenizer_fingerprint() const;

  std::shared_ptr<const Gguf> file_;
  ModelSource source_;
  std::shared_ptr<const TextCodec> tokenizer_;
  std::shared_ptr<std::optional<ModelIdentity>> identity_ = std::make_shared<std::optional<ModelIdentity>>();
};

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/definitions/model_file.hpp"
#endif
