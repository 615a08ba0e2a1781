#include "cli/options/table_options.hpp"

#include <CLI/CLI.hpp>

namespace litestage::cli {

Command table_command(TableOptions& o) {
  Command command("table", "Prints results files (ask --json FILE) as one table, a line each.");
  CLI::App& app = command.app();
  app.add_option("FILE", o.files, "Results files, format litestage.results/1")->required();
  app.add_flag("--markdown", o.markdown, "Print a Markdown table");
  return command;
}

}  // namespace litestage::cli
