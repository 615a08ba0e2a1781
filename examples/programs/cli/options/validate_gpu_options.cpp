#include "cli/options/validate_gpu_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>
#include <vector>

#include "cli/options/option_checks.hpp"
#include "litestage/core/error.hpp"
#include "litestage/validate/named_shapes.hpp"

namespace litestage::cli {

namespace {

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

}  // namespace

DType weight_type(const ValidateGpuOptions& o) {
  for (const DTypeInfo& type : dtype_table) {
    if (lower_case(type.name) == o.type) return type.type;
  }
  throw Error(concat("--type ", o.type, " is unknown"));
}

Command validate_gpu_command(ValidateGpuOptions& o) {
  Command command("validate_gpu", "Checks and measures the gpu backend on this machine.");
  CLI::App& app = command.app();
  auto* model = app.add_option("--model", o.model, "A GGUF file or a folder to run as a whole")->type_name("PATH");
  app.add_option("--synthetic", o.synthetic, "Without --model: random weights with the shapes of this model")
      ->check(CLI::IsMember(validation::shape_names()))
      ->type_name("SHAPE")
      ->capture_default_str()
      ->excludes(model);
  app.add_option("--type", o.type, "Type of random weights, as in GGUF files: q4_k, q8_0, f16, ...")
      ->check(CLI::IsMember(type_names()))
      ->type_name("TYPE")
      ->capture_default_str()
      ->excludes(model);
  app.add_option("--positions", o.positions, "Number of tokens on which the whole model is compared with the CPU")
      ->check(whole_number(17, 1024))
      ->type_name("N")
      ->capture_default_str();
  app.add_flag("--checks-only", o.checks_only, "Only check, measure nothing");
  app.add_option("--device", o.device, "Number of the GPU, as CUDA counts (default: 0)")
      ->check(whole_number(0, 1024))
      ->type_name("N");
  app.add_option("--threads", o.threads, "Threads of the CPU backend (default: one for each core that may be used)")
      ->check(whole_number(0, 1024))
      ->type_name("T");
  app.add_option("--json", o.json, "Write everything as JSON")->type_name("FILE");
  app.add_flag("--quiet", o.quiet, "Print no progress on standard error");
  app.footer(
      "Checks: small random models of every weight type against the double-precision reference, within rounding and\n"
      "with equal bits in steps of any size; a whole model against the CPU; recorded steps against plain launches.\n"
      "Measurements: all kernels of a decoded token and of a prompt, tokens per second, and the time that skipped\n"
      "layers save. Random matrices share one buffer of random blocks on the host; on the device each has its own\n"
      "memory. Matrices whose rows are no multiple of 256 use Q5_0, Q5_1 or Q8_0 instead of Q4_K, Q5_K or Q6_K.\n\n"
      "Without a GPU, three types and a small model are checked on the emulated device, and nothing is measured; the\n"
      "bytes from which kernel speeds are computed are compared with those that the emulated device counts.\n"
      "Exit code: 0 if everything was within its bounds, else 1.");
  return command;
}

}  // namespace litestage::cli
