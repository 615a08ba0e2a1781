// The kernels of one decoded token on a GPU with random weights. Each is launched as often as in the step, recorded and
// replayed. Bytes count weights, K/V and activations. If a kernel's data fit into the GPU's level-2 cache, its line
// shows the speed of the cache. Built only with CUDA; without a GPU every line says that none is found.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "litestage/backend/cpu/cpu_backend.hpp"
#include "litestage/backend/gpu/device/cuda_runtime.hpp"
#include "litestage/backend/gpu/gpu_backend.hpp"
#include "litestage/validate/checks/whole_model.hpp"
#include "litestage/validate/named_shapes.hpp"
#include "litestage/validate/speed/kernels_of_step.hpp"
#include "litestage/validate/synthetic_model.hpp"
#include "require.hpp"

using namespace litestage;
using namespace litestage::validation;

namespace {

using CudaBackend = GpuBackend<Listed<gpu::CudaRuntime>>;

constexpr int contexts[] = {128, 1024};  // one chunk of attention, and eight
constexpr const char* shapes[] = {"smollm2-135m", "tinyllama-1.1b", "llama-7b"};
constexpr const char* kernel_names[] = {"project_qkv", "attend", "project_add", "gate_up", "logits", "token_summary"};
constexpr std::int64_t attend = 1;  // index of the only kernel whose work depends on the context

// Checks a token's logits at each measured context: within 1 % of the CPU's, which rounds inputs in the same way.
void verify(CudaBackend& backend, ModelSource source) {
  source.config.n_layers = 1;  // the first layer and the head are those of the whole model
  source.tensors.layers.resize(1);
  CpuBackend cpu(CpuOptions{});
  const auto theirs = load(cpu, source);
  const auto ours = load(backend, source);
  for (const int context : contexts) {
    RepeatedStep<CpuBackend> expected(cpu, theirs, token_at(context));
    RepeatedStep<CudaBackend> found(backend, ours, token_at(context));
    expected();
    found();
    bench::require(compare_rows({found.logits()}, {expected.logits()}, 0.01).passed(), "logits as on the CPU");
  }
}

struct Loaded {
  Loaded(int shape, DType type) {
    const ModelSource source = synthetic_model(named_config(shapes[shape]), type);
    model = load(backend, source);
    verify(backend, source);
  }
  // All products use our own kernels, prompts too, so that a prompt's bits equal those of decoded tokens.
  CudaBackend backend{GpuOptions{.gemm_from_rows = std::numeric_limits<std::size_t>::max()}};
  Model<CudaBackend> model;
};

// Keeps the last model, because benchmarks run in the order of their models.
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

void kernel(benchmark::State& state) {
  constexpr int replays = 16;  // per wait
  const std::string name = kernel_names[state.range(2)];
  try {
    Loaded& m = loaded(static_cast<int>(state.range(0)), static_cast<DType>(state.range(1)));
    RepeatedStep<CudaBackend> step(m.backend, m.model, token_at(static_cast<int>(state.range(3))));
    std::vector<KernelOfStep> kernels = kernels_of_step(m.backend, step);
    std::erase_if(kernels, [&](const KernelOfStep& k) { return k.kernel != name; });
    double bytes = 0;
    std::size_t launches = 0;
    std::string of;
    for (const KernelOfStep& k : kernels) {
      bytes += k.bytes();
      launches += k.again.size();
      of += concat(of.empty() ? "" : "; ", k.again.size(), " of ", k.work.of);
    }
    auto recording = gpu::record(m.backend.runtime(), [&] {
      for (const KernelOfStep& k : kernels) k.launch_all();
    });
    for (auto _ : state) {
      for (int i = 0; i < replays; ++i) m.backend.runtime().replay(recording);
      step.wait();
    }
    const double rounds = static_cast<double>(state.iterations()) * replays;
    state.SetBytesProcessed(static_cast<std::int64_t>(rounds * bytes));
    state.SetItemsProcessed(static_cast<std::int64_t>(rounds * static_cast<double>(launches)));
    state.SetLabel(concat(name, ": ", of));
  } catch (const gpu::NoDevice& e) {
    state.SkipWithError(e.what());
  } catch (const Error& e) {
    bench::require(false, e.what());
  }
}

// An item is one launch. Matrices whose rows are no multiple of 256 use Q5_0 instead of Q4_K; the label says which.
BENCHMARK(kernel)
    ->ArgNames({"shape", "type", "kernel", "context"})
    ->Apply([](benchmark::internal::Benchmark* b) {
      for (std::int64_t shape = 0; shape < std::ssize(shapes); ++shape) {
        for (const DType type : {DType::q4_k, DType::q8_0}) {
          for (std::int64_t k = 0; k < std::ssize(kernel_names); ++k) {
            for (const int context : contexts) {
              if (k != attend && context != contexts[1]) continue;
              b->Args({shape, static_cast<std::int64_t>(type), k, context});
            }
          }
        }
      }
    })
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
