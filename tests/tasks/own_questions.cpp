// The questions that come with the project: they parse, are balanced, and guessing gets a quarter of them.
#include <doctest/doctest.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "common/longest_option.hpp"
#include "litestage/evaluate/controls.hpp"
#include "litestage/io/files/dataset.hpp"
#include "litestage/tasks/tasks.hpp"

namespace {

using litestage::Question;
namespace evaluate = litestage::evaluate;
namespace tasks = litestage::tasks;

std::vector<Question> own(const std::string& file, const char* task = "obqa") {
  const auto folder = std::filesystem::path(__FILE__).parent_path() / ".." / ".." / "examples" / "data";
  const auto records = litestage::io::read_records((folder / file).string());
  return tasks::parse_questions(tasks::find_task(task), records);
}

}  // namespace

TEST_CASE("own questions are balanced, and length does not give answers away") {
  for (const char* file : {"questions_calibration.jsonl", "questions_test.jsonl"}) {
    CAPTURE(file);
    const auto questions = own(file);
    REQUIRE(questions.size() == 32);
    const auto counts = evaluate::gold_counts(questions);
    for (std::size_t i = 0; i < 4; ++i) CHECK(counts.at(std::string(1, litestage::option_letter(i))) == 8);
    for (std::size_t i = 0; i < questions.size(); i += 4) {
      std::set<std::string> letters;
      for (std::size_t j = i; j < i + 4; ++j) letters.insert(questions[j].gold.at(0).text);
      CHECK(letters.size() == 4);
    }
    CHECK(evaluate::chance(questions) == 0.25);
    CHECK(evaluate::majority_class(questions).accuracy.hits == 8);
    CHECK(litestage::test::longest_option(questions).hits == 8);
    CHECK(own(file, "choice").size() == 32);
  }
}

TEST_CASE("own questions are all different, and so are the options of each") {
  std::set<std::string> ids, stems;
  for (const char* file : {"questions_calibration.jsonl", "questions_test.jsonl"}) {
    for (const Question& q : own(file)) {
      CAPTURE(q.id);
      CHECK(ids.insert(q.id).second);
      CHECK(stems.insert(q.stem).second);
      CHECK(std::set<std::string>(q.options.begin(), q.options.end()).size() == q.options.size());
    }
  }
  CHECK(ids.size() == 64);
}
