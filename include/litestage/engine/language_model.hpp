// A model ready for use: its weights on a backend, its tokenizer, and the names by which files refer to it.
// io/open_model.hpp makes one from a model file.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "litestage/model/model.hpp"
#include "litestage/prompt/any_tokenizer.hpp"

namespace litestage {

// Identifies a model in plans, journals and results. Models are compared by their fingerprints.
struct ModelIdentity {
  std::string name;                 // name of the model file, without folders
  std::string fingerprint;          // hash of all bytes of the file
  std::string sampled_fingerprint;  // hash of samples of the file, which files of earlier versions contain instead
  std::string tokenizer;            // fingerprint of the vocabulary and the chat template
};

// Copies share all state, so a pipeline keeps its model alive. The model is immutable except for the working memory of
// its backend, so pipelines that share a model must not run at the same time.
template <Backend B>
class LanguageModel {
 public:
  using Identify = std::function<ModelIdentity()>;

  // `identify` is called each time the identity is requested.
  LanguageModel(std::shared_ptr<B> backend, std::shared_ptr<const Model<B>> weights, AnyTokenizer tokenizer,
                Identify identify)
      : backend_(std::move(backend)),
        weights_(std::move(weights)),
        tokenizer_(std::move(tokenizer)),
        identify_(std::move(identify)) {}
  // Refers to `backend` and `weights`, which outlive this and all copies. The model has no identity.
  LanguageModel(B& backend, const Model<B>& weights, AnyTokenizer tokenizer)
      : LanguageModel(std::shared_ptr<B>(std::shared_ptr<void>(), &backend),
                      std::shared_ptr<const Model<B>>(std::shared_ptr<void>(), &weights), std::move(tokenizer),
                      [] { return ModelIdentity{}; }) {}

  [[nodiscard]] B& backend() const { return *backend_; }
  [[nodiscard]] const Model<B>& weights() const { return *weights_; }
  [[nodiscard]] const ModelConfig& config() const { return weights_->config; }
  [[nodiscard]] const AnyTokenizer& tokenizer() const { return tokenizer_; }
  // The first call may read the whole model file.
  [[nodiscard]] ModelIdentity identity() const { return identify_(); }

 private:
  std::shared_ptr<B> backend_;
  std::shared_ptr<const Model<B>> weights_;
  AnyTokenizer tokenizer_;
  Identify identify_;
};

}  // namespace litestage
