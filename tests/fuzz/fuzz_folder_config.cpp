// Any bytes as a config.json: a configuration that is valid, or an Error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fuzz/target.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/huggingface/folder_config.hpp"

void fuzz_folder_config(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const litestage::io::FolderConfig config =
        litestage::io::read_folder_config(litestage::io::parse_json(text, "fuzz"), "fuzz");
    need(config.model.n_layers > 0 && config.model.q_dim() > 0);
    need(config.model.rope.factors.empty() ||
         config.model.rope.factors.size() == static_cast<std::size_t>(config.model.rope.rotary_dim) / 2);
  } catch (const litestage::Error&) {
  }
}
