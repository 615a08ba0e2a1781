// All checks and measurements on a CUDA device. Only where the program is built with CUDA.
#pragma once

#include <cuda_runtime_api.h>

#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "gpu/report.hpp"
#include "litestage/backend/gpu/cuda_runtime.hpp"

namespace litestage::gpu_check {

using CudaBackend = GpuBackend<gpu::CudaRuntime>;

[[nodiscard]] inline Device find_device(int number) {
  Device device{gpu::CudaRuntime(number).device(), 0};
  int bytes = 0;
  gpu::detail::check_cuda(cudaDeviceGetAttribute(&bytes, cudaDevAttrL2CacheSize, number), "cudaDeviceGetAttribute");
  device.cache_bytes = static_cast<std::size_t>(bytes);
  return device;
}

// Every weight type with both types of keys and values. note(what) is told what comes next.
template <class Make, class Note>
void check_all_kernels(Report& report, const Make& make, const Note& note) {
  constexpr std::array row_counts = {2, 3, 8, 16};
  const KernelWork work{300, row_counts};  // three chunks of attention, ten tiles
  for (const DTypeInfo& type : dtype_table) {
    for (const KvType kv : {KvType::f16, KvType::f32}) {
      note(concat("checking ", type.name, ", K/V in ", kv_name(kv)));
      report.kernels.push_back(check_kernels(make, type.type, kv, work));
    }
  }
  note("checking statistics of logits");
  report.stats = check_token_stats(make, 20000);
  note("checking recorded steps");
  report.replays = check_replays(make, DType::q4_k, 600);
}

struct WholeModelWork {
  std::size_t positions = 32;
  int threads = 0;  // of the CPU backend
  bool measure = true;
};

// Where own kernels and cuBLAS cross. Nothing is recorded here, because steps through cuBLAS never are.
template <class Make>
void measure_steps_through_cublas(std::vector<StepSpeed>& steps, const Make& make, const ModelSource& source) {
  GpuOptions options;
  options.recorded_steps = 0;
  options.gemm_from_rows = 1;
  CudaBackend backend = make(options);
  const auto model = load(backend, source);
  for (StepSpeed& step : steps) step.cublas = step_seconds(backend, model, step.rows);
}

// The model is on the device once at a time: with recorded steps, without, and with all products through cuBLAS.
template <class Make, class Note>
void work_on_whole_model(Report& report, const Make& make, const ModelSource& source, const WholeModelWork& work,
                         const Note& note) {
  note("running the model on the CPU");
  const CpuRun cpu = run_on_cpu(source, work.threads, work.positions);
  WholeModelCheck check;
  Rows replayed;
  {
    note("loading the model to the GPU");
    CudaBackend backend = make(GpuOptions{});
    const auto model = load(backend, source);
    note("comparing it with the CPU");
    replayed = decode_rows(backend, model, cpu.tokens);
    check.decode = compare_rows(replayed, cpu.logits);
    check.prefill = compare_rows(prefill_rows(backend, model, cpu.tokens), cpu.logits);
    if (work.measure) report.speeds = measure_speeds(backend, model, note);
  }
  note("the same without recorded steps");
  GpuOptions plain;
  plain.recorded_steps = 0;
  plain.gemm_from_rows = 1000;
  {
    CudaBackend backend = make(plain);
    const auto model = load(backend, source);
    check.same_bits = decode_rows(backend, model, cpu.tokens) == replayed;
    if (report.speeds) {
      for (DecodeSpeed& d : report.speeds->decode) d.launched = decode_seconds(backend, model, d.context, 0);
      for (const int rows : {4, 8, 16, 32, 64}) {
        report.speeds->steps.push_back({rows, step_seconds(backend, model, rows), 0});
      }
    }
  }
  if (report.speeds) measure_steps_through_cublas(report.speeds->steps, make, source);
  report.whole = std::move(check);
}

}  // namespace litestage::gpu_check
