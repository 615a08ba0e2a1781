// Attention of one thread. `decode`: one query row in all layers, so that K/V come from the same level of the memory as
// in a model; bytes count the K/V entries read. `prefill`: the rows of one prompt in one layer; 4 FLOP are counted per
// query head, component and visible entry. `kv` is the type of the cache: 0 for f16, 2 for q8_0.
#include "litestage/backend/cpu/rows/attention.hpp"

#include <cmath>

#include "litestage/backend/cpu/kv_storage.hpp"
#include "row_kernels.hpp"

using namespace litestage;

namespace {

struct Shape {
  std::size_t layers, heads, kv_heads, dim;
};
constexpr Shape shapes[] = {{30, 9, 3, 64}, {24, 14, 2, 64}, {28, 12, 2, 128}};  // 135M, 0.5B and 1.5B models

void contexts(benchmark::internal::Benchmark* b) {
  b->ArgNames({"shape", "context", "kv"});
  for (const int shape : {0, 1, 2}) {
    for (const int kv : {0, 2}) b->Args({shape, 128, kv})->Args({shape, 1000, kv})->Args({shape, 7936, kv});
  }
}
void prompts(benchmark::internal::Benchmark* b) {
  b->ArgNames({"shape", "tokens", "kv"});
  for (const int shape : {0, 1, 2}) {
    for (const int kv : {0, 2}) b->Args({shape, 128, kv})->Args({shape, 512, kv})->Args({shape, 2048, kv});
  }
}

template <class Kernels>
cpu::KvStorage filled(const Shape& s, std::size_t layers, std::size_t entries, KvType type) {
  cpu::KvStorage storage({1, layers, entries, s.kv_heads, s.dim, type});
  const Buffer<float> x = bench::random_floats(2 * s.dim * (entries + 1));
  for (std::size_t l = 0; l < layers; ++l) {
    for (std::size_t h = 0; h < s.kv_heads; ++h) {
      for (std::size_t e = 0; e < entries; ++e) {
        storage.store<Kernels>(0, static_cast<int>(l), h, static_cast<int>(e), &x[e * s.dim], &x[(e + 1) * s.dim]);
      }
    }
  }
  return storage;
}

template <class Kernels>
void attend(float* out, const float* q, const cpu::KvStorage& storage, int layer, const Shape& s, std::size_t visible,
            float* scratch) {
  const cpu::HeadGroup group{s.heads / s.kv_heads, s.dim, storage.width(), 1 / std::sqrt(static_cast<float>(s.dim))};
  for (std::size_t h = 0; h < s.kv_heads; ++h) {
    const std::size_t at = h * group.heads * s.dim;
    if (storage.shape().type == KvType::q8_0)
      cpu::attend_row<Kernels>(out + at, group, q + at, storage.stream<cpu::Q8>(0, layer, h), {0, visible}, scratch);
    else
      cpu::attend_row<Kernels>(out + at, group, q + at, storage.stream<f16>(0, layer, h), {0, visible}, scratch);
  }
}

template <class Kernels>
void verify(const cpu::KvStorage& storage, const Shape& s, const float* q, float* out, float* scratch) {
  attend<Kernels>(out, q, storage, 0, s, 1, scratch);
  const float value = storage.shape().type == KvType::q8_0
                          ? cpu::Portable::number(storage.stream<cpu::Q8>(0, 0, 0).value_rows(0, 0), 0, 1)
                          : cpu::Portable::number(storage.stream<f16>(0, 0, 0).value_rows(0, 0), 0, 1);
  bench::require(out[1] == value, "attention to one entry is that entry's value");
}

template <class Kernels>
void decode(benchmark::State& state) {
  if (!bench::runs_here<Kernels>()) return state.SkipWithError("not on this CPU");
  const Shape& s = shapes[state.range(0)];
  const auto context = static_cast<std::size_t>(state.range(1));
  const cpu::KvStorage storage = filled<Kernels>(s, s.layers, context, static_cast<KvType>(state.range(2)));
  const Buffer<float> q = bench::random_floats(s.heads * s.dim);
  Buffer<float> out(q.size()), scratch(s.heads * 8 * (s.dim + cpu::block_entries + 32));
  verify<Kernels>(storage, s, q.data(), out.data(), scratch.data());
  for (auto _ : state) {
    for (std::size_t l = 0; l < s.layers; ++l) {
      attend<Kernels>(out.data(), q.data(), storage, static_cast<int>(l), s, context, scratch.data());
      benchmark::DoNotOptimize(out.data());
      benchmark::ClobberMemory();
    }
  }
  const std::size_t bytes = CacheShape{1, s.layers, context, s.kv_heads, s.dim, storage.shape().type}.bytes();
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes));
}

template <class Kernels>
void prefill(benchmark::State& state) {
  if (!bench::runs_here<Kernels>()) return state.SkipWithError("not on this CPU");
  const Shape& s = shapes[state.range(0)];
  const auto tokens = static_cast<std::size_t>(state.range(1));
  const cpu::KvStorage storage = filled<Kernels>(s, 1, tokens, static_cast<KvType>(state.range(2)));
  const Buffer<float> q = bench::random_floats(s.heads * s.dim);
  Buffer<float> out(q.size()), scratch(s.heads * 8 * (s.dim + cpu::block_entries + 32));
  verify<Kernels>(storage, s, q.data(), out.data(), scratch.data());
  for (auto _ : state) {
    for (std::size_t t = 0; t < tokens; ++t) {
      attend<Kernels>(out.data(), q.data(), storage, 0, s, t + 1, scratch.data());
      benchmark::DoNotOptimize(out.data());
      benchmark::ClobberMemory();
    }
  }
  const double flops = 4 * static_cast<double>(s.heads * s.dim * tokens * (tokens + 1) / 2);
  state.counters["flops"] = benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace

LITESTAGE_BENCH_KERNELS(decode, contexts);
LITESTAGE_BENCH_KERNELS(prefill, prompts);
