// The memory that a decode step of the gpu backend accesses: every weight, key and value, and little else. A sector
// that a launch accesses counts once; tests/kernels/products/matvec.cpp checks that products read no weight twice.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/tiny_model.hpp"
#include "gpu/emulated_backend.hpp"
#include "litestage/engine/session.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

// Bytes on the device of the matrices and norms that a step uses.
[[nodiscard]] std::size_t weight_bytes(const Model<EmulatedBackend>& model) {
  std::size_t bytes = model.head.bytes() + model.final_norm.bytes();
  for (const Layer<EmulatedBackend>& l : model.layers) {
    bytes += l.attention.norm.bytes() + l.attention.q.bytes() + l.attention.k.bytes() + l.attention.v.bytes() +
             l.attention.out.bytes() + l.mlp.norm.bytes() + l.mlp.gate.bytes() + l.mlp.up.bytes() + l.mlp.down.bytes();
  }
  return bytes;
}

// Bytes of activations that the launches of a step of one row read and write, four bytes per number.
[[nodiscard]] std::size_t activation_bytes(const ModelConfig& c) {
  const auto n = [](int value) { return static_cast<std::size_t>(value); };
  const std::size_t read = 2 * n(c.hidden) + 2 * n(c.q_dim()) + n(c.ffn) + 2 * n(c.hidden);
  const std::size_t written = 2 * n(c.q_dim()) + n(c.ffn) + 2 * n(c.hidden);
  return 4 * (n(c.n_layers) * (read + written) + 2 * n(c.hidden) + 2 * n(c.vocab));
}

}  // namespace

TEST_CASE("gpu: a decode step touches weights, keys, values and activations, and within 3 % nothing else") {
  for (const DType dtype : {DType::q8_0, DType::q4_k}) {
    CAPTURE(name(dtype));
    ModelConfig config = tiny_config(dtype);
    config.n_layers = 2;
    config.hidden = 512;
    config.n_heads = 8;
    config.n_kv_heads = 2;
    config.head_dim = 64;
    config.rope.rotary_dim = 64;
    config.ffn = 1024;
    config.vocab = 2000;
    EmulatedBackend backend({}, kernels::emulator::Schedule{});
    const auto model = load(backend, tiny_model(config, {.seed = 4, .dtype = dtype}));
    Session<EmulatedBackend> session(backend, model, {1, 256, KvType::f16});
    constexpr std::size_t context = 130;  // two chunks
    std::vector<StepRow> prompt(context, StepRow{1, 0, session.skip_nothing(), false});
    session.step(prompt);
    static_cast<void>(backend.runtime().take_traffic());
    session.step(std::vector<StepRow>{{2, 0, session.skip_nothing(), true}});
    const kernels::emulator::Traffic traffic = backend.runtime().take_traffic();

    const std::size_t kv = static_cast<std::size_t>(config.n_layers) * 2 * (context + 1) * 128 * 2;
    const std::size_t expected = weight_bytes(model) + kv + activation_bytes(config);
    const auto moved = static_cast<double>(traffic.distinct_loaded + traffic.distinct_stored);
    MESSAGE(name(dtype), ": ", moved, " bytes touched, ", expected, " expected");
    CHECK(moved / static_cast<double>(expected) < 1.03);
    CHECK(moved / static_cast<double>(expected) > 0.97);
  }
}
