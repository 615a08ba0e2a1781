// Models from folders: what is read, what is refused, and that they compute what the same model from a GGUF file does.
#include "litestage/io/huggingface/folder_source.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "common/folder_writer.hpp"
#include "common/gguf_writer.hpp"
#include "common/io_scratch.hpp"
#include "common/quantise.hpp"
#include "common/tiny_model.hpp"
#include "litestage/backend/reference/reference_backend.hpp"
#include "litestage/core/quant_blocks.hpp"
#include "litestage/engine/session.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/gguf/model_source.hpp"

using namespace litestage;
using test::SafeTensorsWriter;
using test::says;
using test::with;

namespace {

ModelConfig folder_model_config(const std::string& architecture = "llama", DType type = DType::f32) {
  ModelConfig c = test::tiny_config(type);
  c.architecture = architecture;
  c.n_layers = 2;
  c.rope.pairing = RopePairing::halves;
  return c;
}

ModelSource folder_model(const std::string& architecture = "llama", DType type = DType::f32) {
  return test::tiny_model(folder_model_config(architecture, type),
                          {.seed = 5, .dtype = type, .biases = architecture == "qwen2"});
}

std::string source_error(const std::string& folder) {
  return test::error_of([&] { static_cast<void>(io::read_folder_source(folder)); });
}

// The message about a folder of which one file has other contents; nullopt takes it out.
std::string error_with_file(const std::string& name, const std::optional<std::string>& contents) {
  const test::ScratchFolder scratch;
  const std::string folder = test::write_folder(scratch, folder_model());
  if (contents)
    scratch.write(name, *contents);
  else
    std::filesystem::remove(scratch.path(name));
  std::string found = source_error(folder);
  const std::size_t at = found.find(folder);
  return at == std::string::npos ? found : found.replace(at, folder.size(), "DIR");
}

std::vector<double> logits_of(const ModelSource& source, const std::vector<int>& tokens) {
  ReferenceBackend backend(1);
  const Model<ReferenceBackend> model = load(backend, source);
  Session<ReferenceBackend> session(backend, model, {1, tokens.size(), KvType::f32});
  std::vector<double> all;
  for (const int token : tokens) {
    session.step(std::vector<StepRow>{{token, 0, session.skip_nothing(), true}});
    const auto logits = session.logits();
    all.insert(all.end(), logits.row(0), logits.row(0) + logits.extent(1));
  }
  return all;
}

bool same_numbers(const RawTensor& a, const RawTensor& b) {
  if (a.empty() || b.empty()) return a.empty() == b.empty();
  if (a.rows != b.rows || a.columns != b.columns) return false;
  std::vector<float> left(a.columns), right(a.columns);
  for (std::size_t r = 0; r < a.rows; ++r) {
    dequantize_row(a.type, a.row(r), left.data(), left.size());
    dequantize_row(b.type, b.row(r), right.data(), right.size());
    if (left != right) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("a model of every stored type comes back as it was written") {
  for (const DType type : {DType::f32, DType::f16, DType::bf16}) {
    for (const std::string architecture : {"llama", "qwen2"}) {
      const ModelSource wrote = folder_model(architecture, type);
      const test::ScratchFolder scratch;
      const io::FolderSource found = io::read_folder_source(test::write_folder(scratch, wrote));
      CHECK(found.paths.size() == 1);
      const ModelSource& read = found.model;
      CHECK(read.config.architecture == architecture);
      CHECK(read.tensors.embedding.type == type);
      const std::vector<const RawTensor*> a = all_tensors(read.tensors), b = all_tensors(wrote.tensors);
      REQUIRE(a.size() == b.size());
      for (std::size_t i = 0; i < a.size(); ++i) CHECK(same_numbers(*a[i], *b[i]));
    }
  }
}

TEST_CASE("norms and biases of 16 bits are converted, and so are weights of 8") {
  const ModelSource wrote = folder_model("qwen2");
  ModelTensors tensors = wrote.tensors;
  std::vector<std::vector<bf16>> norms;
  const auto shorten = [&](RawTensor& t) {
    std::vector<bf16>& out = norms.emplace_back();
    for (std::size_t i = 0; i < t.columns; ++i) {
      float value = 0;
      std::memcpy(&value, t.data + 4 * i, 4);
      out.push_back(to_bf16(value));
    }
    t.type = DType::bf16;
    t.data = reinterpret_cast<const std::byte*>(out.data());
  };
  norms.reserve(8);
  shorten(tensors.final_norm);
  shorten(tensors.layers[1].bq);
  SafeTensorsWriter writer;
  test::add_tensors(writer, tensors);
  const test::ScratchFolder scratch;
  const std::string folder = test::write_folder(scratch, wrote);
  scratch.write("model.safetensors", writer.bytes());
  const ModelSource read = io::read_folder_source(folder).model;
  CHECK(read.tensors.final_norm.type == DType::f32);
  CHECK(same_numbers(read.tensors.final_norm, tensors.final_norm));
  CHECK(same_numbers(read.tensors.layers[1].bq, tensors.layers[1].bq));
}

// All 256 codes, by the definition of E4M3: 2^(e - 7) * (1 + m / 8), or 2^-6 * m / 8 where e is 0.
TEST_CASE("F8_E4M3 becomes F16 without a change") {
  ModelConfig c = folder_model_config();
  c.vocab = 4;
  c.hidden = 64;
  const ModelSource wrote = test::tiny_model(c);
  std::string codes;
  for (int code = 0; code < 256; ++code) codes += static_cast<char>(code % 128 == 127 ? 0 : code);  // without NaN
  SafeTensorsWriter writer;
  writer.add("model.embed_tokens.weight", "F8_E4M3", {4, 64}, codes);
  ModelTensors rest = wrote.tensors;
  const test::ScratchFolder scratch;
  const std::string folder = test::write_folder(scratch, wrote);
  std::filesystem::remove(scratch.path("model.safetensors"));
  rest.embedding = {};
  SafeTensorsWriter others;
  test::add_tensors(others, rest);
  scratch.write("a.safetensors", writer.bytes());
  scratch.write("b.safetensors", others.bytes());
  scratch.write("model.safetensors.index.json",
                test::index_of({{"a.safetensors", &writer}, {"b.safetensors", &others}}));
  const ModelSource read = io::read_folder_source(folder).model;
  const RawTensor& embedding = read.tensors.embedding;
  REQUIRE(embedding.type == DType::f16);
  std::vector<double> row(64);
  for (std::size_t code = 0; code < 256; ++code) {
    dequantize_row(embedding.type, embedding.row(code / 64), row.data(), row.size());
    const int e = static_cast<int>(code / 8 % 16), m = static_cast<int>(code % 8);
    double expected = e == 0 ? std::ldexp(m / 8.0, -6) : std::ldexp(1 + m / 8.0, e - 7);
    if (code >= 128) expected = -expected;
    if (code % 128 == 127) expected = 0;
    CHECK(row[code % 64] == expected);
  }
}

TEST_CASE("shards are found by their index") {
  const ModelSource wrote = folder_model();
  const test::ScratchFolder scratch;
  const std::string folder = test::write_folder(scratch, wrote);
  std::filesystem::remove(scratch.path("model.safetensors"));
  SafeTensorsWriter first, second, third;
  first.add("model.embed_tokens.weight", wrote.tensors.embedding);
  ModelTensors rest = wrote.tensors;
  rest.embedding = {};
  test::add_tensors(second, rest);
  const auto write = [&](const std::string& index) {
    scratch.write("first.safetensors", first.bytes());
    scratch.write("second.safetensors", second.bytes());
    scratch.write("model.safetensors.index.json", index);
  };
  const std::string index = test::index_of({{"first.safetensors", &first}, {"second.safetensors", &second}});
  write(index);
  const io::FolderSource found = io::read_folder_source(folder);
  CHECK(found.paths == std::vector<std::string>{folder + "/model.safetensors.index.json", folder + "/first.safetensors",
                                                folder + "/second.safetensors"});
  CHECK(same_numbers(found.model.tensors.embedding, wrote.tensors.embedding));

  const auto error = [&] {
    std::string message = source_error(folder);
    for (std::size_t at = message.find(folder); at != std::string::npos; at = message.find(folder))
      message.replace(at, folder.size(), "DIR");
    return message;
  };
  std::string wrong = index;
  wrong.replace(wrong.find("first.safetensors"), 17, "../st.safetensors");
  write(wrong);
  CHECK(says(error(), "is in \"../st.safetensors\", expected the name of a .safetensors file in the folder"));
  wrong = index;
  wrong.replace(wrong.find("first.safetensors"), 17, "third.safetensors");
  write(wrong);
  CHECK(error() == "DIR/third.safetensors: is missing, expected the shard that model.safetensors.index.json names");
  third.add("model.embed_tokens.weight", wrote.tensors.embedding);
  scratch.write("third.safetensors", third.bytes());
  std::string more = index;
  more.insert(more.rfind("}}"), R"(,"extra":"third.safetensors")");
  write(more);
  CHECK(error() ==
        "DIR/third.safetensors: tensor \"model.embed_tokens.weight\" is in another shard too, expected it in one");
  wrong = index;
  wrong.replace(wrong.find("first.safetensors"), 17, "second.safetensor");
  wrong.insert(wrong.find("second.safetensor\"") + 17, "s");
  write(wrong);
  CHECK(says(error(), "tensor \"model.embed_tokens.weight\""));
  // A shard that ends before its tensors do.
  write(index);
  scratch.write("second.safetensors", second.bytes().substr(0, second.bytes().size() - 8));
  CHECK(says(error(), "DIR/second.safetensors: tensor "));
  CHECK(says(error(), "(is the file complete?)"));
}

TEST_CASE("a tied head is that of the embedding") {
  ModelConfig c = folder_model_config("qwen2");
  c.tied_head = true;
  const ModelSource tied = test::tiny_model(c, {.biases = true});
  const test::ScratchFolder scratch;
  const std::string folder = test::write_folder(scratch, tied);
  CHECK(io::read_folder_source(folder).model.tensors.head.empty());
  SafeTensorsWriter again;
  test::add_tensors(again, tied.tensors);
  again.add("lm_head.weight", tied.tensors.embedding);
  scratch.write("model.safetensors", again.bytes());
  CHECK(io::read_folder_source(folder).model.tensors.head.empty());
  SafeTensorsWriter other;
  test::add_tensors(other, tied.tensors);
  RawTensor head = tied.tensors.embedding;
  const std::vector<std::byte> zeros(head.bytes());
  head.data = zeros.data();
  other.add("lm_head.weight", head);
  scratch.write("model.safetensors", other.bytes());
  CHECK(says(source_error(folder), "tensor lm_head.weight differs from model.embed_tokens.weight"));
}

TEST_CASE("what is missing or too much is refused") {
  CHECK(error_with_file("config.json", std::nullopt) ==
        "DIR: has no config.json, expected config.json, tokenizer.json and model.safetensors in a model's folder");
  CHECK(says(error_with_file("model.safetensors", std::nullopt),
             "DIR: has neither model.safetensors nor model.safetensors.index.json"));
  CHECK(says(error_with_file("model.safetensors", "short"), "ends within the length of the header"));
  const test::ScratchFolder empty;
  CHECK(says(source_error(empty.path("")), "is an empty folder, expected config.json"));
  empty.write("adapter_config.json", "{}");
  CHECK(says(source_error(empty.path("")), "expected a whole model, not an adapter"));
  const auto with_tensors = [](const auto& change) {
    SafeTensorsWriter writer;
    const ModelSource model = folder_model();
    ModelTensors tensors = model.tensors;
    change(writer, tensors);
    test::add_tensors(writer, tensors);
    return error_with_file("model.safetensors", writer.bytes());
  };
  CHECK(with_tensors([](auto&, ModelTensors& t) { t.layers[1].wo = {}; }) ==
        "DIR: tensor model.layers.1.self_attn.o_proj.weight is missing");
  CHECK(with_tensors([](auto&, ModelTensors& t) { t.head = {}; }) == "DIR: tensor lm_head.weight is missing");
  CHECK(says(
      with_tensors([](auto& w, ModelTensors&) { w.add("model.layers.0.self_attn.o_proj.bias", "F32", {1}, "0123"); }),
      "tensor \"model.layers.0.self_attn.o_proj.bias\" is not supported in the architecture LlamaForCausalLM"));
  CHECK(says(with_tensors([](auto& w, ModelTensors&) { w.add("model.embed_tokens.weight_scale", "F32", {1}, "0123"); }),
             "is not supported"));
  CHECK(with_tensors([](auto& w, ModelTensors&) {
          w.add("model.layers.0.self_attn.rotary_emb.inv_freq", "F32", {1}, "0123");
        }) == "no error");
  CHECK(says(with_tensors([](auto&, ModelTensors& t) { t.layers[0].wq.rows -= 1; }),
             "(the query projection) is 63 x 64, expected 64 x 64"));
  CHECK(says(with_tensors([](auto&, ModelTensors& t) { t.layers[0].wq.rows = 1; }), "is 64, expected 2 dimensions"));
}

TEST_CASE(
    "a model of the family llama computes what its GGUF file computes, whose rows of Q and K are in another order") {
  const ModelSource halves = folder_model();
  const test::ScratchFolder scratch;
  const ModelSource folder = io::read_folder_source(test::write_folder(scratch, halves)).model;
  // Row 2j + s of a head in GGUF is row s * half + j of transformers.
  ModelSource gguf = halves;
  gguf.config.rope.pairing = RopePairing::interleaved;
  std::vector<std::vector<std::byte>> permuted;
  const auto permute = [&](RawTensor& t) {
    std::vector<std::byte> out(t.bytes());
    const std::size_t row = t.bytes() / t.rows, size = static_cast<std::size_t>(gguf.config.head_dim);
    for (std::size_t r = 0; r < t.rows; ++r) {
      const std::size_t in_head = r % size, from = r - in_head + in_head % 2 * (size / 2) + in_head / 2;
      std::memcpy(out.data() + r * row, t.data + from * row, row);
    }
    permuted.push_back(std::move(out));
    t.data = permuted.back().data();
  };
  for (LayerTensors& layer : gguf.tensors.layers) {
    permute(layer.wq);
    permute(layer.wk);
  }
  const test::Bytes bytes = test::gguf_of(gguf).bytes();
  const std::vector<int> tokens = {3, 1, 4, 1, 5, 92, 6, 53};
  const std::vector<double> expected = logits_of(io::read_model_source(io::Gguf(bytes, "m.gguf")), tokens);
  const std::vector<double> found = logits_of(folder, tokens);
  REQUIRE(found.size() == expected.size());
  double largest = 0;
  for (std::size_t i = 0; i < found.size(); ++i) largest = std::max(largest, std::fabs(found[i] - expected[i]));
  CHECK(largest < 1e-12);  // of the order of a sum's rounding: the products of a head are added in another order
  CHECK(*std::max_element(found.begin(), found.end()) > 0.1);
}
