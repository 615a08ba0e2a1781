// Reads a folder as on Hugging Face, config.json and safetensors, as a model that a backend can load. A tensor that the
// model's family does not have is an Error that names it.
#pragma once

#include <string>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage::io {

struct FolderSource {
  ModelSource model{};  // tensors point into the files, which `storage` keeps mapped, or into converted copies
  std::vector<std::string> paths{};  // of the files with tensors
};

[[nodiscard]] FolderSource read_folder_source(const std::string& folder);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/huggingface/definitions/folder_source.hpp"
#endif
