// Any bytes as a tokenizer.json, and then a text through that tokenizer: ids of the vocabulary come out, or an Error.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/target.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/text/tokenizer.hpp"
#include "litestage/io/tokenizer_json/read_tokenizer_json.hpp"

void fuzz_tokenizer_json(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const litestage::io::SubwordTokenizer tokenizer(
        litestage::io::read_tokenizer_json(litestage::io::parse_json(text, "fuzz"), "fuzz"), "fuzz");
    const std::vector<litestage::io::TextPart> parts = {{"ab <s> \u2581\u00e9e\u0301\u1100\u1161 12\n", true},
                                                        {std::string(text.substr(0, 64)) + "<s>", false}};
    const std::vector<int> ids = tokenizer.encode_prompt(parts);
    for (const int id : ids) need(id >= 0 && static_cast<std::size_t>(id) < tokenizer.size());
    static_cast<void>(tokenizer.decode(ids));
  } catch (const litestage::Error&) {
  }
}
