#include "litestage/evaluate/text_table.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace evaluate = litestage::evaluate;
using evaluate::Align;
using evaluate::TableStyle;

std::string printed(const evaluate::TextTable& table, TableStyle style) {
  std::ostringstream out;
  table.print(out, style);
  return out.str();
}

}  // namespace

TEST_CASE("text is set left, numbers right, in columns as wide as they need to be") {
  evaluate::TextTable table({{"name", Align::left}, {"n"}, {"note", Align::left}, {"%"}});
  table.add({"a", "12345", "x y", "7"});
  table.add({"longer", "", "", ""});
  CHECK(printed(table, TableStyle::plain) ==
        "name        n  note  %\n"
        "------  -----  ----  -\n"
        "a       12345  x y   7\n"
        "longer\n");
  CHECK(printed(table, TableStyle::bare) ==
        "name        n  note  %\n"
        "a       12345  x y   7\n"
        "longer\n");
  CHECK(printed(table, TableStyle::markdown) ==
        "| name   |     n | note |   % |\n"
        "| ------ | ----: | ---- | --: |\n"
        "| a      | 12345 | x y  |   7 |\n"
        "| longer |       |      |     |\n");
}

TEST_CASE("a character takes one place, however many bytes it has") {
  evaluate::TextTable table({{"größe", Align::left}, {"±"}});
  table.add({"\xe2\x80\x93", "1"});
  table.add({"x", "\xf0\x9f\x98\x80"});
  CHECK(printed(table, TableStyle::plain) ==
        "größe  ±\n"
        "-----  -\n"
        "\xe2\x80\x93      1\n"
        "x      \xf0\x9f\x98\x80\n");
}

TEST_CASE("no text ends its cell or its row, or reaches the terminal as a command") {
  evaluate::TextTable table({{"a|b", Align::left}});
  table.add({"c\\|d\ne\tf\x1b[1m\x7f"});
  CHECK(printed(table, TableStyle::bare) == "a|b\nc\\|d\\ne\\tf\\x1b[1m\\x7f\n");
  CHECK(printed(table, TableStyle::markdown) ==
        "| a\\|b                        |\n"
        "| --------------------------- |\n"
        "| c\\\\\\|d\\\\ne\\\\tf\\\\x1b[1m\\\\x7f |\n");
}

TEST_CASE("a table without rows is its head; every row has a cell for each column") {
  evaluate::TextTable table({{"a"}, {"b"}});
  CHECK(printed(table, TableStyle::bare) == "a  b\n");
  CHECK_THROWS_AS(table.add({"1"}), litestage::AssertionError);
  CHECK_THROWS_AS(table.add({"1", "2", "3"}), litestage::AssertionError);
}

TEST_CASE("numbers with so many digits") {
  CHECK(evaluate::fixed(2.345, 1) == "2.3");
  CHECK(evaluate::fixed(-0.5, 0) == "-0");
  CHECK(evaluate::fixed(12, 3) == "12.000");
  CHECK(evaluate::fixed(std::numeric_limits<double>::max(), 1).size() == 311);
  CHECK(evaluate::fixed(std::numeric_limits<double>::max(), 100) == "?");
}
