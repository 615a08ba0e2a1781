// Reads choices of adapters.
#pragma once

#include <charconv>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/adapters/lora_choice.hpp"
#include "litestage/io/files/path_name.hpp"
#include "litestage/settings/expected.hpp"

namespace litestage::io {

LITESTAGE_INLINE LoraChoice read_lora_choice(std::string_view text) {
  std::error_code ignored;
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || std::filesystem::exists(text, ignored)) return {std::string(text), 1};
  const std::string_view number = text.substr(colon + 1);
  double scale = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), scale);
  const bool whole = read.ec == std::errc{} && read.ptr == number.data() + number.size();
  if (whole && std::isfinite(scale) && colon > 0) return {std::string(text.substr(0, colon)), scale};
  throw Error(concat("--lora is ", in_quotes(text), ", which is the name of no file or folder, expected a folder ",
                     "or a GGUF file, or either with a colon and a finite number, its scale"));
}

LITESTAGE_INLINE std::string lora_name(const LoraChoice& choice) {
  return concat(name_of_path(choice.path), ":", number_text(choice.scale));
}

}  // namespace litestage::io
