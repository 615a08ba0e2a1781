// Checks and measures a whole model on a GPU backend: against the CPU backend, and recorded steps against plain
// launches.
#pragma once

#include <cstddef>
#include <optional>

#include "litestage/backend/gpu/operations/gpu_options.hpp"
#include "litestage/validate/check_progress.hpp"
#include "litestage/validate/checks/whole_model.hpp"
#include "litestage/validate/speed/measure_speeds.hpp"

namespace litestage::validation {

struct WholeModelWork {
  std::size_t positions = 32;
  int threads = 0;                       // of the CPU backend
  std::optional<MeasuredWork> measured;  // if empty, the model is only checked
};

struct WholeModelCheck {
  RowsCompared decode, prefill;
  std::size_t replays = 0;  // number of replayed steps of decoded tokens
  bool same_bits = true;    // whether recorded steps give the same bits as plain launches
  [[nodiscard]] bool passed() const { return decode.passed() && prefill.passed() && replays > 0 && same_bits; }
};

struct WholeModelResult {
  WholeModelCheck check;
  std::optional<Speeds> speeds;  // if WholeModelWork::measured is given
};

// make(options) makes a GPU backend. One copy of the model is on the device at a time: first for a backend with
// recorded steps, then for one without, and for measurements then for one with all products through cuBLAS.
template <class Make>
[[nodiscard]] WholeModelResult check_whole_model(const Make& make, const ModelSource& source,
                                                 const WholeModelWork& work, const CheckProgress& progress) {
  progress.begin("running the model on the CPU");
  const CpuRun cpu = run_on_cpu(source, work.threads, work.positions, progress);
  WholeModelResult result;
  WholeModelCheck& check = result.check;
  LogitRows replayed;
  {
    progress.begin("loading the model to the GPU");
    auto backend = make(GpuOptions{});
    const auto model = load(backend, source);
    progress.begin("comparing it with the CPU");
    replayed = decode_rows(backend, model, cpu.tokens, progress);
    check.replays = backend.replays();
    check.decode = compare_rows(replayed, cpu.logits, allowed_of_own_kernels);
    check.prefill = compare_rows(prefill_rows(backend, model, cpu.tokens), cpu.logits, allowed_of_cublas);
    if (work.measured) result.speeds = measure_speeds(backend, model, *work.measured, progress);
  }
  progress.begin("the same without recorded steps");
  {
    GpuOptions plain;
    plain.recorded_steps = 0;
    plain.gemm_from_rows = 1000;  // above the number of rows of any step here
    auto backend = make(plain);
    const auto model = load(backend, source);
    check.same_bits = decode_rows(backend, model, cpu.tokens, progress) == replayed;
    if (result.speeds) measure_plain_launches(*result.speeds, backend, model, progress);
  }
  if (result.speeds) measure_steps_through_cublas(*result.speeds, make, source, progress);
  return result;
}

}  // namespace litestage::validation
