#include "litestage/io/adapters/matrix_place.hpp"

#include <doctest/doctest.h>

#include <optional>

using namespace litestage::io;

TEST_CASE("names of modules and of tensors mean the same matrices") {
  const auto same = [](const char* module, const char* tensor, MatrixPlace expected, bool joint_mlp = false) {
    CHECK(place_of_module(module) == expected);
    CHECK(place_of_tensor(tensor, joint_mlp) == expected);
  };
  same("model.embed_tokens", "token_embd.weight", {MatrixRole::embedding});
  same("lm_head", "output.weight", {MatrixRole::head});
  same("model.layers.0.self_attn.q_proj", "blk.0.attn_q.weight", {MatrixRole::q, 0});
  same("model.layers.12.self_attn.k_proj", "blk.12.attn_k.weight", {MatrixRole::k, 12});
  same("model.layers.3.self_attn.v_proj", "blk.3.attn_v.weight", {MatrixRole::v, 3});
  same("model.layers.3.self_attn.qkv_proj", "blk.3.attn_qkv.weight", {MatrixRole::qkv, 3});
  same("model.layers.3.self_attn.o_proj", "blk.3.attn_output.weight", {MatrixRole::out, 3});
  same("model.layers.3.mlp.gate_proj", "blk.3.ffn_gate.weight", {MatrixRole::gate, 3});
  same("model.layers.3.mlp.up_proj", "blk.3.ffn_up.weight", {MatrixRole::up, 3});
  same("model.layers.3.mlp.down_proj", "blk.3.ffn_down.weight", {MatrixRole::down, 3}, true);
  same("model.layers.3.mlp.gate_up_proj", "blk.3.ffn_up.weight", {MatrixRole::gate_up, 3}, true);
}

TEST_CASE("other names mean none") {
  for (const char* name :
       {"", "model", "model.layers.", "model.layers.0", "model.layers.0.", "model.layers.00.self_attn.q_proj",
        "model.layers.-1.self_attn.q_proj", "model.layers.+1.self_attn.q_proj", "model.layers.1x.self_attn.q_proj",
        "model.layers.99999999999.self_attn.q_proj", "model.layers.0.self_attn.q_proj.weight", "layers.0.mlp.up_proj",
        "model.layers.0.mlp.experts.0.up_proj", "model.norm"}) {
    CHECK_MESSAGE(place_of_module(name) == std::nullopt, name);
  }
  for (const char* name : {"", ".weight", "blk..weight", "blk.0.weight", "blk.0..weight", "blk.01.attn_q.weight",
                           "blk.0.attn_q", "blk.0.attn_q.bias", "blk.0.attn_norm.weight", "output_norm.weight"}) {
    CHECK_MESSAGE(place_of_tensor(name, false) == std::nullopt, name);
  }
}
