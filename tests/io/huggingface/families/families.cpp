// Every family, from its folder to its logits: against a second implementation written in plain loops
// (common/naive_model.hpp), and against the GGUF file of the same weights. 64 positions, which are more than the
// windows; config.json in the forms of transformers 4 and 5.
// Optimised: yes
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/error_of.hpp"
#include "common/naive_file.hpp"
#include "common/naive_folder.hpp"
#include "common/naive_logits.hpp"
#include "litestage/io/gguf/model_source.hpp"
#include "litestage/io/huggingface/families/known_families.hpp"
#include "litestage/io/huggingface/folder_config.hpp"
#include "litestage/io/huggingface/folder_source.hpp"

using namespace litestage;
using namespace litestage::test;

namespace folder_families_test {

struct Case {
  std::string name;
  NaiveShape shape;
  bool in_gguf = true;     // a GGUF file can say the same
  bool same_order = true;  // and has the rows of Q and K in the same order
};

constexpr int n_positions = 64;

NaiveShape shape_of(const std::string& family, int variant) {
  NaiveShape s;
  s.family = family;
  s.session = n_positions;
  if (variant == 1) s.heads = 6, s.kv_heads = 3, s.head_dim = s.rotary_dim = 4, s.hidden = 20, s.ffn = 30, s.base = 5e5;
  if (variant == 2) s.heads = 3, s.kv_heads = 1, s.head_dim = s.rotary_dim = 12, s.tied = true, s.eps = 1e-6;
  if (variant == 3) s.kv_heads = 4, s.head_dim = s.rotary_dim = 6, s.hidden = 18, s.layers = 8, s.vocab = 31;
  return s;
}

template <class Vary>
void add(std::vector<Case>& all, const std::string& family, const Vary& vary) {
  for (int i = 0; i < 4; ++i) {
    Case c{concat(family, " ", i), shape_of(family, i)};
    c.same_order = family != "llama" && family != "smollm3";
    vary(c, c.shape, i);
    all.push_back(std::move(c));
  }
}

// A part of the layers, in no simple pattern.
std::vector<bool> some_layers(const NaiveShape& s, int period) {
  std::vector<bool> layers;
  for (int l = 0; l < s.layers; ++l) layers.push_back(l % period == 1 || l == 4);
  return layers;
}

std::vector<Case> cases() {
  std::vector<Case> all;
  add(all, "llama", [](Case&, NaiveShape& s, int i) {
    s.window = i == 0 ? 0 : i == 3 ? 1 : 5 * i;  // a window makes Mistral of it
    s.scaling = i == 0 ? "llama3" : i == 1 ? "linear" : i == 2 ? "yarn" : "none";
    s.factor = 4;
    s.original_context = i == 0 || i == 2 ? 16 : 0;
  });
  add(all, "qwen2", [](Case& c, NaiveShape& s, int i) {
    s.biases = true;
    s.scaling = i == 1 ? "yarn" : "none";
    s.factor = 3;
    s.original_context = i == 1 ? 32 : 0;
    c.in_gguf = i < 2;
    if (!c.in_gguf) s.window = 3 * i, s.windows = some_layers(s, i);
  });
  add(all, "qwen3", [](Case& c, NaiveShape& s, int i) {
    s.scaling = i == 2 ? "yarn" : "none";
    s.factor = 4;
    s.original_context = i == 2 ? 16 : 0;
    c.in_gguf = i != 1;
    if (!c.in_gguf) s.window = 7, s.windows = some_layers(s, 2);
  });
  add(all, "smollm3", [](Case& c, NaiveShape& s, int i) {
    s.scaling = i == 1 ? "linear" : "none";
    s.factor = 2.5;
    c.in_gguf = i < 2;
    if (i == 2) s.ropeless = some_layers(s, 3);
    if (i == 3) s.window = 9, s.windows = s.ropeless = some_layers(s, 2);
  });
  add(all, "gemma3", [](Case& c, NaiveShape& s, int i) {
    s.layers = 7 + i;
    s.window = i == 3 ? 1 : 4 + i;
    s.local_base = i == 0 ? 1e4 : 50;
    s.scaling = i == 1 ? "linear" : "none";
    s.factor = 8;
    s.softcap = i == 2 ? 1.5 : 0;
    c.in_gguf = i < 3;
    if (i == 3) s.windows = some_layers(s, 2), s.query_scalar = 10;
  });
  add(all, "phi3", [](Case&, NaiveShape& s, int i) {
    s.rotary_dim = i == 1 ? 2 : i == 2 ? 8 : s.head_dim;
    s.window = i == 0 ? 0 : 3 + i;
    s.scaling = i == 3 ? "none" : "longrope";
    s.original_context = i == 2 ? n_positions : i == 3 ? 0 : 20;  // the session has as many positions
    s.context = i == 2 ? 256 : 64;
    const double ratio = i == 3 ? 1 : static_cast<double>(s.context) / s.original_context;
    s.attention_factor = std::sqrt(1 + std::log(ratio) / std::log(std::max(s.original_context, 2)));
  });
  return all;
}

std::vector<std::vector<double>> reference_logits(const ModelSource& source, const NaiveShape& s,
                                                  const std::vector<int>& tokens, std::size_t chunk) {
  ReferenceBackend backend;
  const auto model = load(backend, source);
  const Sequence plain = under(Decisions(static_cast<std::size_t>(source.config.n_sublayers())), tokens);
  return logits_of(backend, model, plain, in_chunks({plain}, chunk), s.session);
}

ModelConfig config_of(const Form& form) {
  return io::read_folder_config(form, "c.json").model;
}

std::string error_of(const Form& form) {
  return test::error_of([&] { static_cast<void>(config_of(form)); });
}

Form json(const char* text) {
  return io::parse_json(text, "test");
}

// A configuration of the family with six layers.
Form config(const std::string& family, int window = 0) {
  NaiveShape s = shape_of(family, 0);
  s.window = window;
  return naive_config(NaiveModel(s, 1), 4);
}

std::vector<bool> windowed(const ModelConfig& c) {
  std::vector<bool> layers;
  for (int l = 0; l < c.n_layers; ++l) layers.push_back(c.kinds().window_of(l) != 0);
  return layers;
}

std::vector<bool> ropeless(const ModelConfig& c) {
  std::vector<bool> layers;
  for (int l = 0; l < c.n_layers; ++l) layers.push_back(c.rope_of(l) == nullptr);
  return layers;
}

}  // namespace folder_families_test

namespace families_here = folder_families_test;

TEST_CASE("folders of families: the logits are those of a second implementation and of the GGUF file") {
  std::uint64_t seed = 700;
  for (const families_here::Case& c : families_here::cases()) {
    CAPTURE(c.name);
    const NaiveShape& shape = c.shape;
    const NaiveModel naive(shape, ++seed);
    const std::vector<int> tokens = tokens_for(shape, families_here::n_positions, seed);
    const ScratchFolder scratch;
    const std::string folder = write_naive_folder(scratch, naive, naive_config(naive, 4));
    const ModelSource source = io::read_folder_source(folder).model;
    const auto found = families_here::reference_logits(source, shape, tokens, 64);
    CHECK(largest_difference(found, naive.logits(tokens)) < allowed_of_reference);
    CHECK(families_here::reference_logits(source, shape, tokens, 9) == found);
    write_naive_folder(scratch, naive, naive_config(naive, 5));
    CHECK(families_here::reference_logits(io::read_folder_source(folder).model, shape, tokens, 64) == found);
    if (!c.in_gguf) continue;
    const Bytes bytes = naive_gguf(naive).bytes();
    const ModelSource gguf = io::read_model_source(io::Gguf(bytes, "m.gguf"));
    const auto expected = families_here::reference_logits(gguf, shape, tokens, 64);
    if (c.same_order) CHECK(found == expected);
    CHECK(largest_difference(found, expected) < 1e-9);  // a head's products are added in another order
  }
}

TEST_CASE("folders of families: cpu agrees with the second implementation in every instruction set") {
  std::uint64_t seed = 800;
  for (const families_here::Case& c : families_here::cases()) {
    CAPTURE(c.name);
    const NaiveShape& shape = c.shape;
    const NaiveModel naive(shape, ++seed);
    const std::vector<int> tokens = tokens_for(shape, 24, seed);
    const ScratchFolder scratch;
    const ModelSource source = io::read_folder_source(write_naive_folder(scratch, naive, naive_config(naive, 5))).model;
    const auto expected = naive.logits(tokens);
    const Sequence plain = under(Decisions(static_cast<std::size_t>(source.config.n_sublayers())), tokens);
    with_backends([&](const auto& make, const std::string& backend_name) {
      CAPTURE(backend_name);
      auto backend = make(1, true);
      const auto model = load(backend, source);
      const auto found = logits_of(backend, model, plain, in_chunks({plain}, 11), shape.session);
      CHECK(largest_difference(found, expected) < allowed_of_cpu);
    });
  }
}

TEST_CASE("folders of families: which layers have a window") {
  using Layers = std::vector<bool>;
  using families_here::config;
  using families_here::config_of;
  using families_here::json;
  using families_here::windowed;
  const Layers none(6, false), all(6, true);
  Form mistral = config("llama", 5);
  CHECK(windowed(config_of(mistral)) == all);
  CHECK(config_of(mistral).window == 5);
  CHECK(config_of(with(mistral, "sliding_window", std::nullopt)).window == 4096);
  CHECK(config_of(with(mistral, "sliding_window", Form())).window == 0);
  CHECK(windowed(config_of(with(config("llama"), "sliding_window", Form(5)))) == none);  // Llama does not read the key

  for (const char* family : {"qwen2", "qwen3"}) {
    const Form off = with(config(family, 5), "max_window_layers", Form(4));
    const Form on = with(off, "use_sliding_window", Form(true));
    CHECK(windowed(config_of(off)) == none);
    CHECK(windowed(config_of(on)) == Layers{false, false, false, false, true, true});
    CHECK(config_of(on).window == 5);
    CHECK(windowed(config_of(with(on, "max_window_layers", Form(0)))) == all);
    CHECK(windowed(config_of(with(on, "max_window_layers", std::nullopt))) == none);  // from layer 28 on
    CHECK(windowed(config_of(with(on, "sliding_window", Form()))) == none);
    CHECK(config_of(with(on, "sliding_window", std::nullopt)).window == 4096);
    const Form types = json(R"(["full_attention", "sliding_attention", "full_attention", "full_attention",
      "sliding_attention", "full_attention"])");
    CHECK(windowed(config_of(with(on, "layer_types", types))) == Layers{false, true, false, false, true, false});
    CHECK(says(families_here::error_of(with(off, "layer_types", types)),
               "c.json: key layer_types gives windows to layers, expected full_attention in all where"));
  }

  const Form phi3 = config("phi3", 5);
  CHECK(windowed(config_of(phi3)) == all);
  CHECK(windowed(config_of(with(phi3, "sliding_window", std::nullopt))) == none);

  const Form gemma3 = config("gemma3", 5);
  CHECK(windowed(config_of(gemma3)) == Layers{true, true, true, true, true, false});
  CHECK(config_of(with(gemma3, "sliding_window", std::nullopt)).window == 4096);
  const ModelConfig by_pattern = config_of(with(gemma3, "sliding_window_pattern", Form(2)));
  CHECK(windowed(by_pattern) == Layers{true, false, true, false, true, false});
  for (int l = 0; l < 6; ++l) CHECK(by_pattern.rope_of(l) == (l % 2 == 0 ? &by_pattern.local_rope : &by_pattern.rope));
  CHECK(says(families_here::error_of(with(gemma3, "sliding_window", Form())), "sliding_window is null"));
}

TEST_CASE("folders of families: which layers of SmolLM3 have no RoPE, and which of these a window") {
  using Layers = std::vector<bool>;
  using families_here::config_of;
  using families_here::json;
  const Form smollm3 = families_here::config("smollm3");
  CHECK(families_here::ropeless(config_of(smollm3)) == Layers{false, false, false, true, false, false});
  CHECK(families_here::ropeless(config_of(with(smollm3, "no_rope_layer_interval", Form(2)))) ==
        Layers{false, true, false, true, false, true});
  const Form list = with(smollm3, "no_rope_layers", json("[0, 1, 1, 0, 1, 1, 0, 0]"));  // 1: with RoPE
  CHECK(families_here::ropeless(config_of(list)) == Layers{true, false, false, true, false, false});
  const Form with_window = with(with(list, "sliding_window", Form(7)), "use_sliding_window", Form(true));
  CHECK(families_here::windowed(config_of(with_window)) == Layers{true, false, false, true, false, false});
  CHECK(config_of(with_window).window == 7);
  CHECK(families_here::windowed(config_of(with(with_window, "use_sliding_window", Form(false)))) == Layers(6, false));
  CHECK(config_of(with(smollm3, "rope_theta", std::nullopt)).rope.base == 2e6);
  CHECK(families_here::error_of(with(smollm3, "no_rope_layers", json("[1, 0]"))) ==
        "c.json: key no_rope_layers has 2 layers, expected at least 6");
  CHECK(families_here::error_of(with(smollm3, "no_rope_layers", json("[1, 0, 2, 1, 1, 1]"))) ==
        "c.json: key no_rope_layers has 2, expected 0 or 1");
}

TEST_CASE("folders of families: keys of Gemma 3") {
  using families_here::config_of;
  const Form gemma3 = families_here::config("gemma3", 5);
  const ModelConfig c = config_of(gemma3);
  CHECK(c.architecture == "gemma3");
  CHECK(c.activation == Activation::gelu_tanh);
  CHECK(c.embedding_multiplier == std::sqrt(24.0f));
  CHECK(c.attention_scale == 0);  // by the size of a head, 8
  CHECK(config_of(with(gemma3, "query_pre_attn_scalar", Form(10))).attention_scale == 1 / std::sqrt(10.0f));
  CHECK(config_of(with(gemma3, "query_pre_attn_scalar", std::nullopt)).attention_scale == 1 / std::sqrt(256.0f));
  CHECK(config_of(with(gemma3, "final_logit_softcapping", Form(30.0))).logit_softcap == 30);
  CHECK(config_of(with(gemma3, "head_dim", std::nullopt)).head_dim == 256);
  CHECK(config_of(with(gemma3, "tie_word_embeddings", std::nullopt)).tied_head);
  CHECK(config_of(with(with(gemma3, "rope_theta", std::nullopt), "rope_local_base_freq", std::nullopt)).rope.base ==
        1e6);
  CHECK(config_of(with(gemma3, "rope_local_base_freq", Form(7.0))).local_rope.base == 7);
  CHECK(config_of(with(gemma3, "hidden_activation", std::nullopt)).activation == Activation::gelu_tanh);
  const auto error = [&](const char* key, const char* value) {
    return families_here::error_of(with(gemma3, key, families_here::json(value)));
  };
  CHECK(error("query_pre_attn_scalar", "0") ==
        "c.json: key query_pre_attn_scalar is 0, expected above 0 and below 1e6");
  CHECK(says(error("final_logit_softcapping", "-1"), "is -1, expected above 0"));
  CHECK(error("attn_logit_softcapping", "50") == "c.json: key attn_logit_softcapping is not supported");
  CHECK(error("attn_logit_softcapping", "null") == "no error");
  CHECK(error("use_bidirectional_attention", "true") ==
        "c.json: key use_bidirectional_attention is true, expected false");
  CHECK(error("attention_bias", "true") == "c.json: key attention_bias is true, expected false");
  CHECK(error("hidden_activation", R"("gelu")") ==
        "c.json: key hidden_activation is \"gelu\", expected silu or gelu_pytorch_tanh");
  CHECK(error("vision_config", "{}") == "c.json: key vision_config is not supported");
  CHECK(says(error("architectures", R"(["Gemma3ForConditionalGeneration"])"), "expected one of LlamaForCausalLM"));
  const auto nested = [&](const char* value) {
    return with(with(with(gemma3, "rope_theta", std::nullopt), "rope_local_base_freq", std::nullopt), "rope_parameters",
                families_here::json(value));
  };
  const ModelConfig both = config_of(nested(
      R"({"full_attention": {"rope_type": "linear", "factor": 8.0}, "sliding_attention": {"rope_theta": 7.0}})"));
  CHECK(both.rope.base == 1e6);
  CHECK(both.rope.factors == std::vector<float>(4, 8.0f));
  CHECK(both.local_rope.base == 7);
  CHECK(both.local_rope.factors.empty());
  CHECK(config_of(nested(R"({"full_attention": null})")).local_rope.base == 1e4);
  CHECK(families_here::error_of(nested(R"({"rope_theta": 1.0})")) ==
        "c.json: key rope_parameters.rope_theta is not supported");
  CHECK(says(families_here::error_of(
                 with(nested(R"({"sliding_attention": {"rope_theta": 7.0}})"), "rope_local_base_freq", Form(8.0))),
             "rope_parameters.sliding_attention.rope_theta is 7, expected 8 as rope_local_base_freq beside it"));
}

TEST_CASE("folders of families: keys of Phi-3 and Qwen 3") {
  using families_here::config_of;
  using families_here::error_of;
  using families_here::json;
  const Form phi3 = families_here::config("phi3");
  const Form scaled = with(phi3, "rope_scaling", json(R"({"type": "longrope", "short_factor": [1, 1.5, 2, 2.5],
    "long_factor": [2, 3, 4, 5]})"));
  const Form lists = with(scaled, "original_max_position_embeddings", Form(16));
  const ModelConfig c = config_of(lists);
  CHECK(c.rope.factors == std::vector<float>{1, 1.5f, 2, 2.5f});
  CHECK(c.rope.long_factors == std::vector<float>{2, 3, 4, 5});
  CHECK(c.rope.original_context == 16);
  CHECK(c.rope.magnitude == doctest::Approx(std::sqrt(1 + std::log(4.0) / std::log(16.0))));
  CHECK(config_of(scaled).rope.original_context == 4096);
  CHECK(config_of(scaled).rope.magnitude == 1);  // the context of 64 is shorter
  for (const char* name : {"su", "yarn"}) {      // older names
    const Form older = with(lists, "rope_scaling", with(lists.at("rope_scaling", "test"), "type", Form(name)));
    CHECK(config_of(older).rope == c.rope);
    CHECK(config_of(with(older, "rope_scaling", with(older.at("rope_scaling", "test"), "rope_type", Form("longrope"))))
              .rope == c.rope);
  }
  CHECK(config_of(with(phi3, "partial_rotary_factor", Form(0.5))).rope.rotary_dim == 4);
  CHECK(config_of(with(phi3, "rms_norm_eps", std::nullopt)).norm_eps == doctest::Approx(1e-5));
  CHECK(config_of(with(phi3, "auto_map", json("{}"))).rope.rotary_dim == 8);
  const auto error = [&](const char* key, const char* value) { return error_of(with(lists, key, json(value))); };
  CHECK(says(error("rope_scaling", R"({"type": "longrope", "short_factor": [1], "long_factor": [2, 3, 4, 5]})"),
             "c.json: number of short factors of the RoPE scaling is 1, expected 4"));
  CHECK(error("rope_scaling", R"({"type": "longrope", "short_factor": [1, 1, 1, 1]})") ==
        "c.json: key rope_scaling.long_factor is missing");
  CHECK(error("rope_scaling", R"({"type": "linear", "factor": 2})") ==
        "c.json: key rope_scaling.rope_type is \"linear\", expected default or longrope");
  CHECK(error("partial_rotary_factor", "0") == "c.json: key partial_rotary_factor is 0, expected above 0 and up to 1");
  CHECK(
      says(error_of(with(phi3, "partial_rotary_factor", Form(0.4))), "rotary dimension is 3, expected an even number"));
  CHECK(error("full_attn_mod", "2") == "c.json: key full_attn_mod is 2, expected 1");
  CHECK(error("full_attn_mod", "1") == "no error");
  CHECK(error("lm_head_bias", "true") == "c.json: key lm_head_bias is true, expected false");

  const Form qwen3 = families_here::config("qwen3");
  CHECK(config_of(with(qwen3, "head_dim", std::nullopt)).head_dim == 128);
  CHECK(error_of(with(qwen3, "attention_bias", Form(true))) == "c.json: key attention_bias is true, expected false");
  CHECK(error_of(with(qwen3, "layer_types", json(R"(["full_attention"])"))) ==
        "c.json: key layer_types has 1 layers, expected 6, as num_hidden_layers says");
  CHECK(says(error_of(with(qwen3, "layer_types", json(R"(["chunked_attention", "", "", "", "", ""])"))),
             "has \"chunked_attention\", expected full_attention or sliding_attention"));
  CHECK(says(error_of(with(qwen3, "max_window_layers", Form(-1))), "max_window_layers is -1, expected 0 to"));
  CHECK(says(error_of(with(qwen3, "sliding_window", Form(0))), "sliding_window is 0, expected 1 to"));
}

TEST_CASE("folders of families: tensors that are missing, too many, or of another size") {
  const auto error = [](const std::string& family, const auto& edit) {
    NaiveShape shape = families_here::shape_of(family, 0);
    shape.window = family == "gemma3" ? 4 : 0;
    const NaiveModel naive(shape, 1);
    SafeTensorsWriter tensors = naive_safetensors(naive);
    edit(tensors);
    const ScratchFolder scratch;
    const std::string folder = write_naive_folder(scratch, naive, naive_config(naive, 4));
    scratch.write("model.safetensors", tensors.bytes());
    std::string found = test::error_of([&] { static_cast<void>(io::read_folder_source(folder)); });
    const std::size_t at = found.find(folder);
    return at == std::string::npos ? found : found.replace(at, folder.size(), "DIR");
  };
  const auto without = [](const char* name) { return [name](SafeTensorsWriter& w) { w.remove(name); }; };
  const auto with_size = [](const std::string& name, std::vector<std::size_t> shape) {
    return [=](SafeTensorsWriter& w) {
      std::size_t n = 4;
      for (const std::size_t size : shape) n *= size;
      w.remove(name);
      w.add(name, "F32", shape, std::string(n, '\0'));
    };
  };
  CHECK(error("qwen3", without("model.layers.2.self_attn.k_norm.weight")) ==
        "DIR: tensor model.layers.2.self_attn.k_norm.weight is missing");
  CHECK(error("gemma3", without("model.layers.0.post_feedforward_layernorm.weight")) ==
        "DIR: tensor model.layers.0.post_feedforward_layernorm.weight is missing");
  CHECK(error("phi3", without("model.layers.5.mlp.gate_up_proj.weight")) ==
        "DIR: tensor model.layers.5.mlp.gate_up_proj.weight is missing");
  CHECK(error("phi3", with_size("model.layers.1.self_attn.qkv_proj.weight", {63, 24})) ==
        "DIR: tensor model.layers.1.self_attn.qkv_proj.weight is 63 x 24, expected 64 rows");
  CHECK(error("phi3", with_size("model.layers.1.mlp.gate_up_proj.weight", {81, 24})) ==
        "DIR: tensor model.layers.1.mlp.gate_up_proj.weight is 81 x 24, expected 80 rows");
  CHECK(says(error("smollm3", with_size("model.layers.0.self_attn.q_norm.weight", {8})),
             "\"model.layers.0.self_attn.q_norm.weight\" is not supported in the architecture SmolLM3ForCausalLM"));
  CHECK(says(error("gemma3", with_size("model.layers.0.self_attn.q_norm.weight", {9})),
             "(the query norm) is 1 x 9, expected 1 x 8"));
  CHECK(error("llama", [](SafeTensorsWriter&) {}) == "no error");
}
