#include "litestage/model/source/config.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "common/error_of.hpp"
#include "common/tiny_model.hpp"
#include "litestage/model/source/weights.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("config: every number out of its range is named, with the file, what was found and what is expected") {
  struct Case {
    void (*change)(ModelConfig&);
    std::string sentence;
  };
  const Case cases[] = {
      {[](ModelConfig& c) { c.n_layers = 0; }, "f.gguf: number of layers is 0, expected 1 to 1024"},
      {[](ModelConfig& c) { c.hidden = -1; }, "f.gguf: hidden size is -1, expected 1 to 65536"},
      {[](ModelConfig& c) { c.n_heads = 1025; }, "f.gguf: number of attention heads is 1025, expected 1 to 1024"},
      {[](ModelConfig& c) { c.n_kv_heads = 5; }, "f.gguf: number of K/V heads is 5, expected 1 to 4"},
      {[](ModelConfig& c) { c.n_kv_heads = 0; }, "f.gguf: number of K/V heads is 0, expected 1 to 4"},
      {[](ModelConfig& c) { c.n_kv_heads = 3; }, "f.gguf: number of K/V heads is 3, expected a divisor of 4"},
      {[](ModelConfig& c) { c.head_dim = 1; }, "f.gguf: head size is 1, expected 2 to 1024"},
      {[](ModelConfig& c) { c.ffn = 0; }, "f.gguf: feed-forward size is 0, expected 1 to 1048576"},
      {[](ModelConfig& c) { c.vocab = 0; }, "f.gguf: vocabulary size is 0, expected 1 to 4194304"},
      {[](ModelConfig& c) { c.max_context = 0; }, "f.gguf: context length is 0, expected 1 to 16777216"},
      {[](ModelConfig& c) { c.rope.rotary_dim = 18; }, "f.gguf: rotary dimension is 18, expected 2 to 16"},
      {[](ModelConfig& c) { c.rope.rotary_dim = 7; }, "f.gguf: rotary dimension is 7, expected an even number"},
      {[](ModelConfig& c) { c.rope.base = 0; }, "f.gguf: RoPE base is 0, expected above 0 and below 1e12"},
      {[](ModelConfig& c) { c.rope.base = not_a_number; }, "f.gguf: RoPE base is nan, expected above 0 and below 1e12"},
      {[](ModelConfig& c) {
         c.rope.factors = {1, 2};
       },
       "f.gguf: number of RoPE factors is 2, expected 0 or 8"},
      {[](ModelConfig& c) { c.rope.factors.assign(8, 0.0f); },
       "f.gguf: RoPE factor is 0, expected above 0 and below 1e6"},
      {[](ModelConfig& c) { c.rope.long_factors.assign(7, 1.0f); },
       "f.gguf: number of long RoPE factors is 7, expected 0 or 8"},
      {[](ModelConfig& c) { c.rope.long_factors.assign(8, 2e6f); },
       "f.gguf: long RoPE factor is 2e+06, expected above 0 and below 1e6"},
      {[](ModelConfig& c) { c.rope.long_factors.assign(8, 1.0f); },
       "f.gguf: original context length is 0, expected 1 to 16777216"},
      {[](ModelConfig& c) { c.rope.magnitude = 0; }, "f.gguf: RoPE magnitude is 0, expected above 0 and below 1000"},
      {[](ModelConfig& c) { c.rope.magnitude = not_a_number; },
       "f.gguf: RoPE magnitude is nan, expected above 0 and below 1000"},
      {[](ModelConfig& c) { c.layer_kinds.resize(3); }, "f.gguf: number of layer kinds is 3, expected 0 or 4"},
      {[](ModelConfig& c) { c.window = -1; }, "f.gguf: attention window is -1, expected 0 to 16777216"},
      {[](ModelConfig& c) {
         c.layer_kinds.assign(4, {LayerRope::none, true});
       },
       "f.gguf: attention window is 0, expected 1 to 16777216"},
      {[](ModelConfig& c) {
         c.layer_kinds.assign(4, {LayerRope::local, false});
       },
       "f.gguf: rotary dimension is 0, expected 2 to 16"},
      {[](ModelConfig& c) {
         c.layer_kinds.assign(4, {LayerRope::local, false});
         c.local_rope = c.rope;
         c.local_rope.rotary_dim = 8;
       },
       "f.gguf: rotary dimension of local layers is 8, expected 16, that of the others"},
      {[](ModelConfig& c) {
         c.layer_kinds.assign(4, {LayerRope::local, false});
         c.local_rope = c.rope;
         c.local_rope.pairing = RopePairing::halves;
       },
       "f.gguf: RoPE pairs other components in local layers, expected the same in all"},
      {[](ModelConfig& c) { c.logit_softcap = -1; },
       "f.gguf: logit softcap is -1, expected a finite number above 0, or 0 for none"},
      {[](ModelConfig& c) { c.logit_softcap = infinity; },
       "f.gguf: logit softcap is inf, expected a finite number above 0, or 0 for none"},
      {[](ModelConfig& c) { c.norm_eps = 1; }, "f.gguf: RMSNorm epsilon is 1, expected 0 to 1"},
      {[](ModelConfig& c) { c.norm_eps = not_a_number; }, "f.gguf: RMSNorm epsilon is nan, expected 0 to 1"}};
  for (const Case& c : cases) {
    ModelConfig config = tiny_config();
    CHECK(error_of([&] { config.validate("f.gguf"); }) == "no error");
    c.change(config);
    CHECK(error_of([&] { config.validate("f.gguf"); }) == c.sentence);
  }
}

TEST_CASE("config: multipliers are finite and above 0; an attention scale of 0 is the default one") {
  ModelConfig config = tiny_config();
  const auto refused = [&](float ModelConfig::*member, float value) {
    ModelConfig changed = config;
    changed.*member = value;
    return error_of([&] { changed.validate("f.gguf"); });
  };
  const std::pair<float ModelConfig::*, std::string> members[] = {
      {&ModelConfig::embedding_multiplier, "embedding multiplier"},
      {&ModelConfig::residual_multiplier, "residual multiplier"},
      {&ModelConfig::logit_multiplier, "logit multiplier"},
      {&ModelConfig::attention_scale, "attention scale"}};
  for (const auto& [member, key] : members) {
    CHECK(refused(member, 1e-3f) == "no error");
    const auto sentence = [name = key](std::string_view found) {
      const bool is_scale = name == "attention scale";
      return concat("f.gguf: ", name, " is ", found, ", expected a finite number above 0",
                    is_scale ? ", or 0 for 1 / sqrt(head size)" : "");
    };
    CHECK(refused(member, 0) == (key == "attention scale" ? "no error" : sentence("0")));
    CHECK(refused(member, -1) == sentence("-1"));
    CHECK(refused(member, not_a_number) == sentence("nan"));
    CHECK(refused(member, infinity) == sentence("inf"));
  }
}

TEST_CASE("weights: a tensor that is missing or has another shape is named") {
  const ModelSource good = tiny_model(tiny_config(), {.biases = true, .qk_norm = true, .post_norm = true});
  const auto fails = [&](void (*change)(ModelSource&)) {
    ModelSource source = good;
    change(source);
    return error_of([&] { validate(source); });
  };
  CHECK(fails([](ModelSource& s) { s.tensors.layers[2].wk.rows = 31; }) ==
        "tiny model: tensor blk.2.attn_k.weight (the key projection) is 31 x 64, expected 32 x 64");
  CHECK(fails([](ModelSource& s) { s.tensors.layers[0].w_down = {}; }) ==
        "tiny model: tensor for the down projection is missing");
  CHECK(fails([](ModelSource& s) { s.tensors.layers[1].bv.columns = 16; }) ==
        "tiny model: tensor blk.1.attn_v.bias (the value bias) is 1 x 16, expected 1 x 32");
  CHECK(fails([](ModelSource& s) { s.tensors.layers[1].q_norm.columns = 64; }) ==
        "tiny model: tensor blk.1.attn_q_norm.weight (the query norm) is 1 x 64, expected 1 x 16");
  CHECK(
      fails([](ModelSource& s) { s.tensors.layers[0].attention_post_norm.columns = 63; }) ==
      "tiny model: tensor blk.0.post_attention_norm.weight (the norm after the attention) is 1 x 63, expected 1 x 64");
  CHECK(fails([](ModelSource& s) { s.tensors.layers[3].mlp_post_norm.rows = 2; }) ==
        "tiny model: tensor blk.3.post_ffw_norm.weight (the norm after the MLP) is 2 x 64, expected 1 x 64");
  CHECK(fails([](ModelSource& s) { s.tensors.layers[3].mlp_post_norm = {}; }) == "no error");
  CHECK(fails([](ModelSource& s) { s.tensors.head = {}; }) == "tiny model: tensor for the output head is missing");
  CHECK(fails([](ModelSource& s) { s.tensors.layers.pop_back(); }) == "tiny model: 3 layers of tensors, expected 4");
  CHECK(fails([](ModelSource& s) { s.tensors.head = {}, s.config.tied_head = true; }) == "no error");
  CHECK(fails([](ModelSource& s) { s.tensors.layers[3].bq = {}; }) == "no error");
}
