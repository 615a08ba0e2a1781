// Prints runs side by side, with one line per results file.
#include <CLI/CLI.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "cli/terminal/run_main.hpp"
#include "litestage/evaluate/results_form.hpp"
#include "litestage/evaluate/table.hpp"
#include "litestage/io/files/json.hpp"

using namespace litestage;

int main(int argc, char** argv) {
  CLI::App app("Prints results files (ask --json FILE) as one table, a line each.", "table");
  std::vector<std::string> files;
  bool markdown = false;
  app.add_option("FILE", files, "Results files, format litestage.results/1")->required();
  app.add_flag("--markdown", markdown, "Print a Markdown table");
  return cli::run_main(app, argc, argv, [&] {
    std::vector<evaluate::Row> rows;
    for (const std::string& file : files) {
      rows.push_back(evaluate::make_row(evaluate::results_from_form(io::read_json_file(file), file)));
    }
    evaluate::print_table(std::cout, rows, markdown ? evaluate::TableStyle::markdown : evaluate::TableStyle::plain);
    return 0;
  });
}
