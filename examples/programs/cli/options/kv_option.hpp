// The option that says how keys and values are stored.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "litestage/backend/concept.hpp"
#include "litestage/core/enum_names.hpp"

namespace litestage::cli {

inline CLI::Option* add_kv_option(CLI::App& app, std::string& kv) {
  return app.add_option("--kv", kv, "Type of the K/V cache: f16 or f32")
      ->check(CLI::IsMember({"f16", "f32"}))
      ->capture_default_str()
      ->type_name("TYPE");
}

// The type that --kv names.
[[nodiscard]] inline KvType kv_type(const std::string& kv) {
  return enumerator_named<KvType>(kv).value();
}

}  // namespace litestage::cli
