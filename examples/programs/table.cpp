// Prints runs side by side, with one line per results file.
#include <iostream>
#include <string>
#include <vector>

#include "cli/options/command.hpp"
#include "cli/options/table_options.hpp"
#include "litestage/evaluate/results_form.hpp"
#include "litestage/evaluate/table.hpp"
#include "litestage/io/files/json.hpp"

using namespace litestage;

int main(int argc, char** argv) {
  cli::TableOptions o;
  return cli::table_command(o).run(argc, argv, [&] {
    std::vector<evaluate::Row> rows;
    for (const std::string& file : o.files) {
      rows.push_back(evaluate::make_row(evaluate::results_from_form(io::read_json_file(file), file)));
    }
    evaluate::print_table(std::cout, rows, o.markdown ? evaluate::TableStyle::markdown : evaluate::TableStyle::plain);
    return 0;
  });
}
