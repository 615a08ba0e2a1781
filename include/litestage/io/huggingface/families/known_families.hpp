// All families that are read from folders.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "litestage/io/huggingface/families/family.hpp"
#include "litestage/io/huggingface/families/gemma3.hpp"
#include "litestage/io/huggingface/families/llama.hpp"
#include "litestage/io/huggingface/families/mistral.hpp"
#include "litestage/io/huggingface/families/phi3.hpp"
#include "litestage/io/huggingface/families/qwen2.hpp"
#include "litestage/io/huggingface/families/qwen3.hpp"
#include "litestage/io/huggingface/families/smollm3.hpp"

namespace litestage::io {

inline constexpr std::array<const FolderFamily*, 7> folder_families = {
    &llama_folder, &mistral_folder, &qwen2_folder, &qwen3_folder, &smollm3_folder, &gemma3_folder, &phi3_folder};

// The names of all families, by the member of FolderFamily that has them, for messages.
[[nodiscard]] inline std::string folder_family_names(std::string_view FolderFamily::*name) {
  std::string list;
  for (const FolderFamily* family : folder_families) {
    list += list.empty() ? "" : ", ";
    list += family->*name;
  }
  return list;
}

}  // namespace litestage::io
