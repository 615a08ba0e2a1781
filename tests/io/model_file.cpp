#include "litestage/io/model_file.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/gguf_writer.hpp"
#include "common/io_scratch.hpp"
#include "common/small_vocabulary.hpp"
#include "common/tiny_model.hpp"

namespace {

namespace io = litestage::io;
namespace test = litestage::test;

test::Bytes model_with_template() {
  const io::Vocabulary v = test::sentencepiece_vocabulary({});
  litestage::ModelConfig c = test::tiny_config();
  c.n_layers = 1;
  c.vocab = static_cast<int>(v.tokens.size());
  c.architecture = "llama";
  c.rope.pairing = litestage::RopePairing::interleaved;
  test::GgufWriter writer = test::gguf_of(test::tiny_model(c));
  writer.add("tokenizer.ggml.model", "llama").add("tokenizer.ggml.tokens", v.tokens);
  writer.add("tokenizer.ggml.scores", v.scores);
  writer.add("tokenizer.ggml.token_type", std::vector<std::int32_t>(v.types.begin(), v.types.end()));
  writer.add("tokenizer.chat_template", "{{ messages[0].content }}{{ think }}");
  return writer.bytes();
}

}  // namespace

TEST_CASE("what conversations become is a part of a model's identity") {
  const test::ScratchFolder folder;
  const std::string path = folder.write("m.gguf", test::as_text(model_with_template()));
  const std::string own = folder.write("own.jinja", "{{ messages[0].content }}{{ think }}!");
  const std::vector<io::ChatOptions> options = {
      {}, {"chatml", {}}, {own, {}}, {"", {{"think", "true"}}}, {"", {{"think", "false"}}}, {own, {{"think", "true"}}}};
  std::vector<std::string> tokenizers;
  for (const io::ChatOptions& chat : options) {
    const io::ModelFile file(path, chat);
    CHECK(file.identity().fingerprint == io::ModelFile(path).identity().fingerprint);
    CHECK(file.identity().tokenizer == io::ModelFile(path, chat).identity().tokenizer);
    tokenizers.push_back(file.identity().tokenizer);
  }
  for (std::size_t i = 0; i < tokenizers.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) CHECK(tokenizers[i] != tokenizers[j]);
  }
}
