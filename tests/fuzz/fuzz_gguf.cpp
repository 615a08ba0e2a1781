// Any bytes as a GGUF file, as a model and as a vocabulary: read within bounds, or an Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "litestage/core/quant_blocks.hpp"
#include "litestage/io/fingerprint.hpp"
#include "litestage/io/load_model.hpp"
#include "litestage/io/load_vocabulary.hpp"

namespace {

void need(bool holds) {
  if (!holds) std::abort();
}

// The first and last row of a tensor, as a backend would read them.
void read_rows(const litestage::RawTensor& tensor) {
  if (tensor.empty()) return;
  need(tensor.rows > 0 && tensor.columns > 0);
  std::vector<float> row(tensor.columns);
  litestage::dequantize_row(tensor.type, tensor.row(0), row.data(), row.size());
  litestage::dequantize_row(tensor.type, tensor.row(tensor.rows - 1), row.data(), row.size());
}

void read_model(const litestage::io::Gguf& file) {
  const litestage::ModelSource model = litestage::io::load_model(file);
  need(model.tensors.layers.size() == static_cast<std::size_t>(model.config.n_layers));
  read_rows(model.tensors.embedding);
  read_rows(model.tensors.head);
  for (const litestage::LayerTensors& layer : model.tensors.layers) {
    read_rows(layer.wq);
    read_rows(layer.w_down);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span<const std::uint8_t>(data, size));
  try {
    const litestage::io::Gguf file(bytes, "fuzz");
    need(litestage::io::fingerprint(file).size() == 16);
    for (const litestage::io::GgufTensor& t : file.tensors()) {
      need(t.contents.empty() ||
           (t.contents.data() >= bytes.data() && t.contents.data() + t.contents.size() <= bytes.data() + bytes.size()));
    }
    try {
      need(!litestage::io::load_vocabulary(file).tokens.empty());
    } catch (const litestage::Error&) {
    }
    read_model(file);
  } catch (const litestage::Error&) {
  }
  return 0;
}
