// Any bytes as a safetensors file: tensors within the file, in order and without holes, or an Error.
#include <cstddef>
#include <cstdint>
#include <span>

#include "fuzz/target.hpp"
#include "litestage/io/huggingface/safetensors.hpp"

void fuzz_safetensors(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span<const std::uint8_t>(data, size));
  try {
    const litestage::io::SafeTensors file(bytes, "fuzz");
    std::size_t all = 0;
    for (const auto& [name, tensor] : file.tensors()) {
      all += tensor.contents.size();
      if (tensor.contents.empty()) continue;
      need(tensor.contents.data() >= bytes.data() + 8);
      need(tensor.contents.data() + tensor.contents.size() <= bytes.data() + bytes.size());
    }
    need(all <= size);
  } catch (const litestage::Error&) {
  }
}
