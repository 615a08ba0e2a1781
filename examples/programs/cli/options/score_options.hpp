// The options of `score`.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/options/command.hpp"

namespace litestage::cli {

struct ScoreOptions {
  std::string model, quantize, text;
  std::vector<std::string> lora;  // PATH or PATH:SCALE
  std::string backend = "cpu", kv = "f16", skip = "never";
  std::string logits, json;
  int threads = 0;
  std::size_t top = 0, context = 0, tokens = 0;
  bool no_pack = false, quiet = false;
};

// The command line of `score`.
[[nodiscard]] Command score_command(ScoreOptions& o);

}  // namespace litestage::cli
