// Adapters in both forms, valid and broken ones.
#include "litestage/io/adapters/read_lora_adapter.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "common/adapter_writer.hpp"
#include "common/error_of.hpp"
#include "common/folder_writer.hpp"
#include "common/gguf_writer.hpp"
#include "common/io_scratch.hpp"
#include "common/tiny_model.hpp"
#include "litestage/io/adapters/gguf_adapter.hpp"
#include "litestage/io/adapters/peft_adapter.hpp"

using namespace litestage;
using test::LoraNumbers;
using test::says;

namespace {

LoraNumbers q_numbers(const std::string& module = "model.layers.0.self_attn.q_proj",
                      const std::string& tensor = "blk.0.attn_q") {
  test::Random random(1);
  return test::lora_numbers(random, module, tensor, 6, 5, 2);
}

// The message about a file of tensors.
std::string tensors_error(const std::function<void(test::SafeTensorsWriter&)>& change,
                          const std::vector<LoraNumbers>& numbers = {q_numbers()}) {
  test::SafeTensorsWriter writer = test::peft_tensors(numbers);
  change(writer);
  const std::string text = writer.bytes();
  return test::error_of([&] {
    const io::SafeTensors file(std::as_bytes(std::span<const char>(text)), "t");
    static_cast<void>(io::read_peft_pairs(file, io::read_peft_config(test::peft_config(2, 4), "c.json")));
  });
}

std::string gguf_error(const test::GgufWriter& writer) {
  const test::Bytes bytes = writer.bytes();
  return test::error_of([&] { static_cast<void>(io::read_gguf_adapter(io::Gguf(bytes, "a.gguf"), {"a.gguf", 1})); });
}

test::GgufWriter gguf_with(const std::string& type, const std::string& adapter_type) {
  test::GgufWriter out;
  if (!type.empty()) out.add("general.type", type);
  if (!adapter_type.empty()) out.add("adapter.type", adapter_type);
  return out.add("general.architecture", "llama");
}

std::string folder_error(const test::ScratchFolder& folder) {
  const std::string& path = folder.path();
  std::string found = test::error_of([&] { static_cast<void>(io::read_lora_adapter({path, 1})); });
  const std::size_t at = found.find(path);
  return at == std::string::npos ? found : found.replace(at, path.size(), "DIR");
}

}  // namespace

TEST_CASE("a folder and a file are read with their scales, and known by their bytes") {
  const std::vector<LoraNumbers> numbers = {q_numbers()};
  const test::ScratchFolder first, second;
  const std::string path = test::write_peft(first, numbers, 4);
  const io::LoraAdapter a = io::read_lora_adapter({path, 0.5});
  CHECK(a.choice.scale == 0.5);
  CHECK(a.architecture.empty());
  REQUIRE(a.pairs.size() == 1);
  CHECK(a.pairs[0].scale == 2);
  CHECK(a.pairs[0].place == io::MatrixPlace{io::MatrixRole::q, 0});
  CHECK(a.pairs[0].outputs.rows() == 6);
  CHECK(a.pairs[0].inputs.columns() == 5);
  CHECK(io::lora_paths(path) ==
        std::vector<std::string>{path + "/adapter_config.json", path + "/adapter_model.safetensors"});
  CHECK(io::read_lora_adapter({test::write_peft(second, numbers, 4), 1}).fingerprint == a.fingerprint);
  CHECK(io::read_lora_adapter({test::write_peft(second, numbers, 5), 1}).fingerprint != a.fingerprint);
  CHECK(io::read_lora_adapter({test::write_peft(second, {q_numbers("lm_head")}, 4), 1}).fingerprint != a.fingerprint);

  const std::string file = second.write("a.gguf", test::as_text(test::gguf_adapter(numbers, "llama", 3, 2).bytes()));
  const io::LoraAdapter b = io::read_lora_adapter({file, 1});
  CHECK(b.architecture == "llama");
  CHECK(b.pairing == RopePairing::interleaved);
  CHECK(b.pairs.at(0).scale == 1.5);
  CHECK(b.fingerprint.size() == 5 + 32);
  CHECK(io::lora_paths(file) == std::vector<std::string>{file});
  const std::string plain = second.write("b.gguf", test::as_text(test::gguf_adapter(numbers, "qwen2", 0, 0).bytes()));
  CHECK(io::read_lora_adapter({plain, 1}).pairing == RopePairing::halves);
  CHECK(io::read_lora_adapter({plain, 1}).pairs.at(0).scale == 1);  // alpha 0: no alpha
}

TEST_CASE("the factors of an embedding are stored the other way round") {
  const LoraNumbers numbers = q_numbers("model.embed_tokens", "token_embd");
  const test::ScratchFolder folder;
  const io::LoraAdapter a = io::read_lora_adapter({test::write_peft(folder, {numbers}, 4), 1});
  const test::Bytes bytes = test::gguf_adapter({numbers}, "llama", 4, 0).bytes();
  const io::LoraAdapter b = io::read_gguf_adapter(io::Gguf(bytes, "a.gguf"), {"a.gguf", 1});
  for (const io::LoraAdapter* adapter : {&a, &b}) {
    const io::LoraPair& pair = adapter->pairs.at(0);
    CHECK(pair.place.role == io::MatrixRole::embedding);
    CHECK(pair.inputs.rows() == 2);
    CHECK(pair.inputs.columns() == 5);
    CHECK(pair.outputs.rows() == 6);
    CHECK(pair.outputs.columns() == 2);
    CHECK(pair.scale == 2);
  }
}

TEST_CASE("files that are missing are named") {
  const test::ScratchFolder folder;
  CHECK(folder_error(folder) ==
        "DIR: has no adapter_config.json, expected adapter_config.json and "
        "adapter_model.safetensors in the folder of an adapter");
  static_cast<void>(test::write_peft(folder, {q_numbers()}, 4));
  std::filesystem::remove(folder.path("adapter_model.safetensors"));
  CHECK(says(folder_error(folder), "DIR: has no adapter_model.safetensors, expected"));
  folder.write("adapter_model.bin", "x");
  CHECK(says(folder_error(folder), "DIR: has no adapter_model.safetensors (but adapter_model.bin), expected"));
  folder.write("adapter_model.safetensors", "x");
  CHECK(says(folder_error(folder), "DIR/adapter_model.safetensors: ends within"));
  folder.write("adapter_config.json", "{");
  CHECK(says(folder_error(folder), "DIR/adapter_config.json:1: is not valid JSON"));
  const std::string none = folder.path("none.gguf");
  CHECK(says(test::error_of([&] { static_cast<void>(io::read_lora_adapter({none, 1})); }), "cannot be opened"));
}

TEST_CASE("tensors of a folder that are no pairs of matrices are refused") {
  const std::string stem = "base_model.model.model.layers.0.self_attn.k_proj", four(16, '\0');
  const auto added = [&](const std::string& name, const char* type = "F32") {
    return tensors_error([&](test::SafeTensorsWriter& w) { w.add(name, type, {2, 2}, four); });
  };
  CHECK(added(stem + ".lora_A.weight") ==
        "t: tensor \"" + stem + ".lora_A.weight\" has no lora_B.weight beside it, expected both");
  CHECK(says(added(stem + ".lora_B.weight"), "has no lora_A.weight beside it, expected both"));
  for (const std::string& name :
       {stem + ".lora_magnitude_vector", stem + ".lora_B.bias", std::string("base_model.model.lm_head.weight"),
        stem + ".lora_embedding_A", std::string("base_model.model.model.embed_tokens.lora_A.weight"),
        std::string("base_model.model..lora_A.weight"), std::string("model.layers.0.mlp.up_proj.lora_A.weight")}) {
    const std::string error = added(name);
    CHECK_MESSAGE(says(error, "t: tensor \"" + name + "\" is "), error);
  }
  CHECK(says(added("base_model.model.model.layers.0.mlp.router.lora_A.weight"),
             "is for a module that no model here has, expected names such as model.layers.0.self_attn.q_proj"));
  CHECK(says(tensors_error([&](test::SafeTensorsWriter& w) {
               w.add(stem + ".lora_A.weight", "I32", {2, 2}, four).add(stem + ".lora_B.weight", "F32", {2, 2}, four);
             }),
             "lora_A.weight is I32, expected F32, F16 or BF16"));
  CHECK(says(tensors_error([&](test::SafeTensorsWriter& w) {
               w.add(stem + ".lora_A.weight", "F32", {2, 2}, four).add(stem + ".lora_B.weight", "F32", {4}, four);
             }),
             "lora_B.weight is 4, expected two dimensions above 0"));
  CHECK(says(tensors_error([&](test::SafeTensorsWriter& w) {
               w.add(stem + ".lora_A.weight", "F32", {2, 2}, four).add(stem + ".lora_B.weight", "F32", {4, 1}, four);
             }),
             "lora_B.weight (4 x 1) have the ranks 2 and 1, expected equal ones"));
  CHECK(says(tensors_error([](test::SafeTensorsWriter& w) { w = {}; }), "t: has no tensors, expected those of"));
  LoraNumbers broken = q_numbers();
  broken.b[3] = std::numeric_limits<float>::infinity();
  CHECK(says(tensors_error([](auto&) {}, {broken}), "lora_B.weight (F32): found inf in row 1, column 1"));
  test::Random random(2);
  CHECK(says(tensors_error([](auto&) {}, {test::lora_numbers(random, "lm_head", "output", 6, 5, 3)}),
             "c.json: the rank of \"lm_head\" is 2, expected 3, the rank of its tensors"));
}

TEST_CASE("the model's own matrix beside a pair is passed over if it has the shape of the pair") {
  const LoraNumbers embedding = q_numbers("model.embed_tokens", "token_embd"), head = q_numbers("lm_head", "output");
  const test::ScratchFolder folder;
  CHECK(test::peft_tensors({embedding, head}).bytes().find("lm_head.base_layer.weight") != std::string::npos);
  CHECK(io::read_lora_adapter({test::write_peft(folder, {embedding, head}, 4), 1}).pairs.size() == 2);
  const std::string stem = "base_model.model.model.layers.0.self_attn.", numbers(5 * 6 * 4, '\0');
  const auto added = [&](const std::string& name, std::size_t rows, std::size_t columns) {
    return tensors_error([&](test::SafeTensorsWriter& w) { w.add(name, "F32", {rows, columns}, numbers); });
  };
  CHECK(added(stem + "q_proj.base_layer.weight", 6, 5) == "no error");
  CHECK(added(stem + "q_proj.base_layer.weight", 5, 6) ==
        "t: tensor " + stem + "q_proj.base_layer.weight is 5 x 6, expected 6 x 5, the shape for which " + stem +
            "q_proj.lora_A.weight and " + stem + "q_proj.lora_B.weight are");
  CHECK(says(added(stem + "k_proj.base_layer.weight", 6, 5), "k_proj.base_layer.weight\" is not supported, expected"));
}

TEST_CASE("a file of an adapter's folder is not the adapter, and slashes behind the folder do not count") {
  const test::ScratchFolder folder;
  const std::string path = test::write_peft(folder, {q_numbers()}, 4);
  for (const std::string file : {"/adapter_config.json", "/adapter_model.safetensors"}) {
    CHECK(test::error_of([&] {
            static_cast<void>(io::read_lora_adapter({path + file, 1}));
          }) == path + file + ": is a file of an adapter's folder, expected the folder that has it, or a GGUF file");
  }
  CHECK(io::lora_paths(path + "//") == io::lora_paths(path));
  CHECK(io::read_lora_adapter({path + "//", 0.5}).choice.path == path);
}

TEST_CASE("GGUF files that are no LoRA adapters, or have what cannot be merged, are refused") {
  CHECK(gguf_error(gguf_with("", "lora")) == "a.gguf: key general.type is missing");
  CHECK(gguf_error(gguf_with("model", "lora")) == "a.gguf: key general.type is \"model\", expected \"adapter\"");
  CHECK(gguf_error(gguf_with("adapter", "")) == "a.gguf: key adapter.type is missing");
  CHECK(gguf_error(gguf_with("adapter", "dora")) == "a.gguf: key adapter.type is \"dora\", expected \"lora\"");
  CHECK(gguf_error(gguf_with("adapter", "lora")) == "a.gguf: key adapter.lora.alpha is missing");
  CHECK(gguf_error(gguf_with("adapter", "lora").add("adapter.lora.alpha", 1.0f)) ==
        "a.gguf: has no tensors, expected those of an adapter");
  CHECK(says(gguf_error(test::gguf_adapter({q_numbers()}, "mamba", 1, 0)), "general.architecture is \"mamba\""));
  CHECK(gguf_error(test::gguf_adapter({q_numbers()}, "llama", 1, 0)
                       .add("adapter.alora.invocation_tokens", std::vector<std::uint32_t>{1})) ==
        "a.gguf: key \"adapter.alora.invocation_tokens\" is not supported");
  const auto with_text = [](const std::string& key, const std::string& text) {
    return gguf_error(test::gguf_adapter({q_numbers()}, "llama", 1, 0).add("adapter.lora." + key, text));
  };
  CHECK(with_text("task_name", "poems") == "no error");
  CHECK(with_text("prompt_prefix", "") == "no error");
  CHECK(with_text("prompt_prefix", "Sing: ") ==
        "a.gguf: key adapter.lora.prompt_prefix is \"Sing: \", expected an empty text: programs would have to put it "
        "before every prompt, which none here does");
  CHECK(with_text("weight", "1") == "a.gguf: key \"adapter.lora.weight\" is not supported");
  CHECK(says(gguf_error(test::gguf_adapter({q_numbers("", "blk.0.ssm_in")}, "llama", 1, 0)),
             "tensor \"blk.0.ssm_in.weight.lora_a\" is for a matrix that no model of the architecture llama has"));
  CHECK(says(gguf_error(test::gguf_adapter({q_numbers()}, "llama", std::numeric_limits<float>::infinity(), 0)),
             "the scale of blk.0.attn_q.weight.lora_a is inf, expected a finite number"));
  const test::GgufWriter whole = test::gguf_adapter({q_numbers()}, "llama", 1, 0);
  for (const std::size_t missing : {0u, 1u}) {
    test::GgufWriter half = whole;
    half.tensors().erase(half.tensors().begin() + static_cast<std::ptrdiff_t>(missing));
    CHECK(says(gguf_error(half), missing == 0 ? "has no lora_a beside it" : "has no lora_b beside it"));
  }
  test::GgufWriter norm = whole;
  norm.tensors()[0].name = "blk.0.attn_norm.weight";
  CHECK(says(gguf_error(norm), "tensor \"blk.0.attn_norm.weight\" is not supported, expected names that end in"));
  test::GgufWriter ranks = whole;
  ranks.tensors()[1].dims = {3, 4};
  CHECK(says(gguf_error(ranks), "blk.0.attn_q.weight.lora_b (4 x 3) have the ranks 2 and 3, expected equal ones"));
}
