// Checks the gpu backend on this machine and measures its speed, in one command: every kernel against the reference, a
// whole model against the CPU, recorded steps against plain launches, and measurements.
#include <functional>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/files/save.hpp"
#include "cli/options/command.hpp"
#include "cli/options/files.hpp"
#include "cli/options/validate_gpu_options.hpp"
#include "cli/terminal/interrupt.hpp"
#include "gpu/few_kernels.hpp"
#include "gpu/report.hpp"
#include "gpu/report_form.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/model_contents.hpp"
#include "litestage/validate/checks/check_kernels.hpp"
#include "litestage/validate/checks/check_replays.hpp"
#include "litestage/validate/checks/check_token_stats.hpp"
#include "litestage/validate/checks/check_whole_model.hpp"
#include "litestage/validate/named_shapes.hpp"
#include "litestage/validate/small_config.hpp"
#include "litestage/validate/synthetic_model.hpp"

#if defined(LITESTAGE_WITH_CUDA)
#include <array>

#include "litestage/backend/gpu/device/cuda_runtime.hpp"
#include "litestage/validate/speed/listed_runtime.hpp"
#endif

using namespace litestage;
using namespace litestage::gpu_check;
using namespace litestage::validation;

namespace {

using Options = cli::ValidateGpuOptions;

// Progress callbacks that stop when the user wants it, and that report on standard error if the CPU has fewer threads.
// `on_work`: called with the work that is done next.
[[nodiscard]] CheckProgress progress_of(std::function<void(const std::string&)> on_work) {
  CheckProgress progress;
  progress.on_work = std::move(on_work);
  progress.on_warning = [](const std::string& warning) { std::cerr << warning << std::endl; };
  progress.keep_going = [] { return !cli::interrupted(); };
  return progress;
}
int finish(const Options& o, const Report& report) {
  std::cout << std::flush;
  if (!o.json.empty()) cli::save("--json", o.json, io::to_json(to_form(report), 1) + '\n');
  return report.passed() ? 0 : 1;
}

// Checks a small model as a whole. Small measurements and their tables are made too, to see that they work, but are not
// printed, because they say nothing about a GPU.
void try_whole_model(Report& report, const Options& o) {
  constexpr DType type = DType::q8_0;
  report.model = concat("two layers (random weights, ", name(type), ")");
  MeasuredWork measured{.kernel_context = 40, .contexts = {8, 40}, .prompt = 20, .step_rows = {4}, .step_context = 8};
  measured.enough = 0;
  const WholeModelWork work{.positions = 17, .threads = o.threads, .measured = measured};
  const ModelSource source = synthetic_model(small_config(type), type);
  const WholeModelResult result = check_whole_model(emulated_backend, source, work, progress_of(nullptr));
  report.whole = result.check;
  print(std::cout, *report.whole, report.model);
  std::ostringstream dropped;
  print(dropped, *result.speeds, DeviceFacts{});
  static_cast<void>(to_form(*result.speeds, 1));
}

// Runs the checks on the emulated device. `reason`: why no GPU is used.
int run_emulated(const Options& o, const std::string& reason) {
  std::cout << "no GPU is used: " << reason << std::endl;
  const CheckProgress progress = progress_of(nullptr);
  Report report;
  KvType kv = KvType::f32;
  for (const DType type : emulated_types) {
    if (!o.quiet) std::cerr << "checking " << name(type) << " on the emulated device\n";
    report.kernels.push_back(check_kernels(emulated_backend, type, kv, {20, emulated_row_counts}, progress));
    kv = KvType::f16;
  }
  print(std::cout, report.kernels);
  report.stats = check_token_stats(emulated_backend, 5000);
  print(std::cout, report.stats);
  report.replays = check_replays(emulated_backend, DType::q8_0, 140, progress);
  print(std::cout, report.replays);
  if (!o.quiet) std::cerr << "trying the work on a whole model\n";
  try_whole_model(report, o);
  FewKernelsBackend counting = counting_backend();
  report.bytes = check_bytes(counting, model_of_all_kernels(DType::q4_k), 140, 40);
  print(std::cout, *report.bytes);
  const int code = finish(o, report);
  std::cout << "\nemulated only: nothing was run on a GPU, and nothing was measured\n";
  return code;
}

#if defined(LITESTAGE_WITH_CUDA)

using CudaBackend = GpuBackend<Listed<gpu::CudaRuntime>>;

// Checks every weight type with both types of keys and values.
template <class Make>
void check_all_kernels(Report& report, const Make& make, const CheckProgress& progress) {
  constexpr std::array row_counts = {2, 3, 8, 16};
  const KernelWork work{300, row_counts};  // three chunks of attention, ten tiles
  for (const DTypeInfo& type : dtype_table) {
    for (const KvType kv : {KvType::f16, KvType::f32}) {
      progress.begin(concat("checking ", type.name, ", K/V in ", name(kv)));
      report.kernels.push_back(check_kernels(make, type.type, kv, work, progress));
    }
  }
  progress.begin("checking statistics of logits");
  report.stats = check_token_stats(make, 20000);
  progress.begin("checking recorded steps");
  report.replays = check_replays(make, DType::q4_k, 600, progress);
}

int run_on_device(const Options& o, const DeviceFacts& device, const std::optional<ModelSource>& file) {
  const CheckProgress progress = progress_of([&](const std::string& what) {
    if (!o.quiet) std::cerr << what << std::endl;
  });
  const auto make = [&](const GpuOptions& options) { return CudaBackend(options, o.device); };
  Report report;
  report.device = device;
  print(std::cout, device);
  std::cout.flush();
  check_all_kernels(report, make, progress);
  print(std::cout, report.kernels);
  print(std::cout, report.stats);
  print(std::cout, report.replays);
  std::cout.flush();
  report.model = file ? o.model : concat(o.synthetic, " (random weights, ", o.type, ")");
  WholeModelWork work{.positions = o.positions, .threads = o.threads, .measured = std::nullopt};
  if (!o.checks_only) work.measured = MeasuredWork{};
  const ModelSource source = file ? *file : synthetic_model(named_config(o.synthetic), cli::weight_type(o));
  const WholeModelResult result = check_whole_model(make, source, work, progress);
  report.whole = result.check;
  report.speeds = result.speeds;
  print(std::cout, *report.whole, report.model);
  if (report.speeds) print(std::cout, *report.speeds, device);
  const int code = finish(o, report);
  std::cout << '\n' << (code == 0 ? "everything is within its bounds\n" : "NOT everything is within its bounds\n");
  return code;
}

int run(const Options& o) {
  std::optional<ModelSource> file;
  if (!o.model.empty()) file = io::read_model_weights(o.model);
  std::optional<DeviceFacts> device;
  std::string reason;
  try {
    device = gpu::CudaRuntime(o.device).device();
  } catch (const gpu::NoDevice& e) {
    if (o.device_given) throw;
    reason = e.what();
  }
  return device ? run_on_device(o, *device, file) : run_emulated(o, reason);
}

#else

int run(const Options& o) {
  if (!o.model.empty()) static_cast<void>(io::read_model_weights(o.model));  // reports a bad file in any case
  if (o.device_given) throw Error("--device: this program was built without CUDA");
  return run_emulated(o, "this program was built without CUDA");
}

#endif

}  // namespace

int main(int argc, char** argv) {
  Options options;
  cli::Command command = cli::validate_gpu_command(options);
  return command.run(argc, argv, [&] {
    options.device_given = command.given("--device");
    cli::Files().reads_model(options.model).writes("--json", options.json).check();
    try {
      return run(options);
    } catch (const Stopped&) {
      std::cerr << "validate_gpu: stopped\n";
      return cli::interrupted_exit_code();
    }
  });
}
