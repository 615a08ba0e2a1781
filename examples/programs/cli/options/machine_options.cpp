#include "cli/options/machine_options.hpp"

#include <CLI/CLI.hpp>

#include "cli/options/option_checks.hpp"

namespace litestage::cli {

CLI::Option* add_backend_option(CLI::App& app, std::string& backend) {
  return app
      .add_option("--backend", backend,
                  "cpu, gpu (NVIDIA, in programs built with CUDA), or reference: double precision, slow")
      ->check(CLI::IsMember({"cpu", "gpu", "reference"}))
      ->capture_default_str()
      ->type_name("NAME");
}

CLI::Option* add_lora_option(CLI::App& app, std::vector<std::string>& adapters) {
  return app
      .add_option(
          "--lora", adapters,
          "Merge a LoRA adapter into the weights: a folder as PEFT writes it, or a GGUF file, with :SCALE behind "
          "it to multiply what it adds; several are added up")
      ->type_name("PATH[:SCALE]");
}

CLI::Option* add_quantize_option(CLI::App& app, std::string& type) {
  return app
      .add_option(
          "--quantize", type,
          "Round the matrices of a model in F32, F16 or BF16, and matrices with an adapter, to this type: q8_0, "
          "q4_0, q4_k or q6_k")
      ->type_name("TYPE");
}

io::WeightOptions weight_options(const std::vector<std::string>& lora, const std::string& quantize, int threads) {
  io::WeightOptions options{.adapters = {}, .type = quantize, .threads = threads};
  for (const std::string& text : lora) options.adapters.push_back(io::read_lora_choice(text));
  return options;
}

CLI::Option* add_threads_option(CLI::App& app, int& threads) {
  return app
      .add_option("--threads", threads,
                  "Number of threads; 0: one for each core that may be used (affinity, CPU quota)")
      ->check(whole_number(0, 1024))
      ->capture_default_str()
      ->type_name("T");
}

CLI::Option* add_kv_option(CLI::App& app, std::string& kv) {
  return app.add_option("--kv", kv, "Type of the K/V cache: f16, f32 or q8_0 (8 bits; not on gpu)")
      ->check(CLI::IsMember({"f16", "f32", "q8_0"}))
      ->capture_default_str()
      ->type_name("TYPE");
}

}  // namespace litestage::cli
