// Models from GGUF files: what is read, what is refused, and the real files where they are.
#include "litestage/io/gguf/model_source.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "common/error_of.hpp"
#include "common/gguf_writer.hpp"
#include "common/io_scratch.hpp"
#include "common/llama2c_reader.hpp"
#include "common/tiny_model.hpp"
#include "litestage/io/gguf/read_vocabulary.hpp"

using namespace litestage;
using test::Bytes;
using test::GgufWriter;
using test::says;

namespace {

ModelConfig small_config(std::string architecture = "llama") {
  ModelConfig c = test::tiny_config();
  c.n_layers = 2;
  c.vocab = 31;
  c.architecture = std::move(architecture);
  c.rope.pairing = c.architecture == "llama" ? RopePairing::interleaved : RopePairing::halves;
  return c;
}

GgufWriter small_file(const std::string& architecture = "llama") {
  return test::gguf_of(test::tiny_model(small_config(architecture)));
}

std::string model_error(const GgufWriter& writer) {
  const Bytes bytes = writer.bytes();
  return test::error_of([&] { static_cast<void>(io::read_model_source(io::Gguf(bytes, "m.gguf"))); });
}

bool same(const RawTensor& a, const RawTensor& b) {
  return a.name == b.name && a.type == b.type && a.rows == b.rows && a.columns == b.columns &&
         (a.empty() || std::memcmp(a.data, b.data, a.bytes()) == 0);
}

void erase(GgufWriter& writer, const std::string& name) {
  std::erase_if(writer.tensors(), [&](const GgufWriter::Tensor& t) { return t.name == name; });
}

std::string environment(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

}  // namespace

TEST_CASE("a model of every type and architecture comes back as it was written") {
  for (const DTypeInfo& format : dtype_table) {
    for (const std::string architecture : {"llama", "qwen2"}) {
      ModelConfig c = test::tiny_config(format.type);
      c.architecture = architecture;
      c.rope.pairing = architecture == "llama" ? RopePairing::interleaved : RopePairing::halves;
      c.rope.base = 500000;
      c.norm_eps = 1e-6f;
      c.tied_head = architecture == "qwen2";
      const ModelSource wrote =
          test::tiny_model(c, {.seed = 3, .dtype = format.type, .biases = architecture == "qwen2"});
      const Bytes bytes = test::gguf_of(wrote).bytes();
      const ModelSource read = io::read_model_source(io::Gguf(bytes, "m.gguf"));
      CHECK(read.path == "m.gguf");
      CHECK(read.config.architecture == architecture);
      CHECK(read.config.n_layers == c.n_layers);
      CHECK(read.config.hidden == c.hidden);
      CHECK(read.config.ffn == c.ffn);
      CHECK(read.config.n_heads == c.n_heads);
      CHECK(read.config.n_kv_heads == c.n_kv_heads);
      CHECK(read.config.head_dim == c.head_dim);
      CHECK(read.config.vocab == c.vocab);
      CHECK(read.config.max_context == c.max_context);
      CHECK(read.config.norm_eps == c.norm_eps);
      CHECK(read.config.rope.pairing == c.rope.pairing);
      CHECK(read.config.rope.base == c.rope.base);
      CHECK(read.config.rope.rotary_dim == c.rope.rotary_dim);
      CHECK(read.config.tied_head == c.tied_head);
      CHECK(same(read.tensors.embedding, wrote.tensors.embedding));
      CHECK(same(read.tensors.final_norm, wrote.tensors.final_norm));
      CHECK(same(read.tensors.head, wrote.tensors.head));
      for (std::size_t l = 0; l < 4; ++l) {
        const LayerTensors &a = read.tensors.layers[l], &b = wrote.tensors.layers[l];
        for (const auto member :
             {&LayerTensors::attention_norm, &LayerTensors::wq, &LayerTensors::wk, &LayerTensors::wv, &LayerTensors::bq,
              &LayerTensors::bk, &LayerTensors::bv, &LayerTensors::wo, &LayerTensors::mlp_norm, &LayerTensors::w_gate,
              &LayerTensors::w_up, &LayerTensors::w_down}) {
          CHECK(same(a.*member, b.*member));
        }
      }
    }
  }
}

TEST_CASE("Llama 3's frequency factors are read") {
  std::vector<float> factors = {1, 1, 1, 2, 4, 8, 8, 8};
  RawTensor t{"rope_freqs.weight", DType::f32, 1, 8, reinterpret_cast<const std::byte*>(factors.data())};
  const Bytes bytes = small_file().add(t).bytes();
  CHECK(io::read_model_source(io::Gguf(bytes, "m")).config.rope.factors == factors);
  t.columns = 4;
  CHECK(says(model_error(small_file().add(t)), "number of RoPE factors is 4, expected 0 or 8"));
  factors[2] = 0;
  t.columns = 8;
  CHECK(says(model_error(small_file().add(t)), "RoPE factor is 0"));
}

TEST_CASE("keys that ask for what we do not do are refused, in their neutral form accepted") {
  const auto with = [](const std::string& key, const auto& value) { return model_error(small_file().add(key, value)); };
  CHECK(with("llama.rope.scaling.type", "none") == "no error");
  CHECK(with("llama.rope.scaling.type", "linear") == "no error");
  CHECK(with("llama.rope.scaling.type", "yarn") == "no error");
  CHECK(with("llama.rope.scaling.type", "dynamic") ==
        "m.gguf: key llama.rope.scaling.type is \"dynamic\", expected \"none\", \"linear\", \"yarn\", or tensors "
        "rope_factors_short and rope_factors_long");
  CHECK(says(with("llama.rope.scaling.type", "longrope"),
             "is \"longrope\", expected \"none\", \"linear\", \"yarn\", or"));
  CHECK(with("llama.rope.scaling.original_context_length", 4096u) == "no error");
  CHECK(with("llama.rope.scaling.finetuned", true) == "no error");
  CHECK(says(with("llama.rope.scaling.factor", -1.0f), "llama.rope.scaling.factor is -1, expected 0 to 1e6"));
  CHECK(says(with("llama.rope.scaling.attn_factor", 0.0f), "RoPE magnitude is 0, expected above 0"));
  CHECK(with("llama.rope.scaling.yarn_beta_fast", 32.0f) == "no error");
  CHECK(says(with("llama.rope.scaling.yarn_beta_fast", 16.0f), "yarn_beta_fast is 16, expected 32"));
  CHECK(says(with("llama.rope.scaling.yarn_log_multiplier", 0.1f), "is not supported"));
  CHECK(with("llama.expert_count", 0u) == "no error");
  CHECK(says(with("llama.expert_count", 8u), "llama.expert_count is 8, expected 0"));
  CHECK(with("llama.attention.sliding_window", 4096u) == "no error");
  CHECK(says(with("llama.attention.sliding_window", -1), "sliding_window is -1, expected 1 to"));
  CHECK(says(with("llama.logit_scale", 0.25f), "expected 1"));
  CHECK(says(with("llama.residual_scale", 0.22f), "expected 1"));
  CHECK(says(with("llama.embedding_scale", 12.0f), "expected 1"));
  CHECK(with("llama.attention.causal", true) == "no error");
  CHECK(says(with("llama.attention.causal", false), "is not supported"));
  CHECK(says(with("llama.use_parallel_residual", true), "is not supported"));
  CHECK(says(with("llama.some_new_thing", true), "key \"llama.some_new_thing\" is not supported"));
  CHECK(with("qwen2.some_new_thing", true) == "no error");  // of another architecture
  CHECK(with("llama.vocab_size", 31u) == "no error");
  CHECK(says(with("llama.vocab_size", 32u), "llama.vocab_size is 32, expected the 31 rows"));
  CHECK(with("tokenizer.ggml.tokens", std::vector<std::string>(31, "t")) == "no error");
  CHECK(says(with("tokenizer.ggml.tokens", std::vector<std::string>(32, "t")), "has 32 tokens, expected the 31 rows"));
  CHECK(says(with("split.count", std::uint16_t{2}), "one of 2 parts of a split model"));
  CHECK(says(with("general.type", "adapter"), "general.type is \"adapter\""));
}

TEST_CASE("RoPE is scaled as the keys say") {
  const auto rope = [](const char* type, const std::vector<std::pair<std::string, float>>& numbers) {
    GgufWriter writer = small_file();
    if (*type != 0) writer.add("llama.rope.scaling.type", type);
    for (const auto& [key, value] : numbers) writer.add("llama.rope." + key, value);
    const Bytes bytes = writer.bytes();
    return io::read_model_source(io::Gguf(bytes, "m.gguf")).config.rope;
  };
  const std::vector<float> twice(8, 2.0f);
  for (const char* key : {"scaling.factor", "scale_linear"}) {
    CAPTURE(key);
    CHECK(rope("", {{key, 0}}).factors.empty());  // no factor
    CHECK(rope("", {{key, 1}}).factors.empty());
    CHECK(rope("", {{key, 2}}).factors == twice);
    CHECK(rope("linear", {{key, 2}}).factors == twice);
    CHECK(rope("none", {{key, 2}}).factors.empty());  // never scaled
    CHECK(rope("yarn", {{key, 2}}).factors.size() == 8);
    CHECK(rope("yarn", {{key, 2}}).magnitude == static_cast<float>(0.1 * std::log(2.0) + 1));
  }
  CHECK(rope("", {{"scaling.factor", 2}, {"scale_linear", 3}}).factors == twice);
  CHECK(rope("none", {{"scaling.attn_factor", 1.5f}}).magnitude == 1.5f);
  const std::string no_context = model_error(
      small_file().add("llama.rope.scaling.type", "yarn").add("llama.rope.scaling.original_context_length", 0u));
  CHECK(says(no_context, "original_context_length is 0, expected 1 to"));
  CHECK(rope("", {}).magnitude == 1);
}

TEST_CASE("sizes are checked before they are used") {
  const auto keys = [](std::uint32_t layers, std::uint32_t hidden, std::uint32_t heads) {
    GgufWriter w;
    w.add("general.architecture", "llama").add("llama.block_count", layers).add("llama.embedding_length", hidden);
    w.add("llama.feed_forward_length", 96u).add("llama.attention.head_count", heads);
    w.add("llama.context_length", 256u).add("llama.attention.layer_norm_rms_epsilon", 1e-5f);
    return w;
  };
  CHECK(says(model_error(GgufWriter().add("general.architecture", "gpt2")),
             "general.architecture is \"gpt2\", expected \"llama\", \"qwen2\", \"qwen3\", \"smollm3\", \"gemma3\" or "
             "\"phi3\""));
  CHECK(says(model_error(GgufWriter()), "general.architecture is missing"));
  CHECK(says(model_error(keys(0, 64, 4)), "llama.block_count is 0, expected 1 to"));
  CHECK(says(model_error(keys(2, 64, 0)), "llama.attention.head_count is 0"));
  CHECK(says(model_error(keys(2, 64, 5)), "expected a divisor of the hidden size 64"));
  CHECK(says(model_error(keys(2, 64, 4)), "token_embd.weight is missing"));
  CHECK(says(model_error(keys(2, 64, 4).add("llama.attention.key_length", 32u)), "are 32 and 16, expected equal"));
  GgufWriter many = keys(4000000000u, 64, 4);
  CHECK(says(model_error(many), "llama.block_count is 4000000000"));
  many = keys(2000000000u, 64, 4);
  test::TinyModelBuilder builder({});
  const GgufWriter layers = many.add(builder.tensor("token_embd.weight", DType::f32, 31, 64, 0, 1))
                                .add(builder.norm("output_norm.weight", 64));
  CHECK(says(model_error(layers), "number of layers is 2e+09, expected 1 to 1024"));
}

TEST_CASE("a number given for every layer is accepted where all are equal") {
  const auto with_kv = [](const std::vector<std::int32_t>& list) {
    GgufWriter w;
    w.add("general.architecture", "qwen2").add("qwen2.block_count", 2u).add("qwen2.embedding_length", 64u);
    w.add("qwen2.feed_forward_length", 96u).add("qwen2.attention.head_count", 4u).add("qwen2.context_length", 256u);
    w.add("qwen2.attention.layer_norm_rms_epsilon", 1e-5f).add("qwen2.attention.head_count_kv", list);
    const ModelSource tensors = test::tiny_model(small_config("qwen2"));
    w.tensors() = test::gguf_of(tensors).tensors();
    return model_error(w);
  };
  CHECK(with_kv({2, 2}) == "no error");
  CHECK(says(with_kv({2, 4}), "head_count_kv differs between layers (2 and 4)"));
  CHECK(says(with_kv({}), "head_count_kv is an empty array"));
  CHECK(says(with_kv({-2, -2}), "head_count_kv is -2"));
}

TEST_CASE("tensors that are missing, left over, misshapen or of an odd type are named") {
  for (const char* name : {"token_embd.weight", "output_norm.weight", "blk.1.attn_q.weight", "blk.0.ffn_norm.weight"}) {
    GgufWriter w = small_file();
    erase(w, name);
    CHECK(says(model_error(w), concat("tensor ", name, " is missing")));
  }
  GgufWriter tied = small_file();
  erase(tied, "output.weight");
  CHECK(model_error(tied) == "no error");
  for (const char* name : {"blk.0.attn_output.bias", "blk.0.attn_qkv.bias", "blk.1.ffn_gate_inp.weight",
                           "blk.0.attn_q_norm.weight", "blk.2.attn_q.weight", "extra"}) {
    CHECK(model_error(small_file().add({name, {8}, 0, Bytes(32), {}})) ==
          concat("m.gguf: tensor \"", name, "\" is not supported in the architecture llama"));
  }
  GgufWriter short_bias = small_file();
  short_bias.add({"blk.0.attn_q.bias", {8}, 0, Bytes(32), {}});
  CHECK(says(model_error(short_bias), "blk.0.attn_q.bias (the query bias) is 1 x 8, expected 1 x 64"));
  GgufWriter half_norm = small_file();
  erase(half_norm, "output_norm.weight");
  half_norm.add({"output_norm.weight", {64}, 1, Bytes(128), {}});
  CHECK(says(model_error(half_norm), "output_norm.weight is F16, expected F32"));
}

TEST_CASE("a vocabulary is read from its keys") {
  GgufWriter w;
  w.add("tokenizer.ggml.model", "llama").add("tokenizer.ggml.tokens", std::vector<std::string>{"<unk>", "a", "b"});
  w.add("tokenizer.ggml.scores", std::vector<float>{0, -1, -2.5f});
  w.add("tokenizer.ggml.token_type", std::vector<std::int32_t>{2, 1, 1});
  w.add("tokenizer.ggml.bos_token_id", 1u).add("tokenizer.ggml.add_bos_token", false);
  const Bytes bytes = w.bytes();
  const io::Vocabulary v = io::read_vocabulary(io::Gguf(bytes, "m"));
  CHECK(v.tokens == std::vector<std::string>{"<unk>", "a", "b"});
  CHECK(v.scores == std::vector<float>{0, -1, -2.5f});
  CHECK(v.types == std::vector<int>{2, 1, 1});
  CHECK(v.bos == 1);
  CHECK(v.eos == -1);
  CHECK(v.add_bos == false);
  CHECK(!v.add_space_prefix);
  CHECK_FALSE(v.specials_strip_right);
  const std::pair<const char*, bool> names[] = {
      {"Phi3", true}, {"PHI-3 Mini", true}, {"my-phi-3.5", true}, {"Phi 3 Mini", false}, {"Phi4", false}};
  for (const auto& [name, strips] : names) {
    const Bytes named = GgufWriter(w).add("general.name", name).bytes();
    CHECK(io::read_vocabulary(io::Gguf(named, "m")).specials_strip_right == strips);
  }
}

namespace {

// A SentencePiece vocabulary, with a token for every byte or without, and what read_vocabulary says of it.
GgufWriter pieces(bool bytes) {
  GgufWriter w;
  std::vector<std::string> tokens{"<unk>", "<s>", "</s>", "a"};
  for (int b = 0; b < 256 && bytes; ++b) {
    const char* digits = "0123456789ABCDEF";
    tokens.push_back(std::string("<0x") + digits[b / 16] + digits[b % 16] + ">");
  }
  w.add("tokenizer.ggml.model", "llama").add("tokenizer.ggml.tokens", tokens);
  return w.add("tokenizer.ggml.scores", std::vector<float>(tokens.size(), -1.0f));
}
std::string vocabulary_error(const GgufWriter& w) {
  const Bytes bytes = w.bytes();
  return test::error_of([&] { static_cast<void>(io::read_vocabulary(io::Gguf(bytes, "m"))); });
}

}  // namespace

TEST_CASE("what a file says of tokens that nothing reads does not make it unusable") {
  const auto with = [](const std::string& name, const auto& value) {
    return vocabulary_error(pieces(true).add("tokenizer.ggml." + name, value));
  };
  for (const char* unread : {"padding_token_id", "seperator_token_id", "mask_token_id"}) {
    CAPTURE(unread);
    CHECK(with(unread, std::int32_t{-1}) == "no error");
    CHECK(with(unread, ~std::uint32_t{0}) == "no error");
    CHECK(with(unread, std::uint32_t{260}) == "no error");  // one behind the last
    CHECK(with(unread, std::uint32_t{1'000'000}) == "no error");
  }
  CHECK(with("add_eos_token", 1u) == "no error");  // no BOOL
  GgufWriter w;                                    // byte-level BPE has no use for scores
  w.add("tokenizer.ggml.model", "gpt2").add("tokenizer.ggml.tokens", std::vector<std::string>{"a", "b", "ab"});
  w.add("tokenizer.ggml.merges", std::vector<std::string>{"a b"}).add("tokenizer.ggml.pre", "llama3");
  CHECK(vocabulary_error(w.add("tokenizer.ggml.scores", std::vector<float>{0})) == "no error");
}

TEST_CASE("an id of -1 is none, and is refused where the tokenizer needs the token") {
  const auto with = [](GgufWriter w, const std::string& name, const auto& value) {
    return vocabulary_error(w.add("tokenizer.ggml." + name, value));
  };
  for (const bool bytes : {false, true}) {
    for (const char* name : {"eos_token_id", "eot_token_id"}) {
      CHECK(with(pieces(bytes), name, std::int32_t{-1}) == "no error");
      CHECK(with(pieces(bytes), name, ~std::uint32_t{0}) == "no error");
      CHECK(says(with(pieces(bytes), name, std::uint32_t{260}), "is 260, expected 0 to"));
      CHECK(says(with(pieces(bytes), name, std::int32_t{-2}), "is -2, expected 0 to"));
    }
    CHECK((with(pieces(bytes), "unknown_token_id", std::int32_t{-1}) == "no error") == bytes);
  }
  CHECK(
      with(pieces(false), "unknown_token_id", ~std::uint32_t{0}) ==
      "m: key tokenizer.ggml.unknown_token_id says that there is no such token, but it stands for the bytes that have "
      "no token of their own, expected its id");
  CHECK(with(pieces(true), "bos_token_id", std::int32_t{-1}) ==
        "m: key tokenizer.ggml.bos_token_id says that there is no such token, but prompts begin with it, expected its "
        "id");
  const auto bos = [](bool adds) {
    return vocabulary_error(
        pieces(true).add("tokenizer.ggml.add_bos_token", adds).add("tokenizer.ggml.bos_token_id", ~std::uint32_t{0}));
  };
  CHECK(bos(false) == "no error");
  CHECK(bos(true) != "no error");
}

TEST_CASE("the real models have the shapes that are known of them") {
  struct Known {
    const char* file;
    int n_layers, hidden, n_heads, n_kv_heads, ffn, vocab;
    RopePairing pairing;
    DType down, embedding;
  };
  const Known known[] = {
      {"smollm2-135m", 30, 576, 9, 3, 1536, 49152, RopePairing::interleaved, DType::q4_1, DType::q8_0},
      {"qwen2.5-coder-0.5b", 24, 896, 14, 2, 4864, 151936, RopePairing::halves, DType::q6_k, DType::q5_0},
      {"qwen2.5-coder-1.5b", 28, 1536, 12, 2, 8960, 151936, RopePairing::halves, DType::q6_k, DType::q4_k},
  };
  const std::string folder = environment("LITESTAGE_MODELS", environment("HOME", "") + "/.cache/litestage");
  for (const Known& k : known) {
    const std::string path = concat(folder, "/", k.file, ".gguf");
    if (!std::filesystem::exists(path)) {
      MESSAGE("skipped: there is no " << path);
      continue;
    }
    const io::Gguf file(path);
    const ModelSource model = io::read_model_source(file);
    CHECK(model.config.n_layers == k.n_layers);
    CHECK(model.config.hidden == k.hidden);
    CHECK(model.config.n_heads == k.n_heads);
    CHECK(model.config.n_kv_heads == k.n_kv_heads);
    CHECK(model.config.ffn == k.ffn);
    CHECK(model.config.vocab == k.vocab);
    CHECK(model.config.rope.pairing == k.pairing);
    CHECK(model.tensors.layers[0].bq.empty() == (k.pairing == RopePairing::interleaved));
    CHECK(model.tensors.layers[0].w_down.type == k.down);
    CHECK(model.tensors.embedding.type == k.embedding);
    CHECK(io::read_vocabulary(file).tokens.size() == static_cast<std::size_t>(k.vocab));
  }
}

TEST_CASE("the reader of llama2.c's checkpoints finds a model and its tokens") {
  const std::string folder = environment("LITESTAGE_DATA", "") + "/stories260K";
  if (!std::filesystem::exists(folder + "/stories260K.bin")) {
    MESSAGE("skipped: there is no " << folder << "/stories260K.bin (LITESTAGE_DATA)");
    return;
  }
  const ModelSource model = test::read_llama2c(folder + "/stories260K.bin");
  CHECK(model.config.n_layers == 5);
  CHECK(model.config.vocab == 512);
  CHECK(model.config.tied_head);
  // Norms are near one where they are read from the right place.
  std::vector<float> norm(model.tensors.final_norm.columns);
  dequantize_row(DType::f32, model.tensors.final_norm.data, norm.data(), norm.size());
  for (float w : norm) CHECK((w > 0.1f && w < 20));
  const std::vector<std::string> tokens = test::read_llama2c_tokens(folder + "/tok512.bin");
  REQUIRE(tokens.size() == 512);
  CHECK(tokens[3 + 'A'] == "A");
  CHECK(tokens[259] == " t");
  CHECK(tokens[260] == "he");
}
