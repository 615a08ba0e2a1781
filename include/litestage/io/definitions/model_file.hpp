// Opens model files.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "litestage/core/fnv1a.hpp"
#include "litestage/io/gguf/fingerprint.hpp"
#include "litestage/io/gguf/gguf.hpp"
#include "litestage/io/gguf/model_source.hpp"
#include "litestage/io/gguf/read_vocabulary.hpp"
#include "litestage/io/model_file.hpp"
#include "litestage/io/text/chat_options.hpp"
#include "litestage/io/text/text_codec.hpp"

namespace litestage::io {

LITESTAGE_INLINE ModelFile::ModelFile(const std::string& path, const ChatOptions& chat)
    : file_(std::make_shared<const Gguf>(path)),
      source_(read_model_source(*file_)),
      tokenizer_(std::make_shared<const TextCodec>(read_vocabulary(*file_), path, chat)) {}

LITESTAGE_INLINE std::string ModelFile::name() const {
  return std::filesystem::path(path()).filename().string();
}

LITESTAGE_INLINE AnyTokenizer ModelFile::any_tokenizer() const {
  return tokenizer_;
}

LITESTAGE_INLINE const ModelIdentity& ModelFile::identity() const {
  if (!*identity_) *identity_ = {name(), fingerprint(*file_), sampled_fingerprint(*file_), tokenizer_fingerprint()};
  return **identity_;
}

LITESTAGE_INLINE std::string ModelFile::tokenizer_fingerprint() const {
  const Vocabulary& v = tokenizer_->tokenizer().vocabulary();
  Fnv1a hash;
  for (const std::string& token : v.tokens) hash.add(token + '\n');
  for (const std::string& merge : v.merges) hash.add(merge + '\n');
  hash.add(v.pre + '\n' + v.chat_template + '\n' + tokenizer_->chat_choice());
  return hexadecimal(hash.value());
}

}  // namespace litestage::io
