// Models that are split into several GGUF files, to stay below a size that a file may have: NAME-00001-of-00003.gguf
// and so on, in one folder. The first part has the metadata, every part has tensors of its own and the keys split.no
// (from 0), split.count and split.tensors.count (of all parts together). Facts: ggml-org/llama.cpp
// src/llama-model-loader.cpp and gguf-py/gguf/gguf_writer.py.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "litestage/core/compiled.hpp"

namespace litestage::io {

class Gguf;

// The name of a part, as in "models/NAME-00002-of-00003.gguf".
struct SplitName {
  std::string stem;           // "models/NAME"
  int number = 1, count = 1;  // 2, 3

  [[nodiscard]] std::string path() const;
};
// Nothing if the path does not end like that of a part.
[[nodiscard]] std::optional<SplitName> split_name(std::string_view path);

// What the file says of the number of parts: 1 for a whole model.
[[nodiscard]] std::int64_t split_count(const Gguf& file);

// Opens the other parts of a model of which `named` is one, checks that all belong together, and joins them to one
// object. Its metadata are those of the first part.
[[nodiscard]] Gguf with_other_parts(Gguf named);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/gguf/definitions/split_files.hpp"
#endif
