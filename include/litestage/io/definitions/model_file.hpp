// Opens models.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/fnv1a.hpp"
#include "litestage/core/quantise/quantise.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/adapters/read_lora_adapter.hpp"
#include "litestage/io/files/path_name.hpp"
#include "litestage/io/gguf/fingerprint.hpp"
#include "litestage/io/merged_source.hpp"
#include "litestage/io/model_contents.hpp"
#include "litestage/io/model_file.hpp"
#include "litestage/io/quantised_source.hpp"
#include "litestage/io/text/chat_options.hpp"
#include "litestage/io/text/text_codec.hpp"
#include "litestage/settings/expected.hpp"

namespace litestage::io {

LITESTAGE_INLINE ModelFile::ModelFile(const std::string& path, const ChatOptions& chat, const WeightOptions& weights)
    : ModelFile(read_model_contents(path), chat, weights) {}

LITESTAGE_INLINE ModelFile::ModelFile(ModelContents contents, const ChatOptions& chat, const WeightOptions& weights)
    : source_(std::move(contents.source)),
      tokenizer_(std::make_shared<const TextCodec>(std::move(contents.vocabulary), source_.path, chat)),
      tokenizer_file_(std::move(contents.tokenizer_file)),
      weights_(weights),
      fingerprints_(std::make_shared<const std::function<ModelFingerprints()>>(std::move(contents.fingerprints))) {
  change_weights();
}

// Adapters come before rounding, so that weights are rounded once.
LITESTAGE_INLINE void ModelFile::change_weights() {
  const std::optional<DType> type = quantiser_named(weights_.type);
  if (!type && !weights_.type.empty())
    throw Error(concat("--quantize is ", in_quotes(weights_.type), ", expected ", quantiser_names()));
  std::vector<LoraAdapter> adapters;
  for (const LoraChoice& choice : weights_.adapters) {
    adapters.push_back(read_lora_adapter(choice));
    adapters_.push_back(adapters.back().fingerprint);
  }
  if (!adapters.empty())
    source_ = merged(source_, adapters, type, weights_.threads);
  else if (type)
    source_ = quantised(source_, *type, weights_.threads);
}

LITESTAGE_INLINE std::string ModelFile::name() const {
  std::string name = name_of_path(path());
  for (const LoraChoice& choice : weights_.adapters) name += " + " + lora_name(choice);
  return name + (weights_.type.empty() ? "" : " " + weights_.type);
}

LITESTAGE_INLINE AnyTokenizer ModelFile::any_tokenizer() const {
  return tokenizer_;
}

LITESTAGE_INLINE const ModelIdentity& ModelFile::identity() const {
  if (!*identity_) {
    ModelFingerprints found = (*fingerprints_)();
    std::string changed = found.whole;
    for (std::size_t i = 0; i < adapters_.size(); ++i) {
      changed += concat(" ", adapters_[i], " ", number_text(weights_.adapters[i].scale));
    }
    if (!weights_.type.empty()) changed += " " + weights_.type;
    if (changed != found.whole) found = {fingerprint(std::as_bytes(std::span<const char>(changed))), {}};
    *identity_ = {name(), found.whole, found.sampled, tokenizer_fingerprint()};
  }
  return **identity_;
}

LITESTAGE_INLINE std::string ModelFile::tokenizer_fingerprint() const {
  const Vocabulary& v = tokenizer_->tokenizer().vocabulary();
  Fnv1a hash;
  for (const std::string& token : v.tokens) hash.add(token + '\n');
  for (const std::string& merge : v.merges) hash.add(merge + '\n');
  if (v.specials_strip_right) hash.add("special tokens swallow white space\n");
  hash.add(v.pre + '\n' + v.chat_template + '\n' + tokenizer_->chat_choice() + tokenizer_file_);
  return hexadecimal(hash.value());
}

}  // namespace litestage::io
