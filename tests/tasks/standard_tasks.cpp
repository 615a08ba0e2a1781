// The tasks that programs know by name: their files, and records in the original form of each.
#include "litestage/tasks/standard_tasks.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "litestage/evaluate/controls.hpp"
#include "litestage/io/files/dataset.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/files/mapped_file.hpp"
#include "litestage/tasks/tasks.hpp"

using namespace litestage;

namespace {

const std::filesystem::path source_folder = std::filesystem::path(__FILE__).parent_path() / ".." / "..";

std::vector<Question> own_records(const char* task) {
  const std::string path = (source_folder / "tests" / "data" / concat(task, ".jsonl")).string();
  return tasks::parse_questions(tasks::find_task(task), io::read_records(path));
}

}  // namespace

TEST_CASE("each standard task is its file in examples/data/tasks, and there are no other files") {
  const std::filesystem::path folder = source_folder / "examples" / "data" / "tasks";
  for (const tasks::TaskFormat& task : tasks::standard_tasks()) {
    CAPTURE(task.name);
    const std::string path = (folder / concat(task.name, ".json")).string();
    CHECK(io::read_file(path) == io::to_json(tasks::to_form(task), 2) + "\n");
    CHECK(tasks::task_from_form(io::read_json_file(path), path) == task);
  }
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.insert(entry.path().stem().string());
  const std::vector<std::string> names = tasks::task_names();
  CHECK(files == std::set<std::string>(names.begin(), names.end()));
}

TEST_CASE("ARC: three to five options, labelled by letters or numbers") {
  const std::vector<Question> list = own_records("arc");
  REQUIRE(list.size() == 10);
  CHECK(list[0].gold == Gold{{"B"}});
  CHECK(list[2].gold == Gold{{"A"}});  // its key is "1"
  CHECK(list[3].gold == Gold{{"D"}});
  CHECK(list[4].options.size() == 3);
  CHECK(list[5].options.size() == 5);
  for (const Question& q : list) CHECK(q.kind == AnswerKind::letter);
  CHECK(*evaluate::chance(list) == doctest::Approx((8.0 / 4 + 1.0 / 3 + 1.0 / 5) / 10));
}

TEST_CASE("BoolQ: yes or no about a passage") {
  const std::vector<Question> list = own_records("boolq");
  REQUIRE(list.size() == 10);
  CHECK(list[0].id == "1");
  CHECK(list[9].id == "10");
  for (const Question& q : list) {
    CHECK(q.kind == AnswerKind::yes_no);
    CHECK(q.options.empty());
    CHECK(q.fields.size() == 1);
    CHECK(q.fields.at("passage").size() > q.stem.size());
  }
  CHECK(list[0].gold == Gold{{"no"}});
  CHECK(list[1].gold == Gold{{"yes"}});
  CHECK(evaluate::gold_counts(list) == std::map<std::string, std::size_t>{{"no", 5}, {"yes", 5}});
  CHECK(*evaluate::chance(list) == 0.5);
}

TEST_CASE("GSM8K: the number after the marker") {
  const auto records = io::parse_records(
      "{\"question\": \"How many?\", \"answer\": \"She has 2*3=<<2*3=6>>6 eggs.\\n#### 1,006\"}\n"
      "{\"question\": \"How few?\", \"answer\": \"3-5=<<3-5=-2>>-2\\n#### -2\"}",
      "g");
  const auto list = tasks::parse_questions(tasks::find_task("gsm8k"), records);
  CHECK(list[0].id == "1");
  CHECK(list[0].kind == AnswerKind::number);
  CHECK(list[0].percent_is_number);
  CHECK(list[0].gold == Gold{{"1006"}});
  CHECK(list[1].gold == Gold{{"-2"}});
  CHECK_FALSE(evaluate::chance(list));
}

TEST_CASE("open: a user's own questions, with an answer or without") {
  const auto records = io::parse_records(
      R"([{"id": "a", "question": "Where?", "answer": "In Paris."}, {"id": "b", "question": "Who?"}])", "o");
  const auto list = tasks::parse_questions(tasks::find_task("open"), records);
  CHECK(list[0].gold == Gold{{"in paris"}});
  CHECK(list[1].gold.empty());
  CHECK(list[1].kind == AnswerKind::text);
}
