// A model ready to answer: its weights on a backend, its tokenizer, and the names by which files refer to it.
// io/open_model.hpp makes one from a model file.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "litestage/model/model.hpp"
#include "litestage/prompt/any_tokenizer.hpp"

namespace litestage {

// How plans, journals and results name a model. What is compared for equality are the fingerprints.
struct ModelIdentity {
  std::string name;                 // of its file, without folders
  std::string fingerprint;          // of all bytes of the file
  std::string sampled_fingerprint;  // of samples of them: what files of earlier versions hold in its place
  std::string tokenizer;            // fingerprint of the vocabulary and the chat template
};

// Copies share everything, so that a pipeline keeps its model alive by itself. Nothing here can be changed but what a
// backend does at work: pipelines that share a model run one after another, not at the same time.
template <Backend B>
class LanguageModel {
 public:
  using Identify = std::function<ModelIdentity()>;

  // `identify` is called each time that somebody asks for the identity.
  LanguageModel(std::shared_ptr<B> backend, std::shared_ptr<const Model<B>> weights, AnyTokenizer tokenizer,
                Identify identify)
      : backend_(std::move(backend)),
        weights_(std::move(weights)),
        tokenizer_(std::move(tokenizer)),
        identify_(std::move(identify)) {}
  // Refers to `backend` and `weights`, which outlive this and all copies. It has no identity.
  LanguageModel(B& backend, const Model<B>& weights, AnyTokenizer tokenizer)
      : LanguageModel(std::shared_ptr<B>(std::shared_ptr<void>(), &backend),
                      std::shared_ptr<const Model<B>>(std::shared_ptr<void>(), &weights), std::move(tokenizer),
                      [] { return ModelIdentity{}; }) {}

  [[nodiscard]] B& backend() const { return *backend_; }
  [[nodiscard]] const Model<B>& weights() const { return *weights_; }
  [[nodiscard]] const ModelConfig& config() const { return weights_->config; }
  [[nodiscard]] const AnyTokenizer& tokenizer() const { return tokenizer_; }
  // May read the whole file of the model, the first time.
  [[nodiscard]] ModelIdentity identity() const { return identify_(); }

 private:
  std::shared_ptr<B> backend_;
  std::shared_ptr<const Model<B>> weights_;
  AnyTokenizer tokenizer_;
  Identify identify_;
};

}  // namespace litestage
