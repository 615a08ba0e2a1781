// Any bytes as a GGUF file, as a model and as a vocabulary: read within bounds, or an Error.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fuzz/target.hpp"
#include "litestage/core/quant_blocks.hpp"
#include "litestage/io/gguf/fingerprint.hpp"
#include "litestage/io/gguf/model_source.hpp"
#include "litestage/io/gguf/read_vocabulary.hpp"
#include "litestage/io/gguf/split_files.hpp"
#include "litestage/io/text/text_codec.hpp"
#include "litestage/prompt/transcript.hpp"

namespace {

// The first and last row of a tensor, as a backend would read them.
void read_rows(const litestage::RawTensor& tensor) {
  if (tensor.empty()) return;
  need(tensor.rows > 0 && tensor.columns > 0);
  std::vector<float> row(tensor.columns);
  litestage::dequantize_row(tensor.type, tensor.row(0), row.data(), row.size());
  litestage::dequantize_row(tensor.type, tensor.row(tensor.rows - 1), row.data(), row.size());
}

void read_model(const litestage::io::Gguf& file) {
  const litestage::ModelSource model = litestage::io::read_model_source(file);
  need(model.tensors.layers.size() == static_cast<std::size_t>(model.config.n_layers));
  read_rows(model.tensors.embedding);
  read_rows(model.tensors.head);
  for (const litestage::LayerTensors& layer : model.tensors.layers) {
    for (const litestage::RawTensor* tensor : {&layer.wq, &layer.wk, &layer.wv, &layer.bv, &layer.w_gate, &layer.w_up,
                                               &layer.w_down, &layer.mlp_post_norm}) {
      read_rows(*tensor);
    }
  }
}

// As a program would: a text, and a conversation in the file's own format or in a given one.
void read_text(const litestage::io::Vocabulary& vocabulary, const char* chat_format) {
  need(!vocabulary.tokens.empty());
  const litestage::io::TextCodec codec(vocabulary, "fuzz", {.chat_template = chat_format, .variables = {}});
  for (const litestage::Role role : {litestage::Role::text, litestage::Role::user}) {
    try {
      const std::vector<int> ids = codec.encode(litestage::Prompt{{{role, "Zwölf 12\n<|x|>"}}, " c"});
      for (const int id : ids) need(id >= 0 && static_cast<std::size_t>(id) < vocabulary.tokens.size());
    } catch (const litestage::Error&) {
    }
  }
}

}  // namespace

void fuzz_gguf(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span<const std::uint8_t>(data, size));
  const std::string path(reinterpret_cast<const char*>(data), size);
  if (const auto part = litestage::io::split_name(path)) need(part->path() == path && part->number <= part->count);
  try {
    const litestage::io::Gguf file(bytes, "fuzz");
    try {  // as the first part of a model whose second part is missing, if it says so
      static_cast<void>(litestage::io::with_other_parts(litestage::io::Gguf(bytes, "no/fuzz-00001-of-00002.gguf")));
    } catch (const litestage::Error&) {
    }
    need(litestage::io::fingerprint(file).size() == 5 + 32);
    need(litestage::io::sampled_fingerprint(file).size() == 16);
    for (const litestage::io::GgufTensor& t : file.tensors()) {
      need(t.contents.empty() ||
           (t.contents.data() >= bytes.data() && t.contents.data() + t.contents.size() <= bytes.data() + bytes.size()));
    }
    try {
      const litestage::io::Vocabulary vocabulary = litestage::io::read_vocabulary(file);
      read_text(vocabulary, "");
      read_text(vocabulary, "llama-2");  // writes the file's own tokens for the beginning and end of a text
    } catch (const litestage::Error&) {
    }
    read_model(file);
  } catch (const litestage::Error&) {
  }
}
