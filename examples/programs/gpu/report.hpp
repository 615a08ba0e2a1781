// The results of validate_gpu, and their tables.
#pragma once

#include <cmath>
#include <cstddef>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "litestage/backend/gpu/device/runtime.hpp"
#include "litestage/evaluate/text_table.hpp"
#include "litestage/validate/checks/check_kernels.hpp"
#include "litestage/validate/checks/check_replays.hpp"
#include "litestage/validate/checks/check_token_stats.hpp"
#include "litestage/validate/checks/check_whole_model.hpp"
#include "litestage/validate/speed/check_bytes.hpp"
#include "litestage/validate/speed/measure_speeds.hpp"

namespace litestage::gpu_check {

using evaluate::Align;
using evaluate::fixed;
using evaluate::TextTable;
using gpu::DeviceFacts;
using validation::BytesCheck;
using validation::DecodeSpeed;
using validation::KernelBytes;
using validation::KernelCheck;
using validation::KernelSpeed;
using validation::ReplayCheck;
using validation::RowsCompared;
using validation::SkipSpeed;
using validation::Speeds;
using validation::StatsCheck;
using validation::StepKernels;
using validation::StepSpeed;
using validation::WholeModelCheck;

struct Report {
  std::optional<DeviceFacts> device;  // empty: the emulated device
  std::vector<KernelCheck> kernels;
  StatsCheck stats;
  ReplayCheck replays;
  std::string model;  // a file, or a shape and its weight type
  std::optional<WholeModelCheck> whole;
  std::optional<Speeds> speeds;
  std::optional<BytesCheck> bytes;  // only on the emulated device

  [[nodiscard]] bool passed() const {
    for (const KernelCheck& check : kernels) {
      if (!check.passed()) return false;
    }
    return stats.passed() && replays.passed() && (!whole || whole->passed()) && (!bytes || bytes->passed());
  }
};

[[nodiscard]] inline std::string verdict(bool passed) {
  return passed ? "ok" : "WRONG";
}

inline void print(std::ostream& out, const DeviceFacts& f) {
  const double peak = f.peak_bytes_per_second;
  out << f.name << ": compute capability " << f.major << '.' << f.minor << ", " << f.multiprocessors
      << " multiprocessors, " << (f.memory_bytes >> 20) << " MiB, peak "
      << (peak > 0 ? fixed(peak / 1e9, 0) + " GB/s" : "of memory unknown") << ", level-2 cache "
      << (f.cache_bytes >> 20) << " MiB\n";
}

inline void print(std::ostream& out, const std::vector<KernelCheck>& checks) {
  out << "\nKernels against the reference: the largest difference of logits and moments, as a part of what rounding\n"
         "allows (at most 1); and whether a row has the same bits in steps of any number of rows\n\n";
  TextTable table({{"weights", Align::left},
                   {"K/V", Align::left},
                   {"heads", Align::left},
                   {"own kernels"},
                   {"cuBLAS"},
                   {"other bits at", Align::left},
                   {"", Align::left}});
  for (const KernelCheck& c : checks) {
    std::string other;
    for (const int rows : c.other_bits) other += concat(other.empty() ? "" : ", ", rows, " rows");
    table.add({std::string(name(c.type)), std::string(name(c.kv)), c.heads, fixed(c.own, 3), fixed(c.cublas, 3),
               other.empty() ? "none" : other, verdict(c.passed())});
  }
  table.print(out);
}

inline void print(std::ostream& out, const StatsCheck& check) {
  out << "\nStatistics of " << check.rows << " rows of " << check.vocab << " logits against double: the largest\n"
      << "difference is " << fixed(check.largest, 3) << " of what rounding allows, "
      << (check.same_tokens ? "the same likeliest tokens" : "other likeliest tokens") << ": " << verdict(check.passed())
      << '\n';
}

inline void print(std::ostream& out, const ReplayCheck& check) {
  out << "\nRecorded steps against plain launches: " << check.steps << " steps, " << check.replays << " replayed, "
      << (check.same_bits ? "the same bits" : "other bits") << ": " << verdict(check.passed()) << '\n';
}

inline void print(std::ostream& out, const WholeModelCheck& check, const std::string& model) {
  out << '\n' << model << " against the CPU backend\n\n";
  TextTable table({{"", Align::left},
                   {"largest difference"},
                   {"largest error of a row, %"},
                   {"allowed, %"},
                   {"same likeliest token"},
                   {"", Align::left}});
  const auto add = [&](const char* name, const RowsCompared& c) {
    table.add({name, fixed(c.largest_difference, 4), fixed(100 * c.largest_error, 2), fixed(100 * c.allowed_error, 0),
               concat(c.same_likeliest, " of ", c.positions), verdict(c.passed())});
  };
  add("token by token", check.decode);
  add("in one step", check.prefill);
  table.print(out);
  out << "errors are parts of the row's length; " << check.replays << " replayed steps have "
      << (check.same_bits ? "the same bits as" : "OTHER BITS than") << " plain launches\n";
}

inline void print(std::ostream& out, const BytesCheck& check) {
  out << "\nBytes of a launch: what speeds are computed from, and what the emulated device counts\n\n";
  TextTable table({{"kernel", Align::left}, {"of", Align::left}, {"said"}, {"counted"}, {"", Align::left}});
  for (const KernelBytes& k : check.kernels) {
    table.add({k.kernel, k.of, fixed(k.said, 0), fixed(k.counted, 0), verdict(k.passed())});
  }
  table.print(out);
  for (const std::string& name : check.never_launched) out << name << " is in no step that is measured: WRONG\n";
}

// Marks lines with "*" if the level-2 cache may hold a part of the bytes. Returns whether a line was marked.
inline bool print(std::ostream& out, const StepKernels& step, const DeviceFacts& device) {
  out << "\nKernels of " << step.step << ", each launched as often as in the step\n\n";
  TextTable table({{"kernel", Align::left},
                   {"of", Align::left},
                   {"launches"},
                   {"us"},
                   {"MB"},
                   {"GB/s"},
                   {"% of peak"},
                   {"TFLOP/s"},
                   {"MB in turn"}});
  bool cached = false;
  for (const KernelSpeed& k : step.kernels) {
    const bool small = k.bytes_in_turn < 2 * static_cast<double>(device.cache_bytes);
    cached = cached || small;
    const double peak = device.peak_bytes_per_second;
    table.add({k.kernel, k.work.of, concat(k.launches), fixed(k.seconds * 1e6, 2), fixed(k.work.bytes / 1e6, 2),
               fixed(k.bytes_per_second() / 1e9, 1), peak > 0 ? fixed(100 * k.bytes_per_second() / peak, 1) : "?",
               k.work.flop > 0 ? fixed(k.flop_per_second() / 1e12, 2) : "",
               fixed(k.bytes_in_turn / 1e6, 1) + (small ? "*" : "")});
  }
  table.print(out);
  return cached;
}

inline void print(std::ostream& out, const Speeds& speeds, const DeviceFacts& device) {
  bool cached = false;
  for (const StepKernels& step : speeds.kernels) cached = print(out, step, device) || cached;
  if (cached) out << "* less than twice the level-2 cache, which may serve a part of it: not a speed of memory\n";
  out << "\nTokens\n\n";
  TextTable decode({{"context"}, {"tokens/s"}, {"replayed, us"}, {"launched, us"}});
  for (const DecodeSpeed& d : speeds.decode) {
    decode.add({concat(d.context), fixed(1 / d.replayed, 1), fixed(d.replayed * 1e6, 1), fixed(d.launched * 1e6, 1)});
  }
  decode.print(out);
  out << "prefill of " << speeds.what.prompt << " tokens: " << fixed(speeds.what.prompt / speeds.prefill, 0)
      << " tokens/s\n";
  out << "\nSteps of one token from each of several sequences, at a context of " << speeds.what.step_context << "\n\n";
  TextTable steps({{"rows"}, {"own kernels, us"}, {"cuBLAS, us"}});
  for (const StepSpeed& s : speeds.steps) steps.add({concat(s.rows), fixed(s.own * 1e6, 1), fixed(s.cublas * 1e6, 1)});
  steps.print(out);
  out << "\nSkipped layers at a context of " << speeds.what.kernel_context << '\n' << '\n';
  TextTable skipping({{"layers skipped"}, {"us a token"}, {"as the bytes predict, us"}, {"us saved a layer"}});
  for (const SkipSpeed& s : speeds.skipping) {
    skipping.add({concat(s.skipped), fixed(s.seconds * 1e6, 1), fixed(speeds.predicted(s) * 1e6, 1),
                  s.skipped == 0 ? "" : fixed(speeds.saved_a_layer(s) * 1e6, 2)});
  }
  skipping.print(out);
}

}  // namespace litestage::gpu_check
