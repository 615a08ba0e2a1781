// The options of `table`.
#pragma once

#include <string>
#include <vector>

#include "cli/options/command.hpp"

namespace litestage::cli {

struct TableOptions {
  std::vector<std::string> files;
  bool markdown = false;
};

// The command line of `table`.
[[nodiscard]] Command table_command(TableOptions& o);

}  // namespace litestage::cli
