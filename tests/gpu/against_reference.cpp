// The whole gpu backend on the emulated device, compared with the reference: logits and the change of the stream by
// every sub-layer, under random decisions and under every mask of four layers.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "common/close.hpp"
#include "common/rounding_bound.hpp"
#include "common/sequences.hpp"
#include "gpu/emulated_backend.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

struct Shape {
  std::string name;
  ModelConfig config;
  TinyModelOptions options;
  KvType kv = KvType::f16;
};

[[nodiscard]] std::vector<Shape> shapes() {
  std::vector<Shape> shapes;
  const auto add = [&](std::string name, DType dtype, auto&& change) {
    Shape shape{std::move(name), tiny_config(dtype), {.seed = 5, .dtype = dtype}, KvType::f16};
    change(shape);
    shapes.push_back(std::move(shape));
  };
  add("llama, float", DType::f32, [](Shape& s) {
    s.config.rope.pairing = RopePairing::interleaved;
    s.config.rope.rotary_dim = 12;
    s.config.embedding_multiplier = 1.5f;
    s.kv = KvType::f32;
  });
  add("qwen2, Q8_0", DType::q8_0, [](Shape& s) {
    s.options.biases = true;
    s.config.rope.pairing = RopePairing::halves;
  });
  add("a mixture of Q4_K and Q6_K, tied", DType::q4_k, [](Shape& s) {
    s.options.overrides = {{"attn_v", DType::q6_k}, {"ffn_down", DType::q6_k}, {"token_embd", DType::q6_k}};
  });
  add("a norm of each head, gate and up of two types", DType::q8_0, [](Shape& s) {
    s.options.qk_norm = true;
    s.options.overrides = {{"ffn_up", DType::q4_1}};
  });
  add("a window and a RoPE of its own in every other layer, post-norms, capped logits", DType::q8_0, [](Shape& s) {
    s.options.qk_norm = s.options.post_norm = true;
    s.config.rope.pairing = RopePairing::halves;
    s.config.local_rope = s.config.rope;
    s.config.local_rope.base = 100;
    s.config.window = 5;
    s.config.layer_kinds = {{LayerRope::local, true}, {}, {LayerRope::local, true}, {}};
    s.config.activation = Activation::gelu_tanh;
    s.config.embedding_multiplier = 8;
    s.config.logit_softcap = 8;
  });
  add("layers without RoPE, a window in all, RoPE with a magnitude, float", DType::f32, [](Shape& s) {
    s.options.biases = true;
    s.options.post_norm = true;
    s.config.rope.rotary_dim = 8;
    s.config.rope.magnitude = 1.25f;
    s.config.window = 3;
    s.config.layer_kinds.assign(4, {LayerRope::global, true});
    s.config.layer_kinds[1].rope = s.config.layer_kinds[2].rope = LayerRope::none;
    s.config.residual_multiplier = 0.5f;
    s.kv = KvType::f32;
  });
  return shapes;
}

[[nodiscard]] Results<EmulatedBackend> emulated(const Shape& shape, const ModelSource& source,
                                                const std::vector<Sequence>& sequences, const Steps& steps,
                                                const GpuOptions& options = {},
                                                kernels::emulator::Schedule schedule = {}, bool moments = true) {
  EmulatedBackend backend(options, schedule);
  const auto model = load(backend, source);
  Session<EmulatedBackend> session(backend, model, {sequences.size(), 64, shape.kv});
  return run(session, sequences, steps, moments);
}

[[nodiscard]] std::vector<Sequence> random_sequences(const ModelConfig& config) {
  Random random(7);
  std::vector<Sequence> sequences;
  for (const std::size_t n : {9u, 20u, 1u}) sequences.push_back(random_sequence(random, config, n));
  return sequences;
}

// Number of products of a one-row step that go through cuBLAS.
[[nodiscard]] std::ptrdiff_t products(const Shape& shape, const ModelSource& source, const GpuOptions& options) {
  EmulatedBackend backend(options, kernels::emulator::Schedule{});
  const auto model = load(backend, source);
  Session<EmulatedBackend> session(backend, model, {1, 64, shape.kv});
  backend.runtime().keep_calls(true);
  session.step(std::vector<StepRow>{{1, 0, session.skip_nothing(), true}});
  const auto calls = backend.runtime().take_calls();
  return std::count_if(calls.begin(), calls.end(), [](const auto& call) { return call.name() == "gemm"; });
}

[[nodiscard]] GpuOptions through_cublas(kernels::GemmType type) {
  GpuOptions all;
  all.gemm_from_rows = 1;
  all.gemm_type = type;
  return all;
}

// Runs each sequence in one step through cuBLAS, and compares it with the reference under `rounding`.
template <class Rounding>
void check_prefill(const Shape& shape, const ModelSource& source, kernels::GemmType type, const Rounding& rounding) {
  const std::vector<Sequence> sequences = random_sequences(shape.config);
  const Steps steps = in_chunks(sequences, 20);
  const Bounded expected = bounded(source, shape.kv, sequences, steps, rounding);
  CHECK(within(emulated(shape, source, sequences, steps, through_cublas(type)), expected));
}

}  // namespace

TEST_CASE("gpu: own kernels are as far from the reference as rounding inputs to 8 bits is") {
  for (const Shape& shape : shapes()) {
    CAPTURE(shape.name);
    const ModelSource source = tiny_model(shape.config, shape.options);
    const std::vector<Sequence> sequences = random_sequences(shape.config);
    const Steps steps = one_by_one(sequences);
    const Bounded expected = bounded(source, shape.kv, sequences, steps, kernel_rounding);
    const auto found = emulated(shape, source, sequences, steps);
    CHECK(within(found, expected));
    const Likeliest tokens = likeliest(found, expected, shape.config.vocab);
    CHECK(tokens.same == tokens.decided);
    CHECK(tokens.decided > 10);  // of 30
  }
}

TEST_CASE("gpu: the bits of a row depend neither on company nor on steps nor on the schedule") {
  for (const Shape& shape : shapes()) {
    CAPTURE(shape.name);
    const ModelSource source = tiny_model(shape.config, shape.options);
    const std::vector<Sequence> sequences = random_sequences(shape.config);
    GpuOptions own;
    own.gemm_from_rows = 1000;
    const auto alone = emulated(shape, source, sequences, one_by_one(sequences), own);
    for (const std::size_t n : {3u, 20u}) {
      const auto found = emulated(shape, source, sequences, in_chunks(sequences, n), own, {Order::shuffled, 3});
      for (std::size_t s = 0; s < alone.size(); ++s) {
        for (std::size_t t = 0; t < alone[s].size(); ++t) CHECK(same_bits(found[s][t], alone[s][t]));
      }
    }
  }
}

TEST_CASE("gpu: the bits of a prefill through products of cuBLAS do not depend on the schedule") {
  for (const Shape& shape : shapes()) {
    CAPTURE(shape.name);
    const ModelSource source = tiny_model(shape.config, shape.options);
    const std::vector<Sequence> sequences = random_sequences(shape.config);
    const Steps steps = in_chunks(sequences, 20);
    const GpuOptions all = through_cublas(kernels::GemmType::bf16);
    const auto ascending = emulated(shape, source, sequences, steps, all);
    for (const Schedule schedule : {Schedule{Order::descending}, Schedule{Order::shuffled, 3}}) {
      CHECK(emulated(shape, source, sequences, steps, all, schedule) == ascending);
    }
  }
}

TEST_CASE("gpu: a prefill through products of cuBLAS is as far from the reference as rounding to bfloat16 is") {
  for (const Shape& shape : shapes()) {
    CAPTURE(shape.name);
    const ModelSource source = tiny_model(shape.config, shape.options);
    CHECK(products(shape, source, through_cublas(kernels::GemmType::bf16)) > 0);
    CHECK(products(shape, source, {}) == 0);
    check_prefill(shape, source, kernels::GemmType::bf16, bf16_rounding);
  }
}

// Logits always use our own kernels, which round inputs of quantised weights to 8 bits, more coarsely than to F16. The
// output head is therefore in floats here.
TEST_CASE("gpu: a prefill through products in halves is as far from the reference as rounding to these is") {
  for (Shape shape : shapes()) {
    CAPTURE(shape.name);
    shape.options.overrides["output"] = shape.options.overrides["token_embd"] = DType::f32;
    check_prefill(shape, tiny_model(shape.config, shape.options), kernels::GemmType::f16, f16_rounding);
  }
}

TEST_CASE("gpu: every mask of four layers") {
  ModelConfig config = tiny_config(DType::q8_0);
  const TinyModelOptions options{.seed = 6, .dtype = DType::q8_0};
  const ModelSource source = tiny_model(config, options);
  const Shape shape{"masks", config, options, KvType::f16};
  REQUIRE(config.n_layers == 4);
  Random random(3);
  std::vector<int> tokens;
  for (int t = 0; t < 3; ++t) tokens.push_back(static_cast<int>(random.below(static_cast<std::size_t>(config.vocab))));
  std::vector<Sequence> sequences;
  for (unsigned mask = 0; mask < 256; ++mask) {
    Decisions decisions(8);
    for (unsigned u = 0; u < 8; ++u) decisions[u].skip = (mask >> u & 1) != 0;
    sequences.push_back(under(decisions, tokens));
  }
  // Sixteen sequences at a time, so that the rows of a step carry different decisions.
  Steps steps;
  for (std::size_t first = 0; first < 256; first += 16) {
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      steps.emplace_back();
      for (std::size_t s = first; s < first + 16; ++s) steps.back().push_back({s, t});
    }
  }
  const Bounded expected = bounded(source, shape.kv, sequences, steps, kernel_rounding, 8);
  CHECK(within(emulated(shape, source, sequences, steps, {}, {}, false), expected));
}
