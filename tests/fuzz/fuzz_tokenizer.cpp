// Any bytes through both tokenizers: ids of the vocabulary come out, text comes back, and streams are valid UTF-8.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/small_vocabulary.hpp"
#include "fuzz/target.hpp"
#include "litestage/core/text/utf8.hpp"
#include "litestage/io/text/text_stream.hpp"
#include "litestage/io/text/tokenizer.hpp"

namespace {

namespace io = litestage::io;
namespace test = litestage::test;

bool is_valid(std::string_view text) {
  while (!text.empty()) {
    const litestage::CodePoint c = litestage::strict_code_point(text);
    if (c.length == 0) return false;
    text.remove_prefix(c.length);
  }
  return true;
}

std::vector<int> encoded(const io::SubwordTokenizer& tokenizer, std::string_view text, bool parse_special) {
  const std::vector<int> ids = tokenizer.encode(text, parse_special);
  io::TextStream stream;
  std::string shown;
  for (int id : ids) {
    need(id >= 0 && static_cast<std::size_t>(id) < tokenizer.size());
    shown += stream.push(tokenizer, id);
  }
  shown += stream.flush();
  need(is_valid(shown));
  return ids;
}

const std::array<io::SubwordTokenizer, 5>& byte_level() {
  const auto make = [](const char* pre) {
    return io::SubwordTokenizer(test::byte_level_vocabulary(pre, test::some_merges()), "fuzz");
  };
  static const std::array<io::SubwordTokenizer, 5> tokenizers{make("gpt-2"), make("smollm"), make("qwen2"),
                                                              make("llama-bpe"), make("default")};
  return tokenizers;
}

const std::array<io::SubwordTokenizer, 2>& sentencepiece() {
  const auto make = [](bool prefix) {
    io::Vocabulary v = test::sentencepiece_vocabulary(test::some_pieces());
    v.add_space_prefix = prefix;
    return io::SubwordTokenizer(v, "fuzz");
  };
  static const std::array<io::SubwordTokenizer, 2> tokenizers{make(true), make(false)};
  return tokenizers;
}

}  // namespace

void fuzz_tokenizer(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (bool parse_special : {false, true}) {
    for (const io::SubwordTokenizer& tokenizer : byte_level()) {
      need(tokenizer.decode(encoded(tokenizer, text, parse_special)) == litestage::repaired(text));
    }
    // What stands for a space does not come back as itself, nor do bytes that are no text.
    const bool comes_back = is_valid(text) && text.find("\xE2\x96\x81") == std::string_view::npos;
    for (const io::SubwordTokenizer& tokenizer : sentencepiece()) {
      const std::string decoded = tokenizer.decode(encoded(tokenizer, text, parse_special));
      need(!comes_back || decoded == text);
    }
  }
}
