// The work of one thread for one decoded token outside the matrix products: norms, rounding of activations, RoPE, K/V,
// attention, gates, and statistics of the logits, in the order of the layers. Shapes of a 135M and a 0.5B model.
#include <cmath>

#include "litestage/backend/cpu/kv_storage.hpp"
#include "litestage/backend/cpu/matmul/activations.hpp"
#include "litestage/backend/cpu/rows/attention.hpp"
#include "litestage/backend/cpu/rows/gate.hpp"
#include "litestage/backend/cpu/rows/norm.hpp"
#include "litestage/backend/cpu/rows/rope.hpp"
#include "litestage/backend/cpu/rows/token_stats.hpp"
#include "row_kernels.hpp"

using namespace litestage;

namespace {

struct Shape {
  std::size_t layers, hidden, heads, kv_heads, dim, ffn, vocab;
};
constexpr Shape shapes[] = {{30, 576, 9, 3, 64, 1536, 49152}, {24, 896, 14, 2, 64, 4864, 151936}};

void arguments(benchmark::internal::Benchmark* b) {
  b->ArgNames({"shape", "context"});
  for (const int shape : {0, 1}) b->Args({shape, 128})->Args({shape, 1000});
}

template <class Kernels>
constexpr cpu::InstructionSet set_of() {
#if defined(__x86_64__)
  if (std::is_same_v<Kernels, cpu::Avx512>) return cpu::InstructionSet::avx512;
  if (std::is_same_v<Kernels, cpu::Avx2>) return cpu::InstructionSet::avx2;
#endif
  return cpu::InstructionSet::portable;
}

// Buffers of one token, which the matrix products would fill in a model.
struct Token {
  explicit Token(const Shape& s, std::size_t context)
      : group{s.heads / s.kv_heads, s.dim, cpu::round_up(s.dim, 16), 1 / std::sqrt(static_cast<float>(s.dim))},
        cache({1, s.layers, context, s.kv_heads, s.dim, KvType::f16}),
        scratch(group.scratch_size()),
        cos(s.dim / 2),
        sin(s.dim / 2),
        chunks(cpu::logit_chunks(s.vocab)) {
    for (std::size_t i = 0; i < s.dim / 2; ++i) {
      cos[i] = std::cos(static_cast<float>(i));
      sin[i] = std::sin(static_cast<float>(i));
    }
  }

  cpu::HeadGroup group;
  cpu::KvStorage cache;
  Buffer<float> scratch, cos, sin;
  Buffer<cpu::LogitChunk> chunks;
};

template <class Kernels>
void attention(const Shape& s, Token& t, int layer, std::size_t context, float* qkv, float* out) {
  for (std::size_t h = 0; h < s.heads + s.kv_heads; ++h) {
    cpu::rotate_head<Kernels>(qkv + h * s.dim, t.cos.data(), t.sin.data(), s.dim, false);
  }
  const float* keys = qkv + s.heads * s.dim;
  for (std::size_t h = 0; h < s.kv_heads; ++h) {
    t.cache.store<Kernels>(0, layer, h, static_cast<int>(context) - 1, keys + h * s.dim,
                           keys + (s.kv_heads + h) * s.dim);
    const std::size_t at = h * t.group.heads * s.dim;
    cpu::attend_row<Kernels>(out + at, t.group, qkv + at, t.cache.stream<f16>(0, layer, h), {0, context},
                             t.scratch.data());
  }
}

// All entries of the cache except the last are zero, so the result is the last entry's value times its weight.
void verify(const float* out, const float* value) {
  const float weight = out[0] / value[0];
  bench::require(weight > 0 && weight < 1, "a weight is between 0 and 1");
  const float expected = weight * value[1];
  bench::require(std::abs(out[1] - expected) < 0.01f * std::abs(expected), "attention to one entry and zeros");
}

template <class Kernels>
void decode_rest(benchmark::State& state) {
  if (!bench::runs_here<Kernels>()) return state.SkipWithError("not on this CPU");
  const Shape& s = shapes[state.range(0)];
  const auto context = static_cast<std::size_t>(state.range(1));
  Token t(s, context);
  Buffer<float> x = bench::random_floats(s.hidden), norm = bench::random_floats(s.hidden), h(s.hidden);
  Buffer<float> qkv = bench::random_floats((s.heads + 2 * s.kv_heads) * s.dim), out(s.heads * s.dim);
  Buffer<float> gate = bench::random_floats(s.ffn), up(s.ffn), logits = bench::random_floats(s.vocab);
  cpu::Activations inputs(set_of<Kernels>());
  inputs.reshape(1, s.ffn, {true, false});  // the largest first, so that the loop allocates nothing
  const auto prepare = [&](const float* row, std::size_t n) {
    inputs.reshape(1, n, {true, false});
    inputs.set_row(0, row);
  };
  attention<Kernels>(s, t, 0, context, qkv.data(), out.data());
  verify(out.data(), qkv.data() + (s.heads + s.kv_heads) * s.dim);
  for (auto _ : state) {
    for (std::size_t l = 0; l < s.layers; ++l) {
      cpu::rms_norm<Kernels>(h.data(), x.data(), norm.data(), 1e-5f, s.hidden);
      prepare(h.data(), s.hidden);
      attention<Kernels>(s, t, static_cast<int>(l), context, qkv.data(), out.data());
      prepare(out.data(), s.heads * s.dim);
      cpu::rms_norm<Kernels>(h.data(), x.data(), norm.data(), 1e-5f, s.hidden);
      prepare(h.data(), s.hidden);
      cpu::apply_gate<Kernels>(Activation::silu, gate.data(), up.data(), s.ffn);
      prepare(up.data(), s.ffn);
      benchmark::ClobberMemory();
    }
    for (std::size_t c = 0; c < t.chunks.size(); ++c) {
      cpu::measure_max<Kernels>(t.chunks[c], logits.data(), s.vocab, c);
    }
    const float max = cpu::row_max(t.chunks.data(), t.chunks.size());
    for (std::size_t c = 0; c < t.chunks.size(); ++c) {
      cpu::measure_sums<Kernels>(t.chunks[c], logits.data(), s.vocab, c, max);
    }
    benchmark::DoNotOptimize(cpu::summarize<Kernels>(t.chunks.data(), logits.data(), s.vocab, Signal::max_prob));
  }
  state.SetBytesProcessed(
      static_cast<std::int64_t>(state.iterations() * s.layers * s.kv_heads * 2 * context * s.dim * sizeof(f16)));
}

}  // namespace

LITESTAGE_BENCH_KERNELS(decode_rest, arguments);
