// Whole steps of a model with SmolLM2-135M's shape and random weights: one decoded token, a batch of decoded tokens, a
// prefill, and steps with skipped layers. Bytes count packed weights and K/V; FLOP count the products.
#include <benchmark/benchmark.h>

#include <cmath>
#include <map>
#include <memory>
#include <vector>

#include "common/tiny_model.hpp"
#include "litestage/backend/cpu/cpu_backend.hpp"
#include "litestage/backend/reference/reference_backend.hpp"
#include "litestage/engine/session.hpp"
#include "require.hpp"

using namespace litestage;

namespace {

constexpr std::size_t capacity = 1024;

ModelConfig shape_135m() {
  ModelConfig c;
  c.architecture = "llama";
  c.n_layers = 30;
  c.hidden = 576;
  c.n_heads = 9;
  c.n_kv_heads = 3;
  c.head_dim = c.rope.rotary_dim = 64;
  c.ffn = 1536;
  c.vocab = 49152;
  c.max_context = 2048;
  c.tied_head = true;
  return c;
}

// One thread, because the times of two depend on which cores they run on.
struct Loaded {
  explicit Loaded(DType type)
      : source(test::tiny_model(shape_135m(), {1, type, false, false, {{"token_embd", DType::q8_0}}})),
        backend(CpuOptions{1}),
        model(load(backend, source)),
        session(backend, model, {16, capacity, KvType::f16}) {
    bench::require(agrees_with_reference(), "logits as the reference has them");
  }

  // The logits of three tokens may differ from those in double by 3 % of their length, because activations are rounded
  // to eight bits in each of thirty layers.
  bool agrees_with_reference() {
    ReferenceBackend exact;
    const Model<ReferenceBackend> same = load(exact, source);
    Session<ReferenceBackend> truth(exact, same, {1, 8, KvType::f16});
    const int all = truth.skip_nothing(), here = session.skip_nothing();
    const std::vector<StepRow> theirs{{5, 0, all}, {77, 0, all}, {4321, 0, all, true}};
    const std::vector<StepRow> ours{{5, 0, here}, {77, 0, here}, {4321, 0, here, true}};
    truth.step(theirs);
    session.step(ours);
    double error = 0, length = 0;
    for (std::size_t i = 0; i < truth.logits().extent(1); ++i) {
      const double t = truth.logits()(0, i), d = static_cast<double>(session.logits()(0, i)) - t;
      error += d * d;
      length += t * t;
    }
    session.cache().truncate(0, 0);
    const bool good = std::sqrt(error) <= 0.03 * std::sqrt(length);
    if (!good) std::fprintf(stderr, "step: relative error %g\n", std::sqrt(error / length));
    return good;
  }

  ModelSource source;
  CpuBackend backend;
  Model<CpuBackend> model;
  Session<CpuBackend> session;
};

Loaded& loaded(DType type) {
  static std::map<DType, std::unique_ptr<Loaded>> models;
  std::unique_ptr<Loaded>& one = models[type];
  if (!one) one = std::make_unique<Loaded>(type);
  return *one;
}

// Number of parameters in the matrices of `layers` layers and, if `head`, of the output head.
double parameters(const ModelConfig& c, int layers, bool head) {
  const double attention = 2.0 * c.hidden * (c.q_dim() + c.kv_dim()), mlp = 3.0 * c.hidden * c.ffn;
  return layers * (attention + mlp) + (head ? static_cast<double>(c.hidden) * c.vocab : 0.0);
}
double bytes(const ModelConfig& c, DType type, int layers) {
  const auto per = [](DType t) {
    return static_cast<double>(info(t).block_bytes) / static_cast<double>(info(t).block_size);
  };
  return parameters(c, layers, false) * per(type) + static_cast<double>(c.hidden) * c.vocab * per(DType::q8_0);
}

// Decodes at a context of about 128 tokens and skips the first `skipped` layers after layer 0.
void decode(benchmark::State& state) {
  const auto type = static_cast<DType>(state.range(0));
  const auto batch = static_cast<int>(state.range(1)), skipped = static_cast<int>(state.range(2));
  Loaded& m = loaded(type);
  Decisions decisions(static_cast<std::size_t>(m.model.config.n_sublayers()));
  for (int u = 2; u < 2 + 2 * skipped; ++u) decisions[static_cast<std::size_t>(u)].skip = true;
  const int number = m.session.decisions().number_of(decisions);
  std::vector<StepRow> prompt, step;
  for (int b = 0; b < batch; ++b) {
    m.session.cache().truncate(b, 0);
    for (int i = 0; i < 128; ++i) prompt.push_back({i + b, b, number});
    step.push_back({7 + b, b, number, true});
  }
  m.session.step(prompt);
  std::vector<TokenStats> stats(step.size());
  for (auto _ : state) {
    for (int b = 0; b < batch; ++b) m.session.cache().truncate(b, 128);
    m.session.step(step);
    m.backend.token_stats(stats, m.session.logits(), Signal::max_prob);
    benchmark::DoNotOptimize(stats.data());
  }
  const int layers = m.model.config.n_layers - skipped;
  state.SetItemsProcessed(state.iterations() * batch);
  state.SetBytesProcessed(
      static_cast<std::int64_t>(static_cast<double>(state.iterations()) * bytes(m.model.config, type, layers)));
  state.counters["FLOP/s"] = benchmark::Counter(2 * batch * parameters(m.model.config, layers, true),
                                                benchmark::Counter::kIsIterationInvariantRate);
}

void prefill(benchmark::State& state) {
  const auto type = static_cast<DType>(state.range(0));
  const auto n = static_cast<int>(state.range(1));
  Loaded& m = loaded(type);
  const int number = m.session.skip_nothing();
  std::vector<StepRow> rows;
  for (int i = 0; i < n; ++i) rows.push_back({i, 0, number, i + 1 == n});
  for (auto _ : state) {
    m.session.cache().truncate(0, 0);
    m.session.step(rows);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * n);
  state.counters["FLOP/s"] =
      benchmark::Counter(2 * n * parameters(m.model.config, 30, false), benchmark::Counter::kIsIterationInvariantRate);
}

void types(benchmark::internal::Benchmark* b, const std::vector<std::vector<std::int64_t>>& rest) {
  for (const DType type : {DType::q4_1, DType::q8_0}) {
    for (std::vector<std::int64_t> args : rest) {
      args.insert(args.begin(), static_cast<std::int64_t>(type));
      b->Args(args);
    }
  }
}

// type: 5 is Q4_1, 3 is Q8_0 (the numbers of DType); the embedding and head are Q8_0 in both.
BENCHMARK(decode)
    ->ArgNames({"type", "batch", "skipped_layers"})
    ->Apply([](benchmark::internal::Benchmark* b) {
      types(b, {{1, 0}, {1, 5}, {1, 10}, {1, 15}, {4, 0}, {16, 0}});
    })
    ->Unit(benchmark::kMillisecond);
BENCHMARK(prefill)
    ->ArgNames({"type", "tokens"})
    ->Apply([](benchmark::internal::Benchmark* b) {
      types(b, {{32}, {128}, {512}});
    })
    ->Unit(benchmark::kMillisecond);

}  // namespace
