// Opens a model and loads it as a language model, in one call.
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

// Loads all weights. `progress(done, total)` is called after each layer, as by litestage::load.
template <Backend B>
[[nodiscard]] LanguageModel<B> load_model(const ModelFile& file, std::shared_ptr<B> backend,
                                          const std::function<void(int, int)>& progress = nullptr) {
  auto weights = std::make_shared<const Model<B>>(load(*backend, file.source(), progress));
  return {std::move(backend), std::move(weights), file.any_tokenizer(), [file] { return file.identity(); }};
}

// Opens a GGUF file or a folder on a backend with default options: io::open_model("m.gguf") on the CPU,
// io::open_model<ReferenceBackend>("m.gguf") in double precision. The caller includes the backend's header.
template <Backend B = CpuBackend>
[[nodiscard]] LanguageModel<B> open_model(const std::string& path) {
  return load_model(ModelFile(path), std::make_shared<B>());
}

}  // namespace litestage::io

#if !LITESTAGE_HEADER_ONLY
#include "litestage/compiled/open_model.hpp"
#endif
