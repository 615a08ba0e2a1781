// A whole model on a gpu backend: compared with the CPU and with itself, and measured.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "gpu/report.hpp"

namespace litestage::gpu_check {

struct WholeModelWork {
  std::size_t positions = 32;
  int threads = 0;                       // of the CPU backend
  std::optional<MeasuredWork> measured;  // none: the model is only checked
};

// What a backend without recordings adds to the measurements.
template <Backend B>
void measure_launches(Speeds& speeds, B& backend, const Model<B>& model) {
  const MeasuredWork& what = speeds.what;
  for (DecodeSpeed& d : speeds.decode) d.launched = step_seconds(backend, model, token_at(d.context), what.enough);
  for (const int rows : what.step_rows) {
    const StepSetting step = token_of_each(rows, what.step_context);
    speeds.steps.push_back({rows, step_seconds(backend, model, step, what.enough), 0});
  }
}
// Where own kernels and cuBLAS cross. Nothing is recorded here, because steps through cuBLAS never are.
template <class Make>
void measure_steps_through_cublas(Speeds& speeds, const Make& make, const ModelSource& source) {
  GpuOptions options;
  options.recorded_steps = 0;
  options.gemm_from_rows = 1;
  auto backend = make(options);
  const auto model = load(backend, source);
  for (StepSpeed& s : speeds.steps) {
    s.cublas = step_seconds(backend, model, token_of_each(s.rows, speeds.what.step_context), speeds.what.enough);
  }
}

// make(options): a gpu backend. The model is on the device once at a time: with recorded steps, without, and with all
// products through cuBLAS.
template <class Make, class Note>
void work_on_whole_model(Report& report, const Make& make, const ModelSource& source, const WholeModelWork& work,
                         const Note& note) {
  note("running the model on the CPU");
  const CpuRun cpu = run_on_cpu(source, work.threads, work.positions);
  WholeModelCheck check;
  Rows replayed;
  {
    note("loading the model to the GPU");
    auto backend = make(GpuOptions{});
    const auto model = load(backend, source);
    note("comparing it with the CPU");
    replayed = decode_rows(backend, model, cpu.tokens);
    check.replays = backend.replays();
    check.decode = compare_rows(replayed, cpu.logits, allowed_of_own_kernels);
    check.prefill = compare_rows(prefill_rows(backend, model, cpu.tokens), cpu.logits, allowed_of_cublas);
    if (work.measured) report.speeds = measure_speeds(backend, model, *work.measured, note);
  }
  note("the same without recorded steps");
  GpuOptions plain;
  plain.recorded_steps = 0;
  plain.gemm_from_rows = 1000;
  {
    auto backend = make(plain);
    const auto model = load(backend, source);
    check.same_bits = decode_rows(backend, model, cpu.tokens) == replayed;
    if (report.speeds) measure_launches(*report.speeds, backend, model);
  }
  if (report.speeds) measure_steps_through_cublas(*report.speeds, make, source);
  report.whole = std::move(check);
}

}  // namespace litestage::gpu_check
