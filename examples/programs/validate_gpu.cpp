// Is the gpu backend right on this machine, and how fast is it? One command: every kernel against the reference, a
// whole model against the CPU, recorded steps against plain launches, and measurements.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "cli/files.hpp"
#include "cli/interrupt.hpp"
#include "cli/option_checks.hpp"
#include "cli/run_main.hpp"
#include "cli/save.hpp"
#include "gpu/few_kernels.hpp"
#include "gpu/report.hpp"
#include "gpu/report_form.hpp"
#include "gpu/work_on_model.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/gguf/model_source.hpp"

#if defined(LITESTAGE_WITH_CUDA)
#include "gpu/on_device.hpp"
#endif

using namespace litestage;
using namespace litestage::gpu_check;

namespace {

struct Options {
  std::string model, synthetic = "tinyllama-1.1b", type = "q4_k", json;
  int device = 0, threads = 0;
  bool device_given = false, checks_only = false, quiet = false;
  std::size_t positions = 32;
};

[[nodiscard]] std::string lower_case(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return lower;
}
[[nodiscard]] std::vector<std::string> type_names() {
  std::vector<std::string> names;
  for (const DTypeInfo& type : dtype_table) names.push_back(lower_case(type.name));
  return names;
}
int finish(const Options& o, const Report& report) {
  std::cout << std::flush;
  if (!o.json.empty()) cli::save("--json", o.json, io::to_json(to_form(report), 1) + '\n');
  return report.passed() ? 0 : 1;
}

// A small model as a whole. Its measurements are made too, in small, and their tables, so that these are known to work;
// what they say of a device that is none is dropped.
void try_whole_model(Report& report, const Options& o) {
  constexpr DType type = DType::q8_0;
  report.model = concat("two layers (random weights, ", name(type), ")");
  MeasuredWork measured{.kernel_context = 40, .contexts = {8, 40}, .prompt = 20, .step_rows = {4}, .step_context = 8};
  measured.enough = 0;
  const WholeModelWork work{17, o.threads, measured};
  work_on_whole_model(report, emulated_backend, synthetic_model(small_config(type), type), work, [](const char*) {});
  print(std::cout, *report.whole, report.model);
  std::ostringstream dropped;
  print(dropped, *report.speeds, Device{});
  static_cast<void>(to_form(*report.speeds, 1));
  report.speeds.reset();
}

// Where there is no GPU, for the reason given.
int run_emulated(const Options& o, const std::string& reason) {
  std::cout << "no GPU is used: " << reason << std::endl;
  Report report;
  KvType kv = KvType::f32;
  for (const DType type : emulated_types) {
    if (!o.quiet) std::cerr << "checking " << name(type) << " on the emulated device\n";
    report.kernels.push_back(check_kernels(emulated_backend, type, kv, {20, emulated_row_counts}));
    kv = KvType::f16;
  }
  print(std::cout, report.kernels);
  report.stats = check_token_stats(emulated_backend, 5000);
  print(std::cout, report.stats);
  report.replays = check_replays(emulated_backend, DType::q8_0, 140);
  print(std::cout, report.replays);
  if (!o.quiet) std::cerr << "trying the work on a whole model\n";
  try_whole_model(report, o);
  ModelConfig counted = small_config(DType::q4_k);
  counted.vocab = 5000;  // two blocks of statistics
  FewKernelsBackend counting = counting_backend();
  report.bytes = check_bytes(counting, synthetic_model(counted, DType::q4_k), 140, 40);
  print(std::cout, *report.bytes);
  const int code = finish(o, report);
  std::cout << "\nemulated only: nothing was run on a GPU, and nothing was measured\n";
  return code;
}

#if defined(LITESTAGE_WITH_CUDA)

[[nodiscard]] DType type_named(const std::string& name) {
  for (const DTypeInfo& type : dtype_table) {
    if (lower_case(type.name) == name) return type.type;
  }
  throw Error(concat("--type ", name, " is unknown"));
}

int run_on_device(const Options& o, const Device& device, const std::optional<ModelSource>& file) {
  const auto note = [&](const std::string& what) {
    if (cli::interrupted()) throw cli::Interrupted{};
    if (!o.quiet) std::cerr << what << std::endl;
  };
  const auto make = [&](const GpuOptions& options) { return CudaBackend(options, o.device); };
  Report report;
  report.device = device;
  print(std::cout, device);
  std::cout.flush();
  check_all_kernels(report, make, note);
  print(std::cout, report.kernels);
  print(std::cout, report.stats);
  print(std::cout, report.replays);
  std::cout.flush();
  report.model = file ? o.model : concat(o.synthetic, " (random weights, ", o.type, ")");
  WholeModelWork work{o.positions, o.threads, std::nullopt};
  if (!o.checks_only) work.measured = MeasuredWork{};
  const ModelSource source = file ? *file : synthetic_model(named_config(o.synthetic), type_named(o.type));
  work_on_whole_model(report, make, source, work, note);
  print(std::cout, *report.whole, report.model);
  if (report.speeds) print(std::cout, *report.speeds, device);
  const int code = finish(o, report);
  std::cout << '\n' << (code == 0 ? "everything is within its bounds\n" : "NOT everything is within its bounds\n");
  return code;
}

int run(const Options& o) {
  std::optional<ModelSource> file;
  if (!o.model.empty()) file = io::read_model_source(o.model);
  std::optional<Device> device;
  std::string reason;
  try {
    device = find_device(o.device);
  } catch (const gpu::NoDevice& e) {
    if (o.device_given) throw;
    reason = e.what();
  }
  return device ? run_on_device(o, *device, file) : run_emulated(o, reason);
}

#else

int run(const Options& o) {
  if (!o.model.empty()) static_cast<void>(io::read_model_source(o.model));  // a bad file is told all the same
  if (o.device_given) throw Error("--device: this program was built without CUDA");
  return run_emulated(o, "this program was built without CUDA");
}

#endif

void declare(CLI::App& app, Options& o) {
  auto* model = app.add_option("--model", o.model, "A GGUF file to run as a whole")->type_name("FILE");
  app.add_option("--synthetic", o.synthetic, "Else random weights in the shape of this model")
      ->check(CLI::IsMember(shape_names()))
      ->type_name("SHAPE")
      ->capture_default_str()
      ->excludes(model);
  app.add_option("--type", o.type, "Type of random weights, as in GGUF files: q4_k, q8_0, f16, ...")
      ->check(CLI::IsMember(type_names()))
      ->type_name("TYPE")
      ->capture_default_str()
      ->excludes(model);
  app.add_option("--positions", o.positions, "Tokens over which the whole model is compared with the CPU")
      ->check(cli::whole_number(17, 1024))
      ->type_name("N")
      ->capture_default_str();
  app.add_flag("--checks-only", o.checks_only, "Measure nothing");
  app.add_option("--device", o.device, "Number of the GPU, as CUDA counts (default: 0)")
      ->check(cli::whole_number(0, 1024))
      ->type_name("N");
  app.add_option("--threads", o.threads, "Of the CPU backend (default: one to each core that may be used)")
      ->check(cli::whole_number(0, 1024))
      ->type_name("T");
  app.add_option("--json", o.json, "Write everything as JSON")->type_name("FILE");
  app.add_flag("--quiet", o.quiet, "No word on standard error of what is being done");
  app.footer(
      "Checked are all weight types in small random models against the double-precision reference, within what "
      "rounding\n"
      "allows and the same bits in steps of any size; a whole model against the CPU; recorded steps against plain\n"
      "launches. Measured are all kernels of a decoded token and of a prompt, tokens per second and what skipped "
      "layers save.\n"
      "Random matrices are windows on one run of random blocks, so the host keeps little of them; each is stored on "
      "the\n"
      "device by itself. Rows that are no multiple of 256 take Q5_0, Q5_1 or Q8_0 for Q4_K, Q5_K or Q6_K.\n\n"
      "Without a GPU, three types and a small model are checked on the emulated device, and nothing is measured;\n"
      "the bytes from which speeds of kernels are computed are compared with those that it counts.\n"
      "Exit code: 0 if everything was within its bounds, 1 if not, or if something went wrong.");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Checks and measures the gpu backend on this machine.", "validate_gpu");
  Options options;
  declare(app, options);
  return cli::run_main(app, argc, argv, [&] {
    options.device_given = app.count("--device") > 0;
    cli::Files().reads("--model", options.model).writes("--json", options.json).check();
    try {
      return run(options);
    } catch (const cli::Interrupted&) {
      std::cerr << "validate_gpu: stopped\n";
      return cli::interrupted_exit_code();
    }
  });
}
