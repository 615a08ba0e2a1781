// The option that says how keys and values are stored.
#pragma once

#include <string>

#include "litestage/backend/concept.hpp"
#include "litestage/core/enum_names.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace litestage::cli {

CLI::Option* add_kv_option(CLI::App& app, std::string& kv);

// The type that --kv names.
[[nodiscard]] inline KvType kv_type(const std::string& kv) {
  return enumerator_named<KvType>(kv).value();
}

}  // namespace litestage::cli
