#include "litestage/tasks/question_set.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "litestage/tasks/subset.hpp"

using namespace litestage;

TEST_CASE("fingerprints of multiple-choice questions are those of earlier versions, so that journals hold") {
  // Computed by the version in which an answer was the index of an option.
  const std::vector<Question> questions = {{"a", "What is cold?", {"Ice", "fire"}, {{"A"}}},
                                           {"b", "Who?", {"x", "y", "z"}, {{"C"}}},
                                           {"c", "Open", {"x"}, {}}};
  CHECK(tasks::questions_fingerprint(questions) == "80e02a617b09cdf3");
  CHECK(tasks::content_hash(questions[0]) == "344cbf66b2da6341");
}

TEST_CASE("a fingerprint covers every part of a question") {
  const Question plain{"a", "How many?", {"x", "y"}, {{"A"}}};
  std::vector<Question> variants(13, plain);
  variants[1].id = "b";
  variants[2].stem = "How few?";
  variants[3].options = {"x", "z"};
  variants[4].gold = {{"B"}};
  variants[5].gold = {{"A"}, {"B"}};
  variants[6].gold = {};
  variants[7].kind = AnswerKind::number;
  variants[8].kind = AnswerKind::number;
  variants[8].percent_is_number = true;
  variants[9].fields = {{"passage", "Once"}};
  variants[10].fields = {{"passage", "Twice"}};
  variants[11].kind = variants[12].kind = AnswerKind::text;
  variants[12].gold_as_written = {"The A"};
  std::set<std::string> seen;
  for (const Question& q : variants) CHECK(seen.insert(tasks::questions_fingerprint({q})).second);
}

TEST_CASE("the contents of a question include its other fields") {
  Question a{.id = "a", .stem = "is it open", .options = {}}, b = a;
  a.fields = {{"passage", "It is closed."}};
  b.fields = {{"passage", "It is open."}};
  CHECK(tasks::content_hash(a) != tasks::content_hash(b));
  b.fields = {{"passage", "it is  CLOSED."}};
  CHECK(tasks::content_hash(a) == tasks::content_hash(b));
}
