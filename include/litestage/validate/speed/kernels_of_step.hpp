// Groups the launches of a step by kernel and sizes; a group usually has one launch per layer.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "litestage/backend/gpu/gpu_backend.hpp"
#include "litestage/validate/speed/listed_runtime.hpp"
#include "litestage/validate/speed/repeated_step.hpp"

namespace litestage::validation {

template <class R>
concept ListedRuntime = gpu::Runtime<R> && requires(R& r) {
  r.list([] {});
};

struct KernelOfStep {
  std::string kernel;
  LaunchWork work;                           // of one launch; equal for all launches of the group
  std::vector<std::function<void()>> again;  // each repeats one launch, in the order of the step

  [[nodiscard]] double bytes() const { return work.bytes * static_cast<double>(again.size()); }  // of all launches
  // Bytes of all launches, counting bytes that several launches use only once. If a cache can hold them, the kernel's
  // speed is not the speed of memory.
  [[nodiscard]] double bytes_in_turn() const {
    return work.bytes + work.own_bytes * static_cast<double>(again.size() - 1);
  }
  void launch_all() const {
    for (const auto& launch : again) launch();
  }
};

// The launches can be repeated while `step` lives and `backend` runs no other step. Call it before `step` is run: from
// its third run on a step may be a replay, whose launches cannot be listed.
template <ListedRuntime R>
[[nodiscard]] std::vector<KernelOfStep> kernels_of_step(GpuBackend<R>& backend, RepeatedStep<GpuBackend<R>>& step) {
  step();  // so that no buffer grows while launches are listed
  std::vector<KernelOfStep> kernels;
  for (auto& launch : backend.runtime().list([&] { step(); })) {
    KernelOfStep* same = nullptr;
    for (KernelOfStep& k : kernels) {
      const bool alike = k.work.of == launch.work.of && k.work.bytes == launch.work.bytes;
      if (k.kernel == launch.kernel && alike) same = &k;
    }
    if (same == nullptr)
      same = &kernels.emplace_back(KernelOfStep{.kernel = launch.kernel, .work = launch.work, .again = {}});
    same->again.push_back(std::move(launch.again));
  }
  LITESTAGE_ASSERT(!kernels.empty(), "a step without launches");
  return kernels;
}

// Steps that together launch every kernel: a decoded token, one token of each of 16 sequences, a prompt, and a prompt
// with every feature that a policy may request.
struct NamedStep {
  std::string name;
  StepSetting setting;
};
[[nodiscard]] inline std::vector<NamedStep> steps_of_all_kernels(const ModelConfig& c, int context, int prompt) {
  StepSetting asked = whole_prompt(prompt);
  asked.stat = Stat::cosine;
  asked.signals = Signal::top_log_probs;
  asked.decisions.resize(c.n_sublayers());
  SkipDecision& last_attention = asked.decisions[asked.decisions.size() - 2];
  last_attention = {.skip = true, .scale = 0.5f, .kv = KvOnSkip::copy_below};
  return {{concat("a token decoded at a context of ", context), token_at(context)},
          {concat("a token of each of 16 sequences at a context of ", context / 8), token_of_each(16, context / 8)},
          {concat("a prefill of ", prompt, " tokens"), whole_prompt(prompt)},
          {concat("a prefill of ", prompt, " tokens that is measured and skips"), asked}};
}

}  // namespace litestage::validation
