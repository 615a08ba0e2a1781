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
#include "litestage/model/source/finite_weights.hpp"

namespace {

litestage::ModelSource adapted_model(litestage::DType type) {
  litestage::ModelConfig c = litestage::test::tiny_config();
  c.n_layers = 2;
  c.tied_head = true;
  return litestage::test::tiny_model(c, {.dtype = type});
}

bool is_finite(const litestage::RawTensor& tensor) {
  try {
    litestage::check_finite(tensor, "merged");
    return true;
  } catch (const litestage::Error&) {
    return false;
  }
}

// Merges an adapter into models of three types, with and without rounding.
void merge(const litestage::io::LoraAdapter& adapter) {
  using litestage::DType;
  static const std::vector models = {adapted_model(DType::f32), adapted_model(DType::f16), adapted_model(DType::q8_0)};
  const std::vector adapters = {adapter};
  for (const litestage::ModelSource& model : models) {
    for (const std::optional<DType> type : {std::optional<DType>(), std::optional(DType::q4_0)}) {
      std::optional<litestage::ModelSource> found;
      try {
        found = litestage::io::merged(model, adapters, type, 1);
      } catch (const litestage::Error&) {
        continue;
      }
      for (const litestage::RawTensor* tensor : litestage::all_tensors(found->tensors)) need(is_finite(*tensor));
    }
  }
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
  litestage::io::LoraAdapter adapter;
  try {
    const litestage::io::SafeTensors file(bytes, "fuzz");
    adapter.pairs = litestage::io::read_peft_pairs(file, config);
    adapter.storage = file.storage();
  } catch (const litestage::Error&) {
    return;
  }
  merge(adapter);
}

void read_as_gguf(std::span<const std::byte> bytes) {
  litestage::io::LoraAdapter adapter;
  try {
    adapter = litestage::io::read_gguf_adapter(litestage::io::Gguf(bytes, "fuzz"), {"fuzz", 1});
  } catch (const litestage::Error&) {
    return;
  }
  merge(adapter);
}

}  // namespace

void fuzz_adapter(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span<const std::uint8_t>(data, size));
  read_as_config({reinterpret_cast<const char*>(data), size});
  read_as_tensors(bytes);
  read_as_gguf(bytes);
}
