// The operations of one decoded token on a GPU, each in all layers of a model of random weights, recorded and replayed.
// Bytes are those of weights, K/V and activations. Where a model's part is smaller than the GPU's level-2 cache, that
// is what its line shows. Only built with CUDA; every line says so where no GPU is found.
#include <benchmark/benchmark.h>

#include <cmath>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gpu/measure.hpp"
#include "gpu/synthetic_model.hpp"
#include "litestage/backend/cpu.hpp"
#include "litestage/backend/gpu.hpp"
#include "litestage/backend/gpu/cuda_runtime.hpp"
#include "require.hpp"

using namespace litestage;
using namespace litestage::gpu_check;

namespace {

using CudaBackend = GpuBackend<gpu::CudaRuntime>;

constexpr std::size_t contexts[] = {128, 1024};  // of one chunk of attention, and of eight
constexpr const char* shapes[] = {"smollm2-135m", "tinyllama-1.1b", "llama-7b"};

// Every operation on layer 0, one after another as in a step: within 1 % of the CPU's, which rounds inputs alike.
void compare(DecodeOperations<CpuBackend>& theirs, DecodeOperations<CudaBackend>& ours) {
  for (std::size_t o = 0; o < decode_operation_names.size(); ++o) {
    const auto operation = static_cast<DecodeOperation>(o);
    theirs.run(operation, 0);
    ours.run(operation, 0);
    const std::vector<float> expected = theirs.result(operation), found = ours.result(operation);
    double error = 0, length = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const auto e = static_cast<double>(expected[i]), d = static_cast<double>(found[i]) - e;
      error += d * d;
      length += e * e;
    }
    const std::string what = concat(decode_operation_names[o], " as on the CPU");
    bench::require(std::sqrt(error) <= 0.01 * std::sqrt(length), what.c_str());
  }
}

// At each context that is measured.
void verify(CudaBackend& backend, const Model<CudaBackend>& model, ModelSource source) {
  source.config.n_layers = 1;  // the first layer and the head are those of the whole model
  source.tensors.layers.resize(1);
  CpuBackend cpu(CpuOptions{});
  const auto same = load(cpu, source);
  for (const std::size_t context : contexts) {
    DecodeOperations<CpuBackend> theirs(cpu, same, context);
    DecodeOperations<CudaBackend> ours(backend, model, context);
    compare(theirs, ours);
  }
}

struct Loaded {
  Loaded(int shape, DType type) {
    const ModelSource source = synthetic_model(named_config(shapes[shape]), type);
    model = load(backend, source);
    verify(backend, model, source);
  }
  CudaBackend backend;
  Model<CudaBackend> model;
};

// The last one is kept: benchmarks come in the order of their models.
Loaded& loaded(int shape, DType type) {
  static std::unique_ptr<Loaded> last;
  static std::pair<int, DType> which;
  if (last == nullptr || which != std::pair(shape, type)) {
    last.reset();
    last = std::make_unique<Loaded>(shape, type);
    which = {shape, type};
  }
  return *last;
}

[[nodiscard]] std::string_view what_is_read(const Model<CudaBackend>& model, DecodeOperation op) {
  const Layer<CudaBackend>& layer = model.layers[0];
  switch (op) {
    case DecodeOperation::project_qkv:
      return name(layer.attention.q.type());
    case DecodeOperation::attend:
      return "K/V in f16";
    case DecodeOperation::project_out:
      return name(layer.attention.out.type());
    case DecodeOperation::gate_up:
      return name(layer.mlp.gate.type());
    case DecodeOperation::project_down:
      return name(layer.mlp.down.type());
    case DecodeOperation::logits:
      return name(model.head.type());
  }
  return "";
}

void operation(benchmark::State& state) {
  const auto type = static_cast<DType>(state.range(1));
  const auto op = static_cast<DecodeOperation>(state.range(2));
  constexpr int replays = 16;  // to a wait
  try {
    Loaded& m = loaded(static_cast<int>(state.range(0)), type);
    OperationRounds<gpu::CudaRuntime> rounds(m.backend, m.model, static_cast<std::size_t>(state.range(3)));
    auto recording = rounds.record(op);
    for (auto _ : state) {
      for (int i = 0; i < replays; ++i) rounds.replay(recording);
      rounds.wait();
    }
    state.SetBytesProcessed(
        static_cast<std::int64_t>(static_cast<double>(state.iterations()) * replays * rounds.bytes(op)));
    state.SetItemsProcessed(state.iterations() * replays * rounds.count(op));
    state.SetLabel(concat(decode_operation_names[static_cast<std::size_t>(op)], ", ", what_is_read(m.model, op)));
  } catch (const Error& e) {
    state.SkipWithError(e.what());
  }
}

// An item is one operation of one layer. Rows that are no multiple of 256 take Q5_0 for Q4_K: the label says which.
BENCHMARK(operation)
    ->ArgNames({"shape", "type", "operation", "context"})
    ->Apply([](benchmark::internal::Benchmark* b) {
      for (std::int64_t shape = 0; shape < 3; ++shape) {
        for (const DType type : {DType::q4_k, DType::q8_0}) {
          for (std::int64_t op = 0; op < 6; ++op) {
            for (const std::size_t context : contexts) {
              const bool attends = op == static_cast<std::int64_t>(DecodeOperation::attend);
              if (!attends && context != contexts[1]) continue;
              b->Args({shape, static_cast<std::int64_t>(type), op, static_cast<std::int64_t>(context)});
            }
          }
        }
      }
    })
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
