// Converts the results of validate_gpu to a Form, which becomes JSON.
#pragma once

#include <cmath>
#include <utility>

#include "gpu/report.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::gpu_check {

// JSON has no NaN or infinity, so they become null.
[[nodiscard]] inline Form number_or_null(double value) {
  return std::isfinite(value) ? Form(value) : Form();
}

[[nodiscard]] inline Form to_form(const DeviceFacts& f) {
  Form form;
  form.add("name", f.name).add("compute_capability", concat(f.major, ".", f.minor));
  form.add("multiprocessors", f.multiprocessors).add("memory_bytes", f.memory_bytes);
  form.add("peak_bytes_per_second", f.peak_bytes_per_second > 0 ? Form(f.peak_bytes_per_second) : Form());
  return std::move(form.add("cache_bytes", f.cache_bytes));
}

[[nodiscard]] inline Form to_form(const KernelCheck& check) {
  Form::List other;
  for (const int rows : check.other_bits) other.emplace_back(rows);
  Form form;
  form.add("weights", name(check.type)).add("kv", name(check.kv)).add("heads", check.heads);
  form.add("own_kernels", number_or_null(check.own)).add("cublas", number_or_null(check.cublas));
  return std::move(form.add("other_bits_at_rows", std::move(other)).add("passed", check.passed()));
}

[[nodiscard]] inline Form to_form(const StatsCheck& check) {
  Form form;
  form.add("rows", check.rows).add("vocab", check.vocab).add("largest", number_or_null(check.largest));
  return std::move(form.add("same_tokens", check.same_tokens).add("passed", check.passed()));
}

[[nodiscard]] inline Form to_form(const ReplayCheck& check) {
  Form form;
  form.add("steps", check.steps).add("replays", check.replays).add("same_bits", check.same_bits);
  return std::move(form.add("passed", check.passed()));
}

[[nodiscard]] inline Form to_form(const RowsCompared& c) {
  Form form;
  form.add("largest_difference", number_or_null(c.largest_difference));
  form.add("largest_error", number_or_null(c.largest_error)).add("allowed_error", c.allowed_error);
  form.add("same_likeliest", c.same_likeliest).add("positions", c.positions);
  return std::move(form.add("passed", c.passed()));
}

[[nodiscard]] inline Form to_form(const WholeModelCheck& check) {
  Form form;
  form.add("decode", to_form(check.decode)).add("prefill", to_form(check.prefill));
  form.add("replays", check.replays);
  return std::move(form.add("replays_same_bits", check.same_bits).add("passed", check.passed()));
}

// `peak`: bytes per second of the device's memory; 0: unknown.
[[nodiscard]] inline Form to_form(const StepKernels& step, double peak) {
  Form::List kernels;
  for (const KernelSpeed& k : step.kernels) {
    Form form;
    form.add("kernel", k.kernel).add("of", k.work.of).add("launches", k.launches).add("seconds", k.seconds);
    form.add("bytes", k.work.bytes).add("bytes_per_second", k.bytes_per_second());
    form.add("part_of_peak", peak > 0 ? Form(k.bytes_per_second() / peak) : Form());
    form.add("flop", k.work.flop).add("flop_per_second", k.flop_per_second());
    kernels.push_back(std::move(form.add("bytes_in_turn", k.bytes_in_turn)));
  }
  Form form;
  return std::move(form.add("step", step.step).add("kernels", std::move(kernels)));
}

[[nodiscard]] inline Form to_form(const BytesCheck& check) {
  Form::List kernels, missing;
  for (const KernelBytes& k : check.kernels) {
    Form form;
    form.add("kernel", k.kernel).add("of", k.of).add("bytes", k.said).add("bytes_counted", k.counted);
    kernels.push_back(std::move(form.add("passed", k.passed())));
  }
  for (const std::string& name : check.never_launched) missing.emplace_back(name);
  Form form;
  form.add("kernels", std::move(kernels)).add("never_launched", std::move(missing));
  return std::move(form.add("passed", check.passed()));
}

[[nodiscard]] inline Form to_form(const Speeds& speeds, double peak) {
  Form::List kernels, decode, steps, skipping;
  for (const StepKernels& step : speeds.kernels) kernels.push_back(to_form(step, peak));
  for (const DecodeSpeed& d : speeds.decode) {
    Form form;
    form.add("context", d.context).add("seconds_replayed", d.replayed).add("seconds_launched", d.launched);
    decode.push_back(std::move(form.add("tokens_per_second", 1 / d.replayed)));
  }
  for (const StepSpeed& s : speeds.steps) {
    Form form;
    form.add("rows", s.rows).add("seconds_own_kernels", s.own).add("seconds_cublas", s.cublas);
    steps.push_back(std::move(form));
  }
  for (const SkipSpeed& s : speeds.skipping) {
    Form form;
    form.add("layers_skipped", s.skipped).add("seconds", s.seconds).add("bytes", s.bytes);
    form.add("seconds_predicted", speeds.predicted(s));
    skipping.push_back(std::move(form.add("seconds_saved_per_layer", speeds.saved_a_layer(s))));
  }
  Form form;
  form.add("kernels_of_steps", std::move(kernels)).add("skipping_context", speeds.what.kernel_context);
  form.add("decode", std::move(decode))
      .add("prefill_tokens", speeds.what.prompt)
      .add("prefill_seconds", speeds.prefill);
  form.add("prefill_tokens_per_second", speeds.what.prompt / speeds.prefill);
  form.add("steps", std::move(steps));
  return std::move(form.add("skipping", std::move(skipping)));
}

[[nodiscard]] inline Form to_form(const Report& report) {
  Form::List kernels;
  for (const KernelCheck& check : report.kernels) kernels.push_back(to_form(check));
  const double peak = report.device ? report.device->peak_bytes_per_second : 0;
  Form form;
  form.add("format", "litestage.gpu_validation/1");
  form.add("device", report.device ? to_form(*report.device) : Form());
  form.add("passed", report.passed()).add("kernels", std::move(kernels));
  form.add("token_stats", to_form(report.stats)).add("replays", to_form(report.replays));
  form.add("model", report.whole ? Form(report.model) : Form());
  form.add("whole_model", report.whole ? to_form(*report.whole) : Form());
  form.add("bytes_of_kernels", report.bytes ? to_form(*report.bytes) : Form());
  return std::move(form.add("speeds", report.speeds ? to_form(*report.speeds, peak) : Form()));
}

}  // namespace litestage::gpu_check
