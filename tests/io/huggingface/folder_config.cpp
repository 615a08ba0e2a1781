#include "litestage/io/huggingface/folder_config.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "common/folder_writer.hpp"
#include "common/tiny_model.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/huggingface/families/known_families.hpp"
#include "litestage/model/source/rope_scaling.hpp"

using namespace litestage;
using test::says;
using test::with;

namespace {

Form base_config(const std::string& architecture = "llama") {
  ModelConfig c = test::tiny_config();
  c.architecture = architecture;
  return test::config_of(c);
}

ModelConfig read_config(const Form& form) {
  return io::read_folder_config(form, "c.json").model;
}

std::string config_error(const Form& form) {
  return test::error_of([&] { static_cast<void>(read_config(form)); });
}
std::string config_error(const std::string& key, const char* value, const std::string& architecture = "llama") {
  return config_error(with(base_config(architecture), key, io::parse_json(value, "test")));
}

// A configuration of 30 layers and 64 heads with the keys that every file has, and no others.
Form shortest_config(const io::FolderFamily& family) {
  Form form;
  form.add("architectures", Form::List{Form(std::string(family.model_class))})
      .add("hidden_size", 256)
      .add("intermediate_size", 96)
      .add("num_hidden_layers", 30)
      .add("num_attention_heads", 64)
      .add("max_position_embeddings", 8192)
      .add("vocab_size", 97);
  return form;
}

}  // namespace

TEST_CASE("the shape of a model is read") {
  const ModelConfig c = read_config(base_config());
  CHECK(c.architecture == "llama");
  CHECK(c.n_layers == 4);
  CHECK(c.hidden == 64);
  CHECK(c.ffn == 96);
  CHECK(c.n_heads == 4);
  CHECK(c.n_kv_heads == 2);
  CHECK(c.head_dim == 16);
  CHECK(c.vocab == 97);
  CHECK(c.max_context == 256);
  CHECK(c.norm_eps == doctest::Approx(1e-5));
  CHECK(c.rope.pairing == RopePairing::halves);
  CHECK(c.rope.base == 10000);
  CHECK(c.rope.rotary_dim == 16);
  CHECK(c.rope.factors.empty());
  CHECK_FALSE(c.tied_head);
}

TEST_CASE("a missing key means what it means in its family") {
  for (const char* key :
       {"num_key_value_heads", "head_dim", "rms_norm_eps", "rope_theta", "tie_word_embeddings", "model_type"}) {
    CHECK(config_error(with(base_config(), key, std::nullopt)) == "no error");
  }
  CHECK(read_config(with(base_config(), "num_key_value_heads", std::nullopt)).n_kv_heads == 4);
  CHECK(read_config(with(base_config(), "rms_norm_eps", std::nullopt)).norm_eps == doctest::Approx(1e-6));
  CHECK(read_config(with(base_config(), "rope_theta", std::nullopt)).rope.base == 10000);
  CHECK(read_config(with(base_config(), "head_dim", Form())).head_dim == 16);
  CHECK(read_config(with(base_config("qwen2"), "num_key_value_heads", Form())).n_kv_heads ==
        4);  // null: as many as heads
  // Missing, there are 32 in Qwen2 and 8 in Mistral, more than this model has heads.
  CHECK(
      says(config_error(with(base_config("qwen2"), "num_key_value_heads", std::nullopt)), "number of K/V heads is 32"));
  Form mistral =
      with(with(base_config(), "architectures", Form::List{Form("MistralForCausalLM")}), "model_type", Form("mistral"));
  mistral = with(mistral, "sliding_window", Form());
  CHECK(config_error(mistral) == "no error");
  CHECK(says(config_error(with(mistral, "num_key_value_heads", std::nullopt)), "number of K/V heads is 8"));
  for (const char* key : {"hidden_size", "vocab_size", "max_position_embeddings", "num_hidden_layers"}) {
    CHECK(config_error(with(base_config(), key, std::nullopt)) == concat("c.json: key ", key, " is missing"));
  }
}

// The constructors of transformers (models/*/configuration_*.py) have these values.
TEST_CASE("what every missing key means in every family") {
  const struct {
    const io::FolderFamily& family;
    int kv_heads, head_dim;
    double norm_eps;
    bool tied_head;
    double base, local_base;
    int window;
  } table[] = {
      {io::llama_folder, 64, 4, 1e-6, false, 1e4, 1e4, 0}, {io::mistral_folder, 8, 4, 1e-6, false, 1e4, 1e4, 4096},
      {io::qwen2_folder, 32, 4, 1e-6, false, 1e4, 1e4, 0}, {io::qwen3_folder, 32, 128, 1e-6, false, 1e4, 1e4, 0},
      {io::smollm3_folder, 4, 4, 1e-6, true, 2e6, 1e4, 0}, {io::gemma3_folder, 4, 256, 1e-6, true, 1e6, 1e4, 4096},
      {io::phi3_folder, 64, 4, 1e-5, false, 1e4, 1e4, 0},
  };
  CHECK(std::size(table) == io::folder_families.size());
  for (const auto& expected : table) {
    CAPTURE(expected.family.model_class);
    const ModelConfig c = read_config(shortest_config(expected.family));
    CHECK(c.n_kv_heads == expected.kv_heads);
    CHECK(c.head_dim == expected.head_dim);
    CHECK(c.norm_eps == static_cast<float>(expected.norm_eps));
    CHECK(c.tied_head == expected.tied_head);
    CHECK(c.rope.base == expected.base);
    CHECK(c.local_rope.base == expected.local_base);
    CHECK(c.window == expected.window);
  }
  for (const io::FolderFamily* family : {&io::qwen2_folder, &io::qwen3_folder}) {
    const ModelConfig c = read_config(with(shortest_config(*family), "use_sliding_window", Form(true)));
    for (int l = 0; l < 30; ++l) CHECK(c.kinds().window_of(l) == (l < 28 ? 0 : 4096));
  }
}

TEST_CASE("Qwen2 has biases of Q, K and V whatever the file says, and no others") {
  for (const char* value : {"true", "false"}) CHECK(config_error("attention_bias", value, "qwen2") == "no error");
  CHECK(config_error("mlp_bias", "false", "qwen2") == "no error");
  CHECK(config_error("mlp_bias", "true", "qwen2") == "c.json: key mlp_bias is true, expected false");
}

TEST_CASE("an error about a key gives the true reason") {
  const Form sliding(Form::List(30, Form("sliding_attention"))), full(Form::List(30, Form("full_attention")));
  const auto error = [](const io::FolderFamily& family, const char* key, const std::optional<Form>& value,
                        const Form& types) {
    return config_error(with(with(shortest_config(family), "layer_types", types), key, value));
  };
  CHECK(error(io::llama_folder, "sliding_window", Form(5), sliding) ==
        "c.json: key layer_types has \"sliding_attention\", expected full_attention in every layer of this family");
  CHECK(error(io::mistral_folder, "sliding_window", Form(5), full) ==
        "c.json: key layer_types has \"full_attention\", expected sliding_attention in every layer, as sliding_window "
        "says");
  CHECK(error(io::mistral_folder, "sliding_window", std::nullopt, full) ==
        "c.json: key layer_types has \"full_attention\", expected sliding_attention in every layer where "
        "sliding_window is missing");
  CHECK(error(io::phi3_folder, "sliding_window", Form(), sliding) ==
        "c.json: key layer_types has \"sliding_attention\", expected full_attention in every layer, as sliding_window "
        "says");
  const std::string null_window = "c.json: key sliding_window is null, expected a number where layers have a window";
  CHECK(config_error(with(shortest_config(io::gemma3_folder), "sliding_window", Form())) == null_window);
  CHECK(error(io::qwen3_folder, "sliding_window", Form(), sliding) == null_window);
  CHECK(error(io::qwen3_folder, "sliding_window", Form(5), sliding) ==
        "c.json: key layer_types gives windows to layers, expected full_attention in all where sliding_window is "
        "missing or use_sliding_window is not true");

  const Form scaling = io::parse_json(R"({"type": "longrope", "short_factor": [1, 1], "long_factor": [1, 1],
    "original_max_position_embeddings": 16})",
                                      "test");
  const Form phi3 = with(shortest_config(io::phi3_folder), "rope_scaling", scaling);
  CHECK(config_error(phi3) ==
        "c.json: key rope_scaling.original_max_position_embeddings is 16, expected 4096, the "
        "default of the key that is missing beside the scaling");
  CHECK(config_error(with(phi3, "original_max_position_embeddings", Form(32))) ==
        "c.json: key rope_scaling.original_max_position_embeddings is 16, expected 32 as beside it");
  CHECK(config_error(with(phi3, "original_max_position_embeddings", Form(16))) == "no error");

  const Form nameless = with(base_config(), "architectures", std::nullopt);
  CHECK(config_error(with(nameless, "model_type", Form("mixtral"))) ==
        "c.json: key model_type is \"mixtral\", expected one of llama, mistral, qwen2, qwen3, smollm3, gemma3_text, "
        "phi3");
  CHECK(says(config_error(with(nameless, "model_type", std::nullopt)),
             "c.json: key architectures is missing, expected one of LlamaForCausalLM, "));
}

TEST_CASE("what changes results and is not supported is refused by name, and so is what is not known") {
  CHECK(says(config_error("architectures", R"(["GemmaForCausalLM"])"),
             "is \"GemmaForCausalLM\", expected one of LlamaForCausalLM"));
  CHECK(says(config_error("architectures", R"(["A", "B"])"), "has 2 classes, expected 1"));
  CHECK(says(config_error("model_type", R"("qwen2")"), "expected llama with the class LlamaForCausalLM"));
  CHECK(says(config_error(with(base_config(), "architectures", std::nullopt)), "no error"));
  CHECK(config_error("quantization_config", R"({"bits": 4})") == "c.json: key quantization_config is not supported");
  CHECK(config_error("quantization_config", "null") == "no error");
  CHECK(config_error("num_local_experts", "8") == "c.json: key num_local_experts is not supported");
  CHECK(config_error("auto_map", "{}") == "c.json: key auto_map is not supported");
  CHECK(config_error("torch_dtype", R"("bfloat16")") == "no error");
  CHECK(config_error("attention_bias", "true") == "c.json: key attention_bias is true, expected false");
  CHECK(config_error("mlp_bias", "true") == "c.json: key mlp_bias is true, expected false");
  CHECK(config_error("rope_interleaved", "true") == "c.json: key rope_interleaved is true, expected false");
  CHECK(says(config_error("hidden_act", R"("gelu")"), "hidden_act is \"gelu\", expected silu or gelu_pytorch_tanh"));
  CHECK(says(config_error("partial_rotary_factor", "0.5"), "partial_rotary_factor is not 1"));
  CHECK(says(config_error("num_attention_heads", "0"), "is 0, expected 1 to"));
  CHECK(says(config_error("head_dim", "2147483647"), "head size is 2.14748e+09, expected 2 to 1024"));
  CHECK(says(config_error("hidden_size", R"("64")"), "hidden_size is a string, expected an integer"));
  const auto types = [](const char* last) {
    return concat(R"(["full_attention", "full_attention", "full_attention", ")", last, "\"]");
  };
  CHECK(config_error("layer_types", types("full_attention").c_str()) == "no error");
  CHECK(config_error("layer_types", types("sliding_attention").c_str()) ==
        "c.json: key layer_types has \"sliding_attention\", expected full_attention in every layer of this family");
  CHECK(config_error("use_sliding_window", "true") == "c.json: key use_sliding_window is true, expected false");
  CHECK(says(config_error(Form(Form::List{})), "c.json is a list, expected an object"));
}

TEST_CASE("RoPE of transformers 4 and 5") {
  const auto rope = [](const std::string& key, const char* value) {
    return read_config(with(with(base_config(), "rope_theta", std::nullopt), key, io::parse_json(value, "test"))).rope;
  };
  CHECK(rope("rope_theta", "500000").base == 500000);
  CHECK(rope("rope_parameters", R"({"rope_theta": 1000000.0, "rope_type": "default"})").base == 1e6);
  CHECK(rope("rope_scaling", R"({"type": "linear", "factor": 2.0})").factors == std::vector<float>(8, 2.0f));
  CHECK(rope("rope_scaling", R"({"rope_type": "linear", "type": "linear", "factor": 1.0})").factors.empty());
  CHECK(says(config_error("rope_parameters", R"({"rope_theta": 5.0})"),
             "rope_theta is 5, expected 10000 as rope_theta beside it"));
  CHECK(says(config_error("rope_scaling", R"({"type": "dynamic", "factor": 4.0})"),
             "rope_type is \"dynamic\", expected default, linear, llama3 or yarn"));
  CHECK(says(config_error("rope_scaling", R"({"type": "linear"})"), "rope_scaling.factor is missing"));
  CHECK(says(config_error("rope_scaling", R"({"type": "linear", "factor": 0})"), "rope_scaling.factor is 0, expected"));
  CHECK(says(config_error("rope_scaling", R"({"type": "linear", "factor": 2, "mscale": 1})"),
             "rope_scaling.mscale is not supported"));
  CHECK(says(config_error("rope_scaling", R"({"type": "linear", "rope_type": "llama3"})"),
             "expected \"llama3\" as rope_type"));
  CHECK(says(config_error(with(with(base_config(), "rope_scaling", io::parse_json("{}", "t")), "rope_parameters",
                               io::parse_json("{}", "t"))),
             "expected one of them"));
}

// The formula of transformers (modeling_rope_utils.py) for heads of 16 and a base of 10000.
TEST_CASE("the factors of Llama 3") {
  const char* scaling = R"({"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64})";
  const ModelConfig c = read_config(with(base_config(), "rope_scaling", io::parse_json(scaling, "test")));
  REQUIRE(c.rope.factors.size() == 8);
  const double wavelengths[] = {1, std::pow(10000, 0.125), std::pow(10000, 0.25)};
  CHECK(c.rope.factors[0] == 1);  // 6.3 positions, below 64 / 4
  // 19.87 positions: between 16 and 64, so interpolated.
  const double share = (64 / (2 * 3.14159265358979 * wavelengths[1]) - 1) / 3;
  CHECK(c.rope.factors[1] == doctest::Approx(1 / ((1 - share) / 8 + share)).epsilon(1e-6));
  CHECK(c.rope.factors[1] == doctest::Approx(1.293975834596038).epsilon(1e-6));
  const double second = (64 / (2 * 3.14159265358979 * wavelengths[2]) - 1) / 3;
  CHECK(c.rope.factors[2] == doctest::Approx(1 / ((1 - second) / 8 + second)).epsilon(1e-6));
  for (std::size_t i = 3; i < 8; ++i) CHECK(c.rope.factors[i] == 8);
  // What the configuration says beside the scaling counts more than what it says inside.
  const ModelConfig outer = read_config(with(with(base_config(), "rope_scaling", io::parse_json(scaling, "test")),
                                             "original_max_position_embeddings", Form(16)));
  CHECK(outer.rope.factors[1] == 8);
  CHECK(says(config_error("rope_scaling",
                          R"({"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 4.0, "high_freq_factor": 4.0})"),
             "c.json: high frequency factor of the RoPE scaling is 4, expected above 4, the low one, and below 1e6"));
  CHECK(says(config_error("rope_scaling", R"({"rope_type": "llama3", "factor": 0, "low_freq_factor": 1.0,
    "high_freq_factor": 4.0})"),
             "c.json: factor of the RoPE scaling is 0, expected above 0 and below 1e6"));
  CHECK(config_error("rope_scaling", R"({"rope_type": "llama3", "factor": 8.0, "high_freq_factor": 4.0})") ==
        "c.json: key rope_scaling.low_freq_factor is missing");
}

// The same formula for YaRN; rope_scaling.cpp tests its factors.
TEST_CASE("the keys of YaRN") {
  const auto rope = [](const char* scaling) {
    return read_config(with(base_config(), "rope_scaling", io::parse_json(scaling, "test"))).rope;
  };
  const RopeConfig usual = rope(R"({"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64})");
  YarnScaling scaling;
  scaling.factor = 4;
  scaling.original_context = 64;
  const auto scaled = [&] {
    RopeConfig out = read_config(base_config()).rope;
    scale_yarn(out, scaling);
    return out;
  };
  CHECK(usual == scaled());
  CHECK(usual.magnitude == doctest::Approx(0.1 * std::log(4.0) + 1));
  // Without a factor it is the context over the original one, 256 / 64; a beta of 0 is that of a missing key.
  CHECK(rope(R"({"rope_type": "yarn", "factor": null, "beta_fast": 0, "original_max_position_embeddings": 64})") ==
        usual);
  scaling.original_context = 256;  // that of a missing key
  CHECK(rope(R"({"type": "yarn", "factor": 4.0})") == scaled());
  scaling = {.factor = 4, .original_context = 64, .beta_fast = 16, .beta_slow = 2, .truncate = false};
  scaling.magnitude = 1.5;
  CHECK(rope(R"({"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64, "beta_fast": 16,
    "beta_slow": 2, "truncate": false, "attention_factor": 1.5})") == scaled());
  scaling.magnitude.reset();
  scaling.mscale = 2;
  scaling.mscale_all_dim = 0.5;
  CHECK(rope(R"({"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64, "beta_fast": 16,
    "beta_slow": 2, "truncate": false, "mscale": 2, "mscale_all_dim": 0.5})") == scaled());
  CHECK(says(config_error("rope_scaling", R"({"type": "yarn", "factor": 4.0, "beta_fast": 1})"),
             "c.json: fast beta of the RoPE scaling is 1, expected above 1, the slow one"));
  CHECK(says(config_error("rope_scaling", R"({"type": "yarn", "factor": 4.0, "short_factor": [1]})"),
             "rope_scaling.short_factor is not supported"));
}
