// Opens adapters of either form.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/io/adapters/gguf_adapter.hpp"
#include "litestage/io/adapters/peft_adapter.hpp"
#include "litestage/io/adapters/read_lora_adapter.hpp"
#include "litestage/io/files/path_name.hpp"

namespace litestage::io {

LITESTAGE_INLINE LoraAdapter read_lora_adapter(const LoraChoice& choice) {
  if (is_folder(choice.path)) return read_peft_adapter({folder_name(choice.path), choice.scale});
  const std::string file = name_of_path(choice.path);
  if (file == peft_config_file || file == peft_tensors_file) {
    throw Error(
        concat(choice.path, ": is a file of an adapter's folder, expected the folder that has it, or a GGUF ", "file"));
  }
  return read_gguf_adapter(Gguf(choice.path), choice);
}

LITESTAGE_INLINE std::vector<std::string> lora_paths(const std::string& path) {
  if (!is_folder(path)) return {path};
  std::vector<std::string> paths;
  std::error_code ignored;
  for (const std::string_view name : {peft_config_file, peft_tensors_file}) {
    std::string file = concat(folder_name(path), "/", name);
    if (std::filesystem::exists(file, ignored)) paths.push_back(std::move(file));
  }
  return paths;
}

}  // namespace litestage::io
