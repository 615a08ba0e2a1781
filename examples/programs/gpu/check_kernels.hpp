// Every kernel that makes logits against the reference: small models of random weights, in steps of one to sixteen rows
// through own kernels and of a whole sequence through cuBLAS, with keys and values in both types, under random
// decisions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "gpu/expectation.hpp"
#include "gpu/synthetic_model.hpp"
#include "litestage/backend/gpu/gpu_backend.hpp"

namespace litestage::gpu_check {

struct KernelWork {
  std::size_t length;               // of the longest sequence
  std::span<const int> row_counts;  // of the steps whose bits are compared
};

struct KernelCheck {
  DType type = DType::f32;
  KvType kv = KvType::f16;
  std::string heads;            // "4/2 of 64": query heads, key/value heads, size
  double own = 0, cublas = 0;   // the largest difference, as a part of what is allowed
  std::vector<int> other_bits;  // steps of how many rows gave other bits than one row at a time

  [[nodiscard]] bool passed() const { return own <= 1 && cublas <= 1 && other_bits.empty(); }
};

// Shapes differ from type to type, so that all of them see every kernel of attention: one to eight query heads to a
// key, head sizes up to 256, both ways of RoPE, with and without biases and norms of heads.
[[nodiscard]] inline ModelConfig small_config(DType type) {
  constexpr int heads[][3] = {{4, 2, 64}, {4, 4, 64}, {4, 1, 128}, {8, 1, 32}, {2, 1, 256}};
  const auto number = static_cast<std::size_t>(type);
  const bool wide = info(type).block_size == 256;
  ModelConfig c;
  c.architecture = number % 2 == 0 ? "llama" : "qwen2";
  c.n_layers = 2;
  c.hidden = wide ? 256 : 96;
  c.n_heads = heads[number % 5][0];
  c.n_kv_heads = heads[number % 5][1];
  c.head_dim = c.rope.rotary_dim = heads[number % 5][2];
  c.ffn = wide ? 512 : 160;
  c.vocab = 97;
  c.max_context = 512;
  c.rope.pairing = number % 2 == 0 ? RopePairing::interleaved : RopePairing::halves;
  c.activation = number % 3 == 2 ? Activation::gelu_tanh : Activation::silu;
  return c;
}
[[nodiscard]] inline bool has_head_norms(DType type) {
  return static_cast<std::size_t>(type) % 3 == 0;
}

// make(options): a gpu backend, emulated or not.
template <class Make>
[[nodiscard]] KernelCheck check_kernels(const Make& make, DType type, KvType kv, const KernelWork& work) {
  const ModelConfig config = small_config(type);
  const ModelSource source = synthetic_model(config, type, has_head_norms(type));
  const std::vector<Sequence> sequences = random_sequences(config, work.length, 5);
  const auto run = [&](const GpuOptions& options, std::size_t rows) {
    auto backend = make(options);
    return run_model(backend, source, kv, sequences, steps_of(sequences, rows));
  };
  KernelCheck check{type, kv, concat(config.n_heads, "/", config.n_kv_heads, " of ", config.head_dim), 0, 0, {}};
  const Numbers alone = run({}, 1);
  check.own = largest_part(alone, expectation(source, kv, sequences, Products::own_kernels));
  for (const int rows : work.row_counts) {
    if (run({}, static_cast<std::size_t>(rows)) != alone) check.other_bits.push_back(rows);
  }
  const Expectation through_cublas = expectation(source, kv, sequences, Products::cublas);
  for (const kernels::GemmType gemm : {kernels::GemmType::bf16, kernels::GemmType::f16}) {
    GpuOptions all;
    all.gemm_from_rows = 1;
    all.gemm_type = gemm;
    check.cublas = std::max(check.cublas, largest_part(run(all, work.length), through_cublas));
  }
  return check;
}

// What a model of the type `type` writes over many steps, recorded or not. Contexts grow past a chunk of attention, and
// decisions change, so that several recordings are made, replayed and returned to.
struct DecodeTrace {
  std::vector<std::vector<float>> logits;  // [steps]
  std::size_t replays = 0;
};
template <class Make>
[[nodiscard]] DecodeTrace trace_decode(const Make& make, DType type, std::size_t recorded_steps, int steps) {
  GpuOptions options;
  options.recorded_steps = recorded_steps;
  auto backend = make(options);
  const ModelConfig config = small_config(type);
  const auto model = load(backend, synthetic_model(config, type));
  Session session(backend, model, {1, static_cast<std::size_t>(steps), KvType::f16});
  SplitMix64 random(11);
  int numbers[4];
  for (int& number : numbers) {
    Decisions decisions = random_decisions(random, config.n_layers);
    for (SkipDecision& d : decisions) d.kv = d.kv == KvOnSkip::copy_below ? KvOnSkip::none : d.kv;  // never recorded
    number = session.decisions().number_of(decisions);
  }
  numbers[0] = session.skip_nothing();
  DecodeTrace trace;
  for (int t = 0; t < steps; ++t) {
    const int token = static_cast<int>(random.below(static_cast<std::uint64_t>(config.vocab)));
    session.step(std::vector<StepRow>{{token, 0, numbers[random.below(4)], true}});
    session.read_logits(0, trace.logits.emplace_back());
  }
  trace.replays = backend.replays();
  return trace;
}

struct ReplayCheck {
  int steps = 0;
  std::size_t replays = 0;
  bool same_bits = false;
  [[nodiscard]] bool passed() const { return same_bits && replays > 0; }
};
template <class Make>
[[nodiscard]] ReplayCheck check_replays(const Make& make, DType type, int steps) {
  const DecodeTrace recorded = trace_decode(make, type, 64, steps), plain = trace_decode(make, type, 0, steps);
  return {steps, recorded.replays, recorded.logits == plain.logits};
}

}  // namespace litestage::gpu_check
