// A model file that is opened and checked but not loaded by a backend, so that a program can inspect it first.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "litestage/core/fnv1a.hpp"
#include "litestage/engine/language_model.hpp"
#include "litestage/io/gguf/fingerprint.hpp"
#include "litestage/io/gguf/gguf.hpp"
#include "litestage/io/gguf/model_source.hpp"
#include "litestage/io/gguf/read_vocabulary.hpp"
#include "litestage/io/text/text_codec.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage::io {

// Copies share the mapped file and the tokenizer.
class ModelFile {
 public:
  // `chat_format` is one of enum_names<ChatFormat>, or empty for the file's own template. Throws an Error if the file
  // is no model that can be loaded.
  explicit ModelFile(const std::string& path, std::string_view chat_format = {})
      : file_(std::make_shared<const Gguf>(path)),
        source_(read_model_source(*file_)),
        tokenizer_(std::make_shared<const TextCodec>(read_vocabulary(*file_), path, chat_format)),
        chat_format_(chat_format) {}

  [[nodiscard]] const std::string& path() const { return source_.path; }
  [[nodiscard]] std::string name() const { return std::filesystem::path(path()).filename().string(); }
  [[nodiscard]] const ModelConfig& config() const { return source_.config; }
  [[nodiscard]] const ModelSource& source() const { return source_; }
  [[nodiscard]] const std::shared_ptr<const TextCodec>& tokenizer() const { return tokenizer_; }
  // Reads the whole file at the first call on this object or a copy.
  [[nodiscard]] const ModelIdentity& identity() const {
    if (!*identity_) *identity_ = {name(), fingerprint(*file_), sampled_fingerprint(*file_), tokenizer_fingerprint()};
    return **identity_;
  }

 private:
  [[nodiscard]] std::string tokenizer_fingerprint() const {
    const Vocabulary& v = tokenizer_->tokenizer().vocabulary();
    Fnv1a hash;
    for (const std::string& token : v.tokens) hash.add(token + '\n');
    for (const std::string& merge : v.merges) hash.add(merge + '\n');
    hash.add(v.pre + '\n' + v.chat_template + '\n' + chat_format_);
    return hexadecimal(hash.value());
  }

  std::shared_ptr<const Gguf> file_;
  ModelSource source_;
  std::shared_ptr<const TextCodec> tokenizer_;
  std::string chat_format_;
  std::shared_ptr<std::optional<ModelIdentity>> identity_ = std::make_shared<std::optional<ModelIdentity>>();
};

}  // namespace litestage::io
