// Reads a GGUF file as a model that a backend can load. Architectures: io/families/. Any feature beyond them is an
// Error that names the key or tensor; nothing is ignored. Keys and tensor names: ggml-org/ggml docs/gguf.md and
// ggml-org/llama.cpp gguf-py/gguf/constants.py.
#pragma once

#include <string>

#include "litestage/core/compiled.hpp"
#include "litestage/io/gguf/gguf.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage::io {

// The model's shape and tensors. The tensors point into the file; `storage` keeps it mapped.
[[nodiscard]] ModelSource read_model_source(const Gguf& file);

[[nodiscard]] ModelSource read_model_source(const std::string& path);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/gguf/definitions/model_source.hpp"
#endif
