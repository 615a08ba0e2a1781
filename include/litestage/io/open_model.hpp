// From a model file to a model that answers, in one call.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "litestage/engine/language_model.hpp"
#include "litestage/io/model_file.hpp"
#include "litestage/model/model.hpp"
#include "litestage/pipeline/fwd.hpp"

namespace litestage::io {

// Loads all weights; `progress(done, total)` is told after each layer, as of litestage::load.
template <Backend B>
[[nodiscard]] LanguageModel<B> load_model(const ModelFile& file, std::shared_ptr<B> backend,
                                          const std::function<void(int, int)>& progress = nullptr) {
  auto weights = std::make_shared<const Model<B>>(load(*backend, file.source(), progress));
  return {std::move(backend), std::move(weights), file.tokenizer(), [file] { return file.identity(); }};
}

// The model of a GGUF file on a backend with its default options: io::open_model("m.gguf") on the CPU,
// io::open_model<ReferenceBackend>("m.gguf") in double precision. The backend's header is included by the caller.
template <Backend B = CpuBackend>
[[nodiscard]] LanguageModel<B> open_model(const std::string& path) {
  return load_model(ModelFile(path), std::make_shared<B>());
}

}  // namespace litestage::io
