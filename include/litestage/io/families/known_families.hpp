// All families that are read from GGUF files.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/families/gemma3.hpp"
#include "litestage/io/families/llama.hpp"
#include "litestage/io/families/phi3.hpp"
#include "litestage/io/families/qwen2.hpp"
#include "litestage/io/families/qwen3.hpp"
#include "litestage/io/families/smollm3.hpp"

namespace litestage::io {

inline constexpr std::array<const ModelFamily*, 6> known_families = {&llama_family,   &qwen2_family,  &qwen3_family,
                                                                     &smollm3_family, &gemma3_family, &phi3_family};

// The family of a file. Throws Error that names the architecture that was found and all that are known.
[[nodiscard]] inline const ModelFamily& family_of(const Gguf& file) {
  const auto architecture = file.get<std::string>("general.architecture");
  std::string names;
  for (std::size_t i = 0; i < known_families.size(); ++i) {
    if (known_families[i]->architecture == architecture) return *known_families[i];
    names += i == 0 ? "" : i + 1 == known_families.size() ? " or " : ", ";
    names += in_quotes(known_families[i]->architecture);
  }
  throw Error(concat(file.source(), ": key general.architecture is ", in_quotes(architecture), ", expected ", names));
}

}  // namespace litestage::io
