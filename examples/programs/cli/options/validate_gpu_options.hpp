// The options of `validate_gpu`.
#pragma once

#include <cstddef>
#include <string>

#include "cli/options/command.hpp"
#include "litestage/core/dtype.hpp"

namespace litestage::cli {

struct ValidateGpuOptions {
  std::string model, synthetic = "tinyllama-1.1b", type = "q4_k", json;
  int device = 0, threads = 0;
  bool device_given = false, checks_only = false, quiet = false;
  std::size_t positions = 32;
};

// The type that --type names.
[[nodiscard]] DType weight_type(const ValidateGpuOptions& o);

// The command line of `validate_gpu`.
[[nodiscard]] Command validate_gpu_command(ValidateGpuOptions& o);

}  // namespace litestage::cli
