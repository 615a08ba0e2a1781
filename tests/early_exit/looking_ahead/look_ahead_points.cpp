#include "litestage/early_exit/looking_ahead/look_ahead_points.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace litestage;
using early_exit::LookAheadPoints;
using early_exit::TextEnds;

namespace {

// The text with a | after each piece at which it looks ahead.
[[nodiscard]] std::string marked(const LookAheadPoints<>& points, const std::vector<std::string>& pieces) {
  early_exit::LookAheadPosition position;
  std::string text;
  for (const std::string& piece : pieces) text += points.reached(position, piece) ? piece + "|" : piece;
  return text;
}

[[nodiscard]] LookAheadPoints<> at(LookAheadAt where) {
  LookAheadPoints<> points;
  points.at = where;
  points.min_tokens = 1;
  return points;
}

[[nodiscard]] std::vector<std::string> characters(const std::string& text) {
  std::vector<std::string> pieces;
  for (const char c : text) pieces.emplace_back(1, c);
  return pieces;
}

}  // namespace

TEST_CASE("sentences end at full stops, questions, exclamations and line breaks, however the text is cut") {
  const LookAheadPoints<> points = at(LookAheadAt::sentence);
  CHECK(marked(points, {"It is hot", ".", " She", " runs", "!", " Why", "?"}) == "It is hot.| She runs!| Why?|");
  CHECK(marked(points, {"It is hot", ".\n", "\n", "So", "\n\n"}) == "It is hot.\n|\n|So\n\n|");
  CHECK(marked(points, characters("No. Yes")) == "No.| Yes");
}

TEST_CASE("a full stop after a digit ends a sentence only before white space, and not in a line's number") {
  const LookAheadPoints<> points = at(LookAheadAt::sentence);
  CHECK(marked(points, {"It costs 3", ".", "5", " euros", "."}) == "It costs 3.5 euros.|");
  CHECK(marked(points, {"x = 18", ".", " She"}) == "x = 18. She|");
  CHECK(marked(points, {"x = 18", ".\n"}) == "x = 18.\n|");
  CHECK(marked(points, {"x = 18", ". She", " runs"}) == "x = 18. She| runs");
  CHECK(marked(points, characters("1. First\n22. Second")) == "1. First\n|22. Second");
  CHECK(marked(points, characters("1. It is 5. So")) == "1. It is 5. |So");
}

TEST_CASE("lines and tokens; every n-th; not before so many tokens; at most so many") {
  CHECK(marked(at(LookAheadAt::line), {"a.", "b\n", "c", "\n\n"}) == "a.b\n|c\n\n|");
  LookAheadPoints<> points = at(LookAheadAt::token);
  CHECK(marked(points, {"a", "b", "c"}) == "a|b|c|");
  points.every = 2;
  CHECK(marked(points, {"a", "b", "c", "d", "e"}) == "ab|cd|e");
  points.min_tokens = 4;
  CHECK(marked(points, {"a", "b", "c", "d", "e", "f"}) == "abcd|ef|");
  points = at(LookAheadAt::token);
  points.most = 2;
  CHECK(marked(points, {"a", "b", "c"}) == "a|b|c");
  points.most = 0;
  CHECK(marked(points, characters(std::string(20, 'x'))).size() == 40);
}
