// Opens models.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "litestage/core/error.hpp"
#include "litestage/core/fnv1a.hpp"
#include "litestage/core/quantise/quantise.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/gguf/fingerprint.hpp"
#include "litestage/io/model_contents.hpp"
#include "litestage/io/model_file.hpp"
#include "litestage/io/quantised_source.hpp"
#include "litestage/io/text/chat_options.hpp"
#include "litestage/io/text/text_codec.hpp"

namespace litestage::io {

namespace detail {

[[nodiscard]] inline ModelSource with_weights(ModelSource source, std::string_view weights, int threads) {
  if (weights.empty()) return source;
  if (const std::optional<DType> type = quantiser_named(weights)) return quantised(source, *type, threads);
  throw Error(concat("--quantize is ", in_quotes(weights), ", expected ", quantiser_names()));
}

}  // namespace detail

LITESTAGE_INLINE ModelFile::ModelFile(const std::string& path, const ChatOptions& chat, std::string_view weights,
                                      int threads)
    : ModelFile(read_model_contents(path), chat, weights, threads) {}

LITESTAGE_INLINE ModelFile::ModelFile(ModelContents contents, const ChatOptions& chat, std::string_view weights,
                                      int threads)
    : source_(detail::with_weights(std::move(contents.source), weights, threads)),
      tokenizer_(std::make_shared<const TextCodec>(std::move(contents.vocabulary), source_.path, chat)),
      tokenizer_file_(std::move(contents.tokenizer_file)),
      weights_(weights),
      fingerprints_(std::make_shared<const std::function<ModelFingerprints()>>(std::move(contents.fingerprints))) {}

LITESTAGE_INLINE std::string ModelFile::name() const {
  // "models/name/" and "." have names, too.
  const std::filesystem::path given = std::filesystem::path(path()).lexically_normal();
  const std::filesystem::path named = given.has_filename() ? given : given.parent_path();
  const bool is_relative = named == "." || named == "..";
  const std::filesystem::path whole =
      is_relative ? std::filesystem::absolute(named / "").lexically_normal().parent_path() : named;
  return whole.filename().string() + (weights_.empty() ? "" : " " + weights_);
}

LITESTAGE_INLINE AnyTokenizer ModelFile::any_tokenizer() const {
  return tokenizer_;
}

LITESTAGE_INLINE const ModelIdentity& ModelFile::identity() const {
  if (!*identity_) {
    ModelFingerprints found = (*fingerprints_)();
    if (!weights_.empty()) {
      const std::string rounded = concat(found.whole, " ", weights_);
      found = {fingerprint(std::as_bytes(std::span<const char>(rounded))), {}};
    }
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
