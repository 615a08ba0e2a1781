// Models of either form, opened by their path: names, tokenizers, identities, and what is no model.
#include "litestage/io/model_file.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "common/adapter_writer.hpp"
#include "common/error_of.hpp"
#include "common/folder_writer.hpp"
#include "common/gguf_writer.hpp"
#include "common/io_scratch.hpp"
#include "common/small_vocabulary.hpp"
#include "common/tiny_model.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/model_contents.hpp"
#include "litestage/io/text/text_codec.hpp"

using namespace litestage;
using test::says;
using test::with;

namespace {

ModelSource opened_model(int vocab = test::byte_level_tokenizer_size) {
  ModelConfig c = test::tiny_config();
  c.n_layers = 1;
  c.vocab = vocab;
  c.rope.pairing = RopePairing::halves;
  return test::tiny_model(c);
}

// A folder with another file; the message when it is opened.
std::string open_error(const std::string& name, const std::string& contents) {
  const test::ScratchFolder scratch;
  const std::string folder = test::write_folder(scratch, opened_model());
  scratch.write(name, contents);
  return test::error_of([&] { static_cast<void>(io::ModelFile(folder)); });
}

test::Bytes model_with_template() {
  const io::Vocabulary v = test::sentencepiece_vocabulary({});
  ModelConfig c = test::tiny_config();
  c.n_layers = 1;
  c.vocab = static_cast<int>(v.tokens.size());
  c.architecture = "llama";
  c.rope.pairing = RopePairing::interleaved;
  test::GgufWriter writer = test::gguf_of(test::tiny_model(c));
  writer.add("tokenizer.ggml.model", "llama").add("tokenizer.ggml.tokens", v.tokens);
  writer.add("tokenizer.ggml.scores", v.scores);
  writer.add("tokenizer.ggml.token_type", std::vector<std::int32_t>(v.types.begin(), v.types.end()));
  writer.add("tokenizer.chat_template", "{{ messages[0].content }}{{ think }}");
  return writer.bytes();
}

}  // namespace

TEST_CASE("a folder is opened as a file is") {
  const test::ScratchFolder scratch;
  const std::string folder = test::write_folder(scratch, opened_model());
  for (const std::string& path : {folder, folder + "/", folder + "//", folder + "/."}) {
    const io::ModelFile model(path);
    CHECK(model.name() == std::filesystem::path(folder).filename().string());
    CHECK(model.config().n_layers == 1);
    CHECK(model.source().tensors.layers.size() == 1);
    CHECK(model.tokenizer()->size() == test::byte_level_tokenizer_size);
    const io::SubwordTokenizer& tokenizer = model.tokenizer()->tokenizer();
    CHECK(tokenizer.decode(tokenizer.encode("hello world", false)) == "hello world");
    CHECK(tokenizer.vocabulary().eos == 277);
    CHECK(tokenizer.is_end(277));
    CHECK_FALSE(tokenizer.adds_bos());
  }
}

TEST_CASE("adapters and rounding are a part of a model's name and identity") {
  const ModelSource model = opened_model();
  const test::ScratchFolder scratch, adapter;
  const std::string path = test::write_folder(scratch, model);
  const std::string own = std::filesystem::path(path).filename().string();
  const auto numbers = test::layer_numbers(model.config, 0, 2, 1);
  const std::string style = test::write_peft(adapter, numbers, 2);
  const std::string style_name = std::filesystem::path(style).filename().string();
  const std::vector<std::pair<io::WeightOptions, std::string>> all = {
      {{{}, "", 1}, own},
      {{{}, "q8_0", 1}, own + " q8_0"},
      {{{{style, 1}}, "", 1}, own + " + " + style_name + ":1"},
      {{{{style, 0.5}}, "", 1}, own + " + " + style_name + ":0.5"},
      {{{{style, 0.5}}, "q8_0", 1}, own + " + " + style_name + ":0.5 q8_0"},
      {{{{style, 1}, {style + "/", -0.5}}, "", 1}, own + " + " + style_name + ":1 + " + style_name + ":-0.5"}};
  std::vector<std::string> prints;
  for (const auto& [weights, name] : all) {
    const io::ModelFile file(path, {}, weights);
    CHECK(file.name() == name);
    CHECK(file.identity().name == name);
    CHECK(file.identity().tokenizer == io::ModelFile(path).identity().tokenizer);
    for (const std::string& print : prints) CHECK(print != file.identity().fingerprint);
    prints.push_back(file.identity().fingerprint);
    CHECK(prints.back() == io::ModelFile(path, {}, weights).identity().fingerprint);
  }
  CHECK(prints[0] == io::ModelFile(path).identity().fingerprint);
  const io::ModelFile merged(path, {}, all[4].first), plain(path);
  CHECK(merged.source().tensors.layers[0].wq.type == DType::q8_0);
  CHECK(plain.source().tensors.layers[0].wq.type == DType::f32);
  // Another adapter under the same name.
  static_cast<void>(test::write_peft(adapter, numbers, 3));
  CHECK(io::ModelFile(path, {}, all[2].first).identity().fingerprint != prints[2]);
  CHECK(says(test::error_of([&] {
               static_cast<void>(io::ModelFile(path, {}, {{}, "q9", 1}));
             }),
             "--quantize is \"q9\", expected q8_0"));
}

TEST_CASE("each row of the embedding has a token") {
  const test::ScratchFolder scratch;
  const std::string folder = test::write_folder(scratch, opened_model(300));
  const io::ModelFile model(folder);
  CHECK(model.tokenizer()->size() == 300);
  CHECK(model.tokenizer()->piece(299) == "[PAD299]");
  for (const int id : model.tokenizer()->tokenizer().encode("[PAD299]", true)) CHECK(id < 278);
  CHECK(io::read_model_vocabulary(folder).tokens.size() == 278);
  const test::ScratchFolder small;
  CHECK(says(test::error_of([&] { static_cast<void>(io::ModelFile(test::write_folder(small, opened_model(277)))); }),
             "/tokenizer.json: has 278 tokens, expected at most 277, the vocab_size of config.json"));
}

TEST_CASE("the identity of a folder depends on weights, configuration, tokenizer and template, not on its name") {
  const ModelSource model = opened_model();
  const test::ScratchFolder first, second;
  const std::string path = test::write_folder(first, model);
  const ModelIdentity a = io::ModelFile(path).identity(),
                      b = io::ModelFile(test::write_folder(second, model)).identity();
  CHECK(a.fingerprint == b.fingerprint);
  CHECK(a.tokenizer == b.tokenizer);
  CHECK(a.name != b.name);
  CHECK(a.fingerprint.size() == 5 + 32);
  CHECK(a.sampled_fingerprint.empty());
  std::vector<std::string> prints = {a.fingerprint}, tokenizers = {a.tokenizer};
  const auto change = [&](const std::string& name, const std::string& contents) {
    first.write(name, contents);
    const ModelIdentity now = io::ModelFile(path).identity();
    for (const std::string& print : prints) CHECK(print != now.fingerprint);
    prints.push_back(now.fingerprint);
    tokenizers.push_back(now.tokenizer);
  };
  change("config.json", io::to_json(test::config_of(model.config), 1));
  CHECK(tokenizers[1] == a.tokenizer);
  change("generation_config.json", R"({"eos_token_id": [0]})");
  change("chat_template.jinja", "");
  change("tokenizer.json", io::to_json(test::byte_level_tokenizer(), 1));
  CHECK(tokenizers[4] != a.tokenizer);
  change("chat_template.jinja", "{{ x }}");
  CHECK(tokenizers[5] != tokenizers[4]);
  test::SafeTensorsWriter weights;
  weights.padding = 1;
  test::add_tensors(weights, model.tensors);
  change("model.safetensors", weights.bytes());
  first.write("README.md", "nothing that is read");
  CHECK(io::ModelFile(path).identity().fingerprint == prints.back());
}

TEST_CASE("tokens that end an answer come from three files, the chat template from one of two") {
  const test::ScratchFolder scratch;
  const std::string folder = test::write_folder(scratch, opened_model());
  scratch.write("generation_config.json", R"({"eos_token_id": [5, 6], "temperature": 0.7})");
  scratch.write("config.json", io::to_json(with(test::config_of(opened_model().config), "eos_token_id", Form(7))));
  io::Vocabulary v = io::read_model_vocabulary(folder);
  CHECK(v.eos == 277);
  CHECK(v.ends == std::vector<int>{5, 6, 7});
  const io::SubwordTokenizer tokenizer(v, "m");
  for (const int id : {5, 6, 7, 277}) CHECK(tokenizer.is_end(id));
  CHECK_FALSE(tokenizer.is_end(8));
  scratch.write("tokenizer_config.json", R"({"bos_token": {"content": "<|im_start|>"}, "eos_token": null,
    "chat_template": [{"name": "tool_use", "template": "T"}, {"name": "default", "template": "D"}]})");
  v = io::read_model_vocabulary(folder);
  CHECK(v.bos == 276);
  CHECK(v.add_bos == false);
  CHECK(v.eos == 5);
  CHECK(v.chat_template == "D");
  scratch.write("chat_template.jinja", "J");
  CHECK(io::read_model_vocabulary(folder).chat_template == "J");
  // Without a model: a folder of a tokenizer alone.
  for (const char* name : {"config.json", "model.safetensors", "generation_config.json"})
    std::filesystem::remove(scratch.path(name));
  CHECK(io::read_model_vocabulary(folder).ends.empty());
}

TEST_CASE("an error about a folder's chat template names the file that it lies in") {
  const test::ScratchFolder scratch;
  const std::string folder = test::write_folder(scratch, opened_model());
  const auto error = [&] {
    const io::ModelFile file(folder);
    return test::error_of([&] { static_cast<void>(file.tokenizer()->encode({{{Role::user, "hello"}}, ""})); });
  };
  CHECK(
      says(error(), folder + ": a template in chat_template.jinja or tokenizer_config.json is missing, use --stages"));
  scratch.write("tokenizer_config.json", R"({"chat_template": [{"name": "rag", "template": "T"}]})");
  CHECK(says(error(), folder + "/tokenizer_config.json: key chat_template: a template named default is missing, use "
                               "--stages"));
  CHECK_FALSE(io::ModelFile(folder, {"chatml", {}}).tokenizer()->encode({{{Role::user, "hello"}}, ""}).empty());
  scratch.write("tokenizer_config.json", R"({"chat_template": "{% import 'x' as y %}"})");
  CHECK(says(error(), folder + "/tokenizer_config.json: key chat_template, line 1: the tag {% import %} is not"));
  scratch.write("chat_template.jinja", "\n{{ message.role + 1 }}");
  CHECK(says(error(), folder + "/chat_template.jinja, line 2: the attribute role needs a value"));
}

TEST_CASE("what is wrong beside the weights is said in one sentence") {
  CHECK(says(open_error("generation_config.json", R"({"eos_token_id": 278})"),
             "/generation_config.json: key eos_token_id is 278, expected ids of tokens, 0 to 277"));
  CHECK(says(open_error("generation_config.json", R"({"eos_token_id": "x"})"),
             "key eos_token_id is a string, expected an integer"));
  CHECK(says(open_error("tokenizer_config.json", R"({"eos_token": "</s>"})"),
             "key eos_token is \"</s>\", expected a token of tokenizer.json"));
  CHECK(says(open_error("tokenizer.json", "{"), "/tokenizer.json:1: is not valid JSON"));
  CHECK(says(open_error("tokenizer.json", "{}"), "/tokenizer.json: key model is missing"));
  CHECK(says(open_error("config.json", "[]"), "/config.json is a list, expected an object"));
  const test::ScratchFolder scratch;
  const std::string folder = test::write_folder(scratch, opened_model());
  std::filesystem::remove(scratch.path("tokenizer.json"));
  const auto error = [](const std::string& path) {
    return test::error_of([&] { static_cast<void>(io::ModelFile(path)); });
  };
  CHECK(error(folder) == folder + ": has no tokenizer.json, expected the tokenizer in that form");
  scratch.write("tokenizer.model", "x");
  CHECK(says(error(folder), "has tokenizer.model but no tokenizer.json, expected the latter"));
  CHECK(says(error(scratch.path("nothing")), "cannot be opened"));
  CHECK(says(error("/dev/null"), "is a special file, expected a regular file"));
}

TEST_CASE("the files of a model are known, so that no output overwrites one") {
  const test::ScratchFolder scratch;
  const std::string folder = test::write_folder(scratch, opened_model());
  scratch.write("README.md", "x");
  CHECK(io::model_paths(folder) == std::vector<std::string>{folder + "/config.json", folder + "/model.safetensors",
                                                            folder + "/tokenizer.json",
                                                            folder + "/tokenizer_config.json"});
  CHECK(io::model_paths("m.gguf") == std::vector<std::string>{"m.gguf"});
}

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
