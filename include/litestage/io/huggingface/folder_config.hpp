// Reads a config.json of Hugging Face's transformers, versions 4 and 5, as a ModelConfig. A key that changes results
// and is not supported is an Error that names it; so is a key that is not known.
#pragma once

#include <string>

#include "litestage/core/compiled.hpp"
#include "litestage/model/source/config.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::io {

struct FolderFamily;

struct FolderConfig {
  ModelConfig model{};
  const FolderFamily* family = nullptr;  // never null in what the reader returns
};

// `source` names the file in errors.
[[nodiscard]] FolderConfig read_folder_config(const Form& file, const std::string& source);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/huggingface/definitions/folder_config.hpp"
#endif
