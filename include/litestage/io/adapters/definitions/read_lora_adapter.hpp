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

namespace litestage::io {

LITESTAGE_INLINE LoraAdapter read_lora_adapter(const LoraChoice& choice) {
  std::error_code ignored;
  if (std::filesystem::is_directory(choice.path, ignored)) return read_peft_adapter(choice);
  return read_gguf_adapter(Gguf(choice.path), choice);
}

LITESTAGE_INLINE std::vector<std::string> lora_paths(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) return {path};
  std::vector<std::string> paths;
  for (const std::string_view name : {peft_config_file, peft_tensors_file}) {
    std::string file = concat(path, "/", name);
    if (std::filesystem::exists(file, ignored)) paths.push_back(std::move(file));
  }
  return paths;
}

}  // namespace litestage::io
