// How fast a GPU is, by the wall clock: much work asked for, one wait, until that has taken long enough.
#pragma once

#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/interrupt.hpp"
#include "gpu/kernels_of_step.hpp"

namespace litestage::gpu_check {

// What is measured: on a GPU, this.
struct MeasuredWork {
  int kernel_context = 1024;                // of a decoded token's kernels, and of skipped layers
  std::vector<int> contexts = {128, 1024};  // of decoded tokens
  int prompt = 512;
  std::vector<int> step_rows = {4, 8, 16, 32, 64};
  int step_context = 128;
  double enough = 0.5;  // seconds that a measurement takes at least
};

// Seconds of one call of `work`: it is called ever more often until all calls and wait() take long enough.
template <class Work, class Wait>
[[nodiscard]] double seconds_each(const Work& work, const Wait& wait, double enough) {
  work();
  wait();
  for (std::size_t n = 1;; n *= 2) {
    if (cli::interrupted()) throw cli::Interrupted{};
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < n; ++i) work();
    wait();
    const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (elapsed >= enough) return elapsed / static_cast<double>(n);
  }
}
template <Backend B>
[[nodiscard]] double step_seconds(B& backend, const Model<B>& model, const StepSetting& setting, double enough) {
  RepeatedStep<B> step(backend, model, setting);
  return seconds_each([&] { step(); }, [] {}, enough);
}

// ---- kernels ----

struct KernelSpeed {
  std::string kernel;
  LaunchWork work;           // of one launch
  std::size_t launches = 0;  // in a step
  double seconds = 0;        // of one, all of them being launched one after another
  double bytes_in_turn = 0;  // of all; less than the cache shows in a speed

  [[nodiscard]] double bytes_per_second() const { return work.bytes / seconds; }
  [[nodiscard]] double flop_per_second() const { return work.flop / seconds; }
};
struct StepKernels {
  std::string step;
  std::vector<KernelSpeed> kernels;
};

// Of all kernels but those named. Each one's launches are recorded and replayed, as a decoded token's are; products of
// cuBLAS, which are long, are launched one by one.
template <ListedRuntime R>
[[nodiscard]] std::vector<KernelSpeed> measure_kernels(GpuBackend<R>& backend, RepeatedStep<GpuBackend<R>>& step,
                                                       const std::set<std::string>& but, double enough) {
  std::vector<KernelSpeed> speeds;
  for (const KernelOfStep& k : kernels_of_step(backend, step)) {
    if (but.contains(k.kernel)) continue;
    const auto wait = [&] { step.wait(); };
    double seconds = 0;
    if (k.kernel == "gemm") {
      seconds = seconds_each([&] { k.launch_all(); }, wait, enough);
    } else {
      auto recording = gpu::record(backend.runtime(), [&] { k.launch_all(); });
      seconds = seconds_each([&] { backend.runtime().replay(recording); }, wait, enough);
    }
    speeds.push_back(
        {k.kernel, k.work, k.again.size(), seconds / static_cast<double>(k.again.size()), k.bytes_in_turn()});
  }
  return speeds;
}
// Of the last step those that no other has.
template <ListedRuntime R>
[[nodiscard]] std::vector<StepKernels> measure_all_kernels(GpuBackend<R>& backend, const Model<GpuBackend<R>>& model,
                                                           const MeasuredWork& what) {
  std::vector<StepKernels> steps;
  std::set<std::string> measured;
  const std::vector<NamedStep> all = steps_of_all_kernels(model.config, what.kernel_context, what.prompt);
  for (const NamedStep& s : all) {
    RepeatedStep<GpuBackend<R>> step(backend, model, s.setting);
    const bool last = &s == &all.back();
    steps.push_back({s.name, measure_kernels(backend, step, last ? measured : std::set<std::string>(), what.enough)});
    for (const KernelSpeed& k : steps.back().kernels) measured.insert(k.kernel);
  }
  return steps;
}

// ---- tokens ----

// The `skipped` layers of a model that are left out: at even distances.
[[nodiscard]] inline Decisions skip_layers(int n_layers, int skipped) {
  Decisions decisions(static_cast<std::size_t>(2 * n_layers));
  for (int i = 0; i < skipped; ++i) {
    const auto layer = static_cast<std::size_t>((2 * i + 1) * n_layers / (2 * skipped));
    decisions[2 * layer].skip = decisions[2 * layer + 1].skip = true;
  }
  return decisions;
}

struct DecodeSpeed {
  int context = 0;
  double replayed = 0, launched = 0;  // seconds of a token: as one recording, and launch by launch
};
// A step of so many rows, one of each sequence: through own kernels, and through cuBLAS.
struct StepSpeed {
  int rows = 0;
  double own = 0, cublas = 0;  // seconds
};
struct SkipSpeed {
  int skipped = 0;  // layers
  double seconds = 0;
  double bytes = 0;  // that a token has to move at least
};
struct Speeds {
  MeasuredWork what;
  std::vector<StepKernels> kernels;
  std::vector<DecodeSpeed> decode;
  std::vector<StepSpeed> steps;
  std::vector<SkipSpeed> skipping;
  double prefill = 0;  // seconds of the prompt

  // What a token would take if time were bytes.
  [[nodiscard]] double predicted(const SkipSpeed& s) const {
    return skipping.front().seconds * s.bytes / skipping.front().bytes;
  }
  // What each skipped layer saved; 0 where none was skipped.
  [[nodiscard]] double saved_a_layer(const SkipSpeed& s) const {
    return s.skipped == 0 ? 0 : (skipping.front().seconds - s.seconds) / s.skipped;
  }
};

template <ListedRuntime R>
[[nodiscard]] SkipSpeed measure_skipping(GpuBackend<R>& backend, const Model<GpuBackend<R>>& model, int skipped,
                                         const MeasuredWork& what) {
  SkipSpeed speed;
  speed.skipped = skipped;
  RepeatedStep<GpuBackend<R>> step(backend, model,
                                   token_at(what.kernel_context, skip_layers(model.config.n_layers, skipped)));
  for (const KernelOfStep& k : kernels_of_step(backend, step)) speed.bytes += k.bytes();
  speed.seconds = seconds_each([&] { step(); }, [] {}, what.enough);
  return speed;
}

// note(what) is told what comes next. Leaves decoding without recordings, and steps of several rows, to other backends.
template <ListedRuntime R, class Note>
[[nodiscard]] Speeds measure_speeds(GpuBackend<R>& backend, const Model<GpuBackend<R>>& model, const MeasuredWork& what,
                                    const Note& note) {
  Speeds speeds;
  speeds.what = what;
  note("measuring kernels");
  speeds.kernels = measure_all_kernels(backend, model, what);
  note("measuring tokens");
  for (const int context : what.contexts) {
    speeds.decode.push_back({context, step_seconds(backend, model, token_at(context), what.enough), 0});
  }
  const int layers = model.config.n_layers;
  for (const int skipped : {0, layers / 4, layers / 2}) {
    speeds.skipping.push_back(measure_skipping(backend, model, skipped, what));
  }
  speeds.prefill = step_seconds(backend, model, whole_prompt(what.prompt), what.enough);
  return speeds;
}

}  // namespace litestage::gpu_check
