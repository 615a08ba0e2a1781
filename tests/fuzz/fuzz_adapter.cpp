// Any bytes as an adapter_config.json, as the tensors of a PEFT adapter and as a GGUF adapter: an adapter that is
// merged into a model or refused by it, or an Error.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/tiny_model.hpp"
#include "fuzz/target.hpp"
#include "litestage/io/adapters/gguf_adapter.hpp"
#include "litestage/io/adapters/peft_adapter.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/merged_source.hpp"

namespace {

const litestage::ModelSource& adapted_model() {
  static const litestage::ModelSource model = [] {
    litestage::ModelConfig c = litestage::test::tiny_config();
    c.n_layers = 2;
    c.tied_head = true;
    return litestage::test::tiny_model(c);
  }();
  return model;
}

void merge(const litestage::io::LoraAdapter& adapter) {
  const std::vector adapters = {adapter};
  const litestage::ModelSource found = litestage::io::merged(adapted_model(), adapters, std::nullopt, 1);
  for (const litestage::RawTensor* tensor : litestage::all_tensors(found.tensors)) check_finite(*tensor, "merged");
}

void read_as_config(std::string_view text) {
  try {
    const auto config = litestage::io::read_peft_config(litestage::io::parse_json(text, "fuzz"), "fuzz");
    need(config.rank > 0);
    need(std::isfinite(litestage::io::peft_scale(config, "lm_head", static_cast<std::size_t>(config.rank))));
  } catch (const litestage::Error&) {
  }
}

void read_as_tensors(std::span<const std::byte> bytes) {
  litestage::io::PeftConfig config;
  config.alpha = config.rank = 2;
  try {
    const litestage::io::SafeTensors file(bytes, "fuzz");
    litestage::io::LoraAdapter adapter;
    adapter.pairs = litestage::io::read_peft_pairs(file, config);
    merge(adapter);
  } catch (const litestage::Error&) {
  }
}

}  // namespace

void fuzz_adapter(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span<const std::uint8_t>(data, size));
  read_as_config({reinterpret_cast<const char*>(data), size});
  read_as_tensors(bytes);
  try {
    merge(litestage::io::read_gguf_adapter(litestage::io::Gguf(bytes, "fuzz"), {"fuzz", 1}));
  } catch (const litestage::Error&) {
  }
}
