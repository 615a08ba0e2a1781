#include "litestage/tasks/reading/option_names.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

using namespace litestage;
using tasks::AnswerText;
using tasks::OptionNames;

namespace {

const std::vector<std::string> things = {"ice", "ice cube", "The big ICE", "big ice", "a", "vitamin C"};

// The option that word i of the text is a label of.
std::optional<int> label(const std::string& text, std::size_t i, bool named = false) {
  const AnswerText words(text);
  return OptionNames(words, things).label(i, named);
}
std::optional<int> only(const std::string& text) {
  const AnswerText words(text);
  return OptionNames(words, things).only_text(0, words.size());
}

}  // namespace

TEST_CASE("option names: letters") {
  CHECK(label("B", 0) == 1);
  CHECK(label("Z", 0) == 25);  // the caller asks whether there is such an option
  CHECK(label("b", 0) == 1);
  CHECK(label("z", 0) == std::nullopt);
  CHECK(label("z", 0, true) == 25);
  CHECK(label("(z)", 0) == 25);
  CHECK(label("option(s)", 1, true) == std::nullopt);
  CHECK(label("option(S)", 1, true) == 18);
  CHECK(label("BC", 0) == std::nullopt);
  CHECK(label("5", 0) == std::nullopt);
  CHECK(label("C++", 0) == std::nullopt);
  CHECK(label("P.M.", 1) == std::nullopt);
  CHECK(label("", 0) == std::nullopt);
  CHECK(label("A rock", 0) == std::nullopt);
  CHECK(label("A rock", 0, true) == 0);
  CHECK(label("A because", 0) == 0);
  CHECK(label("A ice", 0) == 0);
  CHECK(label("A big ice", 0, true) == std::nullopt);
  CHECK(label("a rock", 0, true) == std::nullopt);
  CHECK(label("a is", 0, true) == 0);
  CHECK(label("I think", 0, true) == std::nullopt);
  CHECK(label("vitamin C", 1) == std::nullopt);
  CHECK(label("vitamin (C)", 1) == 2);
}

TEST_CASE("option names: their words, of which the longest count") {
  CHECK(only("ice") == 0);
  CHECK(only("An Ice-cold ICE, cube!") == 1);
  CHECK(only("ice cube and ice") == std::nullopt);
  CHECK(only("an ice cube in the ice cube") == 1);
  CHECK(only("a") == std::nullopt);        // a letter is no text
  CHECK(only("big ice") == std::nullopt);  // two options have these words
  CHECK(only("vitamin C") == 5);
  CHECK(only("vitamin") == std::nullopt);
  CHECK(only("") == std::nullopt);
  const AnswerText text("ice cube");
  const OptionNames names(text, things);
  CHECK(names.text_at(0)->words == 2);
  CHECK_FALSE(names.text_at(1));
  CHECK_FALSE(names.text_at(2));
  CHECK(names.only_text(0, 1) == std::nullopt);  // of "ice cube", which ends beyond
}
