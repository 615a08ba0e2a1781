#include "litestage/evaluate/table.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

#include "evaluate/sample_results.hpp"

namespace {

namespace evaluate = litestage::evaluate;

std::string table(const std::vector<evaluate::Row>& rows, evaluate::TableStyle style) {
  std::ostringstream out;
  evaluate::print_table(out, rows, style);
  return out.str();
}

}  // namespace

TEST_CASE("the plain table lines its columns up") {
  const evaluate::Row run = evaluate::make_row(sample_results());
  CHECK(table({run, {"empty", {}}}, evaluate::TableStyle::plain) ==
        "method     accuracy %  95 % interval  questions  seconds  tokens  tokens/s  s/question  tokens/question  "
        "sub-layers skipped\n"
        "---------  ----------  -------------  ---------  -------  ------  --------  ----------  ---------------  "
        "---------------------\n"
        "litestage        50.0    9.5 to 90.5          3      8.0      40       5.0        2.67             13.3  "
        "recall 12 / analyze 0\n"
        "empty               -              -          0      0.0       0       0.0        0.00              0.0  0\n");
}

TEST_CASE("a run that was stopped says how many questions were asked") {
  evaluate::Results stopped = sample_results();
  stopped.info.asked = 8;
  CHECK(table({evaluate::make_row(stopped)}, evaluate::TableStyle::plain).find("  3 of 8  ") != std::string::npos);
}

TEST_CASE("the Markdown table has a rule, and names cannot break it") {
  evaluate::Row run = evaluate::make_row(sample_results());
  run.method = "a|b\nc";
  run.summary.stages[0].sublayers_skipped = 2.5;
  CHECK(table({run}, evaluate::TableStyle::markdown) ==
        "| method   | accuracy % | 95 % interval | questions | seconds | tokens | tokens/s | s/question | "
        "tokens/question | sub-layers skipped     |\n"
        "| -------- | ---------: | ------------: | --------: | ------: | -----: | -------: | ---------: | "
        "--------------: | ---------------------- |\n"
        "| a\\|b\\\\nc |       50.0 |   9.5 to 90.5 |         3 |     8.0 |     40 |      5.0 |       2.67 | "
        "           13.3 | recall 2.5 / analyze 0 |\n");
}

TEST_CASE("a table without runs is its head") {
  CHECK(table({}, evaluate::TableStyle::plain).find("method  accuracy %") == 0);
}
