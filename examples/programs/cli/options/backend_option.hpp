// The option that names a backend. This header does not include the backends.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace litestage::cli {

inline CLI::Option* add_backend_option(CLI::App& app, std::string& backend) {
  return app
      .add_option("--backend", backend,
                  "cpu, gpu (NVIDIA, in programs built with CUDA), or reference: double precision, slow")
      ->check(CLI::IsMember({"cpu", "gpu", "reference"}))
      ->capture_default_str()
      ->type_name("NAME");
}

}  // namespace litestage::cli
