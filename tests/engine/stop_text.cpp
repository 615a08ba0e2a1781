#include "litestage/engine/stop_text.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace litestage;

namespace {

struct Found {
  std::string text;
  int pieces;  // pushed until it stopped; 0: it did not
};
Found push_all(const std::vector<std::string>& stops, const std::vector<std::string>& pieces) {
  StopText text(stops);
  int n = 0;
  for (const std::string& piece : pieces) {
    ++n;
    if (text.push(piece)) return {text.text(), n};
  }
  return {text.text(), 0};
}
void check(const Found& found, const std::string& text, int pieces) {
  CHECK(found.text == text);
  CHECK(found.pieces == pieces);
}

}  // namespace

TEST_CASE("stop text: nothing to stop at") {
  check(push_all({}, {"ab", "", "c"}), "abc", 0);
  check(push_all({""}, {"ab", "c"}), "abc", 0);
  StopText text;
  CHECK(!text.push("x"));
  CHECK(text.text() == "x");
}

TEST_CASE("stop text: a stop string in one piece, over many, and at the very beginning") {
  check(push_all({"\n"}, {"ab", "c\nd", "e"}), "abc", 2);
  check(push_all({"STOP"}, {"ab S", "T", "", "OP!", "x"}), "ab ", 4);
  check(push_all({"STOP"}, {"S", "T", "O", "P"}), "", 4);
  check(push_all({"STOP"}, {"STO", "STO", "STOP"}), "STOSTO", 3);
  check(push_all({"aab"}, {"a", "a", "a", "b"}), "a", 4);
}

TEST_CASE("stop text: the first of several stop strings cuts, and longer ones are not missed") {
  check(push_all({"cd", "b"}, {"abcd"}), "a", 1);
  check(push_all({"x", "long stop"}, {"a long ", "sto", "p x"}), "a ", 3);
  check(push_all({"zz", "\n\n"}, {"a\n", "b\n", "\nc"}), "a\nb", 3);
}
