// Every family, from its GGUF file to its logits, against a second implementation written in plain loops
// (common/naive_model.hpp): four configurations each, texts longer than the windows, on every backend of the host.
// Optimised: yes
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "common/close.hpp"
#include "common/error_of.hpp"
#include "common/naive_file.hpp"
#include "common/naive_logits.hpp"
#include "common/sequences.hpp"
#include "litestage/io/families/known_families.hpp"
#include "litestage/io/gguf/model_source.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

struct Example {
  std::string name;
  NaiveShape shape;
};

void change(NaiveShape& s, int heads, int kv_heads, int head_dim, int hidden, int ffn) {
  s.heads = heads, s.kv_heads = kv_heads, s.head_dim = s.rotary_dim = head_dim, s.hidden = hidden, s.ffn = ffn;
}

// Four shapes that differ in everything in which files of one family differ.
template <class Vary>
void add_four(std::vector<Example>& all, const std::string& family, const Vary& vary) {
  for (int i = 0; i < 4; ++i) {
    NaiveShape s;
    s.family = family;
    if (i == 1) change(s, 6, 3, 4, 20, 30), s.eps = 1e-6, s.base = 5e5;
    if (i == 2) change(s, 3, 1, 12, 36, 33), s.tied = true, s.base = 100;
    if (i == 3) change(s, 4, 4, 6, 18, 50), s.eps = 0.25, s.layers = 8, s.vocab = 31;
    s.window = i == 3 ? 1 : 4 + i;
    vary(s, i);
    all.push_back({concat(family, " ", i), s});
  }
}

[[nodiscard]] std::vector<Example> examples() {
  std::vector<Example> all;
  add_four(all, "llama", [](NaiveShape& s, int i) {
    s.window = i == 2 ? 6 : 0;  // as Mistral, if a converter wrote it
    s.biases = i == 3;
    s.scaling = i == 1 ? "freqs" : i == 3 ? "linear" : "none";
    s.factor = 4;
  });
  add_four(all, "qwen2", [](NaiveShape& s, int i) {
    s.window = 0;
    s.biases = true;
    s.scaling = i % 2 == 1 ? "yarn" : "none";
    s.factor = 3;
    s.original_context = i == 1 ? 512 : 0;
  });
  add_four(all, "qwen3", [](NaiveShape& s, int i) {
    s.window = 0;
    s.scaling = i == 2 ? "yarn" : "none";
    s.factor = 4;
    s.original_context = i == 2 ? 16 : 0;
  });
  add_four(all, "smollm3", [](NaiveShape& s, int i) {
    s.window = 0;
    s.scaling = i == 1 ? "linear" : "none";
    s.factor = 2.5;
  });
  add_four(all, "gemma3", [](NaiveShape& s, int i) {
    s.layers = 6 + i;
    s.local_base = i == 0 ? 1e4 : 50;
    s.scaling = i == 1 ? "linear" : "none";
    s.factor = 8;
    s.softcap = i == 2 ? 1.5 : 0;
  });
  add_four(all, "phi3", [](NaiveShape& s, int i) {
    s.rotary_dim = i == 1 ? 2 : i == 2 ? 8 : s.head_dim;
    s.window = i == 0 ? 0 : s.window;
    s.scaling = i == 3 ? "none" : "longrope";
    s.original_context = i == 2 ? 48 : i == 3 ? 0 : 20;  // the session has 48 positions
    s.attention_factor = i == 3 ? 1 : 1.25;
  });
  return all;
}

}  // namespace

TEST_CASE("families: the reference agrees with a second implementation, whatever the steps") {
  std::uint64_t seed = 100;
  for (const Example& example : examples()) {
    CAPTURE(example.name);
    const NaiveModel naive(example.shape, ++seed);
    const Bytes bytes = naive_gguf(naive).bytes();
    const ModelSource source = io::read_model_source(io::Gguf(bytes, "m.gguf"));
    ReferenceBackend backend;
    const auto model = load(backend, source);
    const std::vector<int> tokens = tokens_for(example.shape, 30, seed);
    const auto expected = naive.logits(tokens);
    const Sequence plain = under(Decisions(static_cast<std::size_t>(source.config.n_sublayers())), tokens);
    const auto found = logits_of(backend, model, plain, in_chunks({plain}, 30), example.shape.session);
    CHECK(largest_difference(found, expected) < allowed_of_reference);
    CHECK(logits_of(backend, model, plain, in_chunks({plain}, 7), example.shape.session) == found);
    CHECK(logits_of(backend, model, plain, one_by_one({plain}), example.shape.session) == found);
  }
}

TEST_CASE("families: skipped sub-layers, and the gaps that they leave in windows") {
  std::uint64_t seed = 200;
  for (const Example& example : examples()) {
    CAPTURE(example.name);
    const NaiveModel naive(example.shape, ++seed);
    const Bytes bytes = naive_gguf(naive).bytes();
    const ModelSource source = io::read_model_source(io::Gguf(bytes, "m.gguf"));
    ReferenceBackend backend;
    const auto model = load(backend, source);
    Random random(seed);
    Sequence sequence = random_sequence(random, source.config, 30);
    for (Decisions& decisions : sequence.decisions) {
      for (SkipDecision& d : decisions) d.kv = d.kv == KvOnSkip::copy_below ? KvOnSkip::none : d.kv;
    }
    const auto expected = naive.logits(sequence.tokens, sequence.decisions);
    const auto found = logits_of(backend, model, sequence, in_chunks({sequence}, 9), example.shape.session);
    CHECK(largest_difference(found, expected) < allowed_of_reference);
    CHECK(logits_of(backend, model, sequence, one_by_one({sequence}), example.shape.session) == found);
  }
}

TEST_CASE("families: cpu agrees with the second implementation in every instruction set") {
  std::uint64_t seed = 300;
  for (const Example& example : examples()) {
    CAPTURE(example.name);
    const NaiveModel naive(example.shape, ++seed);
    const Bytes bytes = naive_gguf(naive).bytes();
    const ModelSource source = io::read_model_source(io::Gguf(bytes, "m.gguf"));
    const std::vector<int> tokens = tokens_for(example.shape, 30, seed);
    const auto expected = naive.logits(tokens);
    const Sequence plain = under(Decisions(static_cast<std::size_t>(source.config.n_sublayers())), tokens);
    with_backends([&](const auto& make, const std::string& name) {
      CAPTURE(name);
      auto backend = make(1, true);
      const auto model = load(backend, source);
      const auto found = logits_of(backend, model, plain, in_chunks({plain}, 11), example.shape.session);
      CHECK(largest_difference(found, expected) < allowed_of_cpu);
    });
  }
}

TEST_CASE("families: the variations that each sets") {
  const auto config_of = [](const std::string& family, const auto& vary) {
    NaiveShape shape;
    shape.family = family;
    shape.layers = 12;
    vary(shape);
    const Bytes bytes = naive_gguf(NaiveModel(shape, 1)).bytes();
    return io::read_model_source(io::Gguf(bytes, "m.gguf")).config;
  };
  const auto as_is = [](NaiveShape&) {};
  const ModelConfig llama = config_of("llama", as_is), qwen3 = config_of("qwen3", as_is);
  CHECK(llama.rope.pairing == RopePairing::interleaved);
  CHECK(llama.layer_kinds.empty());
  CHECK(qwen3.rope.pairing == RopePairing::halves);
  CHECK(qwen3.layer_kinds.empty());
  const ModelConfig mistral = config_of("llama", [](NaiveShape& s) { s.window = 9; });
  CHECK(mistral.window == 9);
  CHECK(mistral.kinds()[0] == LayerKind{LayerRope::global, true});
  CHECK(mistral.kinds().window_of(11) == 9);
  const ModelConfig smollm3 = config_of("smollm3", as_is);
  CHECK(smollm3.rope.pairing == RopePairing::interleaved);
  for (int l = 0; l < 12; ++l) CHECK((smollm3.rope_of(l) == nullptr) == (l == 3 || l == 7 || l == 11));
  const ModelConfig gemma3 = config_of("gemma3", [](NaiveShape& s) { s.window = 9, s.local_base = 77; });
  for (int l = 0; l < 12; ++l) {
    CHECK(gemma3.rope_of(l) == (l == 5 || l == 11 ? &gemma3.rope : &gemma3.local_rope));
    CHECK(gemma3.kinds().window_of(l) == (l == 5 || l == 11 ? 0 : 9));
  }
  CHECK(gemma3.local_rope.base == 77);
  CHECK(gemma3.activation == Activation::gelu_tanh);
  CHECK(gemma3.attention_scale == 0);
  const ModelConfig of_27b = config_of("gemma3", [](NaiveShape& s) { s.window = 9, s.layers = 62; });
  CHECK(of_27b.attention_scale == 1 / std::sqrt(6.0f));  // 24 / 4
  const ModelConfig phi3 = config_of("phi3", [](NaiveShape& s) { s.rotary_dim = 6, s.window = 3; });
  CHECK(phi3.rope.rotary_dim == 6);
  CHECK(phi3.kinds().window_of(0) == 3);
}

TEST_CASE("families: a matrix that holds several projections is split by rows, of any type") {
  for (const DType type : {DType::f32, DType::bf16, DType::q8_0, DType::q4_k}) {
    ModelConfig c = tiny_config(type);
    c.architecture = "phi3";
    c.rope.pairing = RopePairing::halves;
    const ModelSource wrote = tiny_model(c, {.seed = 8, .dtype = type});
    const Bytes bytes = gguf_of(wrote).bytes();
    const ModelSource read = io::read_model_source(io::Gguf(bytes, "m.gguf"));
    for (std::size_t l = 0; l < wrote.tensors.layers.size(); ++l) {
      const LayerTensors &a = read.tensors.layers[l], &b = wrote.tensors.layers[l];
      for (const auto member :
           {&LayerTensors::wq, &LayerTensors::wk, &LayerTensors::wv, &LayerTensors::w_gate, &LayerTensors::w_up}) {
        REQUIRE((a.*member).rows == (b.*member).rows);
        REQUIRE((a.*member).type == type);
        CHECK(std::equal((a.*member).data, (a.*member).data + (a.*member).bytes(), (b.*member).data));
      }
    }
    CHECK(read.tensors.layers[1].wk.name == "blk.1.attn_qkv.weight, keys");
  }
}

TEST_CASE("families: other architectures may have a joint matrix of Q, K and V, with a joint bias") {
  const ModelConfig c = [] {
    ModelConfig config = tiny_config();
    config.architecture = "qwen2";
    config.rope.pairing = RopePairing::halves;
    return config;
  }();
  const ModelSource wrote = tiny_model(c, {.seed = 9, .biases = true});
  const Bytes bytes = gguf_of(wrote, true).bytes();
  const ModelSource read = io::read_model_source(io::Gguf(bytes, "m.gguf"));
  const LayerTensors &a = read.tensors.layers[2], &b = wrote.tensors.layers[2];
  for (const auto member :
       {&LayerTensors::wq, &LayerTensors::wv, &LayerTensors::bq, &LayerTensors::bk, &LayerTensors::bv}) {
    REQUIRE((a.*member).columns == (b.*member).columns);
    CHECK(std::equal((a.*member).data, (a.*member).data + (a.*member).bytes(), (b.*member).data));
  }
}

TEST_CASE("families: what a file lacks, has too much of, or has in another form is named") {
  const auto error = [](const std::string& family, const auto& edit) {
    NaiveShape shape;
    shape.family = family;
    shape.window = family == "gemma3" ? 4 : 0;
    shape.scaling = family == "phi3" ? "longrope" : "none";
    shape.original_context = family == "phi3" ? 20 : 0;
    GgufWriter writer = naive_gguf(NaiveModel(shape, 1));
    edit(writer);
    const Bytes bytes = writer.bytes();
    return error_of([&] { static_cast<void>(io::read_model_source(io::Gguf(bytes, "m.gguf"))); });
  };
  const auto without = [](const std::string& name) {
    return [name](GgufWriter& w) { std::erase_if(w.tensors(), [&](const auto& t) { return t.name == name; }); };
  };
  const auto renamed = [](const std::string& from, const std::string& to) {
    return [from, to](GgufWriter& w) {
      for (auto& t : w.tensors()) t.name = t.name == from ? to : t.name;
    };
  };
  CHECK(error("qwen3", without("blk.2.attn_k_norm.weight")) == "m.gguf: tensor blk.2.attn_k_norm.weight is missing");
  CHECK(error("gemma3", without("blk.0.post_ffw_norm.weight")) ==
        "m.gguf: tensor blk.0.post_ffw_norm.weight is missing");
  CHECK(error("qwen2", renamed("blk.5.ffn_norm.weight", "blk.5.x")) ==
        "m.gguf: tensor blk.5.ffn_norm.weight is missing");
  CHECK(error("llama", renamed("rope_freqs.weight", "x")) == "no error");
  CHECK(says(error("smollm3",
                   [](GgufWriter& w) {
                     w.tensors().push_back({"blk.0.attn_q_norm.weight", {8}, 0, Bytes(32), {}});
                   }),
             "\"blk.0.attn_q_norm.weight\" is not supported in the architecture smollm3"));
  CHECK(error("phi3", without("rope_factors_long.weight")) ==
        "m.gguf: number of long factors of the RoPE scaling is 0, expected 4");
  CHECK(says(error("qwen2",
                   [](GgufWriter& w) {
                     w.tensors().push_back({"rope_factors_long.weight", {4}, 0, Bytes(16), {}});
                   }),
             "\"rope_factors_long.weight\" is not supported in the architecture qwen2"));
  CHECK(error("phi3", [](GgufWriter& w) {
          w.tensors().push_back({"rope_freqs.weight", {3}, 0, Bytes(12), {}});
        }) == "m.gguf: number of RoPE factors is 3, expected 0 or 4");
  CHECK(error("phi3", [](GgufWriter& w) { w.add("phi3.rope.scaling.type", "longrope"); }) == "no error");
  CHECK(says(error("phi3", [](GgufWriter& w) { w.add("phi3.rope.scaling.type", "yarn"); }),
             "phi3.rope.scaling.type is \"yarn\", expected \"none\", \"linear\", or \"longrope\", because there are"));
  CHECK(says(error("qwen2", [](GgufWriter& w) { w.add("qwen2.attention.sliding_window", 5u); }), "is 5, expected 0"));
  CHECK(says(error("gemma3", [](GgufWriter& w) { w.add("gemma3.attn_logit_softcapping", 50.0f); }),
             "gemma3.attn_logit_softcapping is 50, expected 0"));
  CHECK(says(error("gemma3", [](GgufWriter& w) { w.add("gemma3.attention.sliding_window_pattern", 0u); }),
             "gemma3.attention.sliding_window_pattern is 0, expected 1 to"));
  CHECK(says(error("qwen3", [](GgufWriter& w) { w.add("qwen3.rope.freq_base_swa", 50.0f); }), "is not supported"));
  const std::vector<std::pair<std::string, std::uint64_t>> sizes{{"blk.1.attn_qkv.weight", 63},
                                                                 {"blk.1.ffn_up.weight", 81}};
  for (const auto& [name, size] : sizes) {
    const std::string found = error("phi3", [tensor = name, rows = size](GgufWriter& w) {
      for (auto& t : w.tensors()) {
        if (t.name != tensor) continue;
        t.dims[1] = rows;
        t.data.resize(t.dims[0] * rows * 4);
      }
    });
    CHECK(
        says(found, concat("m.gguf: tensor ", name, " is ", size, " x 24, expected ", size == 63 ? 64 : 80, " rows")));
  }
}
