// Options that say how a model runs on this machine, which every program that runs one has. This header does not
// include the backends.
#pragma once

#include <string>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/core/enum_names.hpp"
#include "litestage/io/weight_options.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace litestage::cli {

// These add an option that is read into their second argument, and return it, so that the caller can put it into a
// group.
CLI::Option* add_backend_option(CLI::App& app, std::string& backend);
CLI::Option* add_lora_option(CLI::App& app, std::vector<std::string>& adapters);
CLI::Option* add_quantize_option(CLI::App& app, std::string& type);
CLI::Option* add_threads_option(CLI::App& app, int& threads);
CLI::Option* add_kv_option(CLI::App& app, std::string& kv);

// What the options say of a model's weights. Throws an Error if a --lora has no number for its scale.
[[nodiscard]] io::WeightOptions weight_options(const std::vector<std::string>& lora, const std::string& quantize,
                                               int threads);

// The type that --kv names.
[[nodiscard]] inline KvType kv_type(const std::string& kv) {
  return enumerator_named<KvType>(kv).value();
}

}  // namespace litestage::cli
