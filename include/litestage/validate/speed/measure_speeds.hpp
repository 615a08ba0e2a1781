// Measures kernels, tokens and skipped layers on a GPU backend by wall-clock time: the work is launched several times
// with one wait at the end, with twice as many launches in every round until a round takes long enough.
#pragma once

#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "litestage/validate/check_progress.hpp"
#include "litestage/validate/speed/kernels_of_step.hpp"

namespace litestage::validation {

// Settings of the measurement. The defaults are for a GPU.
struct MeasuredWork {
  int kernel_context = 1024;                // context of the token whose kernels are measured, and of skipped layers
  std::vector<int> contexts = {128, 1024};  // contexts of decoded tokens
  int prompt = 512;                         // tokens of a prefill
  std::vector<int> step_rows = {4, 8, 16, 32, 64};  // rows of steps through own kernels and through cuBLAS
  int step_context = 128;                           // context of these rows
  double enough = 0.5;                              // minimum seconds of a measurement
};

// Seconds of one call of `work`. It is called twice as often in every round, until all calls and wait() take `enough`
// seconds.
template <class Work, class Wait>
[[nodiscard]] double seconds_each(const Work& work, const Wait& wait, double enough, const CheckProgress& progress) {
  work();
  wait();
  for (std::size_t n = 1;; n *= 2) {
    progress.ask();
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < n; ++i) work();
    wait();
    const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (elapsed >= enough) return elapsed / static_cast<double>(n);
  }
}
template <Backend B>
[[nodiscard]] double step_seconds(B& backend, const Model<B>& model, const StepSetting& setting, double enough,
                                  const CheckProgress& progress) {
  RepeatedStep<B> step(backend, model, setting);
  return seconds_each([&] { step(); }, [] {}, enough, progress);
}

// ---- kernels ----

struct KernelSpeed {
  std::string kernel;
  LaunchWork work;           // of one launch
  std::size_t launches = 0;  // in a step
  double seconds = 0;        // of one launch, while all are launched one after another
  double bytes_in_turn = 0;  // KernelOfStep::bytes_in_turn; if a cache can hold it, the speed is not that of memory

  [[nodiscard]] double bytes_per_second() const { return work.bytes / seconds; }
  [[nodiscard]] double flop_per_second() const { return work.flop / seconds; }
};
struct StepKernels {
  std::string step;
  std::vector<KernelSpeed> kernels;
};

// Measures all kernels of a step except those in `but`. The launches of a kernel are recorded and replayed, as those of
// a decoded token are. Products of cuBLAS take long, so they are launched one by one.
template <ListedRuntime R>
[[nodiscard]] std::vector<KernelSpeed> measure_kernels(GpuBackend<R>& backend, RepeatedStep<GpuBackend<R>>& step,
                                                       const std::set<std::string>& but, double enough,
                                                       const CheckProgress& progress) {
  std::vector<KernelSpeed> speeds;
  for (const KernelOfStep& k : kernels_of_step(backend, step)) {
    if (but.contains(k.kernel)) continue;
    const auto wait = [&] { step.wait(); };
    double seconds = 0;
    if (k.kernel == "gemm") {
      seconds = seconds_each([&] { k.launch_all(); }, wait, enough, progress);
    } else {
      auto recording = gpu::record(backend.runtime(), [&] { k.launch_all(); });
      seconds = seconds_each([&] { backend.runtime().replay(recording); }, wait, enough, progress);
    }
    speeds.push_back({.kernel = k.kernel,
                      .work = k.work,
                      .launches = k.again.size(),
                      .seconds = seconds / static_cast<double>(k.again.size()),
                      .bytes_in_turn = k.bytes_in_turn()});
  }
  return speeds;
}
// Measures the kernels of all steps; the last step measures only kernels not measured before.
template <ListedRuntime R>
[[nodiscard]] std::vector<StepKernels> measure_all_kernels(GpuBackend<R>& backend, const Model<GpuBackend<R>>& model,
                                                           const MeasuredWork& what, const CheckProgress& progress) {
  std::vector<StepKernels> steps;
  std::set<std::string> measured;
  const std::vector<NamedStep> all = steps_of_all_kernels(model.config, what.kernel_context, what.prompt);
  for (const NamedStep& s : all) {
    RepeatedStep<GpuBackend<R>> step(backend, model, s.setting);
    const bool last = &s == &all.back();
    steps.push_back(
        {s.name, measure_kernels(backend, step, last ? measured : std::set<std::string>(), what.enough, progress)});
    for (const KernelSpeed& k : steps.back().kernels) measured.insert(k.kernel);
  }
  return steps;
}

// ---- tokens ----

// Decisions that skip `skipped` layers at even distances.
[[nodiscard]] inline Decisions skip_layers(int n_layers, int skipped) {
  Decisions decisions(2 * n_layers);
  for (int i = 0; i < skipped; ++i) {
    const int layer = (2 * i + 1) * n_layers / (2 * skipped);
    decisions[2 * layer].skip = decisions[2 * layer + 1].skip = true;
  }
  return decisions;
}

struct DecodeSpeed {
  int context = 0;
  double replayed = 0, launched = 0;  // seconds of a token: replayed as one recording, and launched one by one
};
// A step of one token of each of several sequences, through own kernels and through cuBLAS.
struct StepSpeed {
  int rows = 0;
  double own = 0, cublas = 0;  // seconds
};
struct SkipSpeed {
  int skipped = 0;  // layers
  double seconds = 0;
  double bytes = 0;  // minimum that a token moves
};
struct Speeds {
  MeasuredWork what;
  std::vector<StepKernels> kernels;
  std::vector<DecodeSpeed> decode;
  std::vector<StepSpeed> steps;
  std::vector<SkipSpeed> skipping;
  double prefill = 0;  // seconds of the prompt

  // Seconds of a token if its time were proportional to its bytes.
  [[nodiscard]] double predicted(const SkipSpeed& s) const {
    return skipping.front().seconds * s.bytes / skipping.front().bytes;
  }
  // Seconds that each skipped layer saved; 0 if none was skipped.
  [[nodiscard]] double saved_a_layer(const SkipSpeed& s) const {
    return s.skipped == 0 ? 0 : (skipping.front().seconds - s.seconds) / s.skipped;
  }
};

template <ListedRuntime R>
[[nodiscard]] SkipSpeed measure_skipping(GpuBackend<R>& backend, const Model<GpuBackend<R>>& model, int skipped,
                                         const MeasuredWork& what, const CheckProgress& progress) {
  SkipSpeed speed;
  speed.skipped = skipped;
  RepeatedStep<GpuBackend<R>> step(backend, model,
                                   token_at(what.kernel_context, skip_layers(model.config.n_layers, skipped)));
  for (const KernelOfStep& k : kernels_of_step(backend, step)) speed.bytes += k.bytes();
  speed.seconds = seconds_each([&] { step(); }, [] {}, what.enough, progress);
  return speed;
}

// Measures everything that needs a backend with recordings. The two functions below add the other measurements.
template <ListedRuntime R>
[[nodiscard]] Speeds measure_speeds(GpuBackend<R>& backend, const Model<GpuBackend<R>>& model, const MeasuredWork& what,
                                    const CheckProgress& progress) {
  Speeds speeds;
  speeds.what = what;
  progress.begin("measuring kernels");
  speeds.kernels = measure_all_kernels(backend, model, what, progress);
  progress.begin("measuring tokens");
  for (const int context : what.contexts) {
    DecodeSpeed& speed = speeds.decode.emplace_back();
    speed.context = context;
    speed.replayed = step_seconds(backend, model, token_at(context), what.enough, progress);
  }
  const int layers = model.config.n_layers;
  for (const int skipped : {0, layers / 4, layers / 2}) {
    speeds.skipping.push_back(measure_skipping(backend, model, skipped, what, progress));
  }
  speeds.prefill = step_seconds(backend, model, whole_prompt(what.prompt), what.enough, progress);
  return speeds;
}

// Adds the measurements of a backend without recordings: single tokens, and steps of several rows.
template <Backend B>
void measure_plain_launches(Speeds& speeds, B& backend, const Model<B>& model, const CheckProgress& progress) {
  const MeasuredWork& what = speeds.what;
  for (DecodeSpeed& d : speeds.decode)
    d.launched = step_seconds(backend, model, token_at(d.context), what.enough, progress);
  for (const int rows : what.step_rows) {
    StepSpeed& speed = speeds.steps.emplace_back();
    speed.rows = rows;
    speed.own = step_seconds(backend, model, token_of_each(rows, what.step_context), what.enough, progress);
  }
}
// Adds the times of the same steps through cuBLAS. Nothing is recorded, as steps through cuBLAS never are.
template <class Make>
void measure_steps_through_cublas(Speeds& speeds, const Make& make, const ModelSource& source,
                                  const CheckProgress& progress) {
  GpuOptions options;
  options.recorded_steps = 0;
  options.gemm_from_rows = 1;
  auto backend = make(options);
  const auto model = load(backend, source);
  for (StepSpeed& s : speeds.steps) {
    s.cublas =
        step_seconds(backend, model, token_of_each(s.rows, speeds.what.step_context), speeds.what.enough, progress);
  }
}

}  // namespace litestage::validation
