// Tasks that are JSON files: what they may say, and what a file that says it wrongly is told.
#include "litestage/tasks/task_format.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/error_of.hpp"
#include "litestage/io/files/dataset.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/tasks/tasks.hpp"

using namespace litestage;
using test::error_of;

namespace {

tasks::TaskFormat task_of(std::string_view json) {
  return tasks::task_from_form(io::parse_json(json, "t.json"), "t.json");
}
std::string task_error(std::string_view json) {
  return error_of([&] { static_cast<void>(task_of(json)); });
}
std::vector<Question> questions_by(std::string_view json, std::string_view data) {
  return tasks::parse_questions(task_of(json), io::parse_records(data, "d"));
}
std::string data_error(std::string_view json, std::string_view data) {
  return error_of([&] { static_cast<void>(questions_by(json, data)); });
}

constexpr std::string_view flat_task = R"({"name": "flat", "question": "/q", "gold": {"at": "/key"},
  "options": {"at": "/choices/text", "labels_at": "/choices/label", "numbered": true, "max": 3}})";
constexpr std::string_view ages_task = R"({"name": "ages", "kind": "number", "question": "/q", "gold": {"at": "/a"}})";

}  // namespace

TEST_CASE("a task: ten records of a new form are read by a file alone") {
  constexpr std::string_view riddles = R"({"name": "riddles", "kind": "text", "id": "/no", "question": "/riddle/text",
    "gold": {"at": "/riddle/solutions"}, "fields": {"hint": "/hint"}})";
  std::string data = "\xEF\xBB\xBF";
  for (int i = 0; i < 10; ++i)
    data += concat(R"({"no": "r)", i, R"(", "hint": "it has )", i, R"( legs", "riddle": {"text": "Who walks on )", i,
                   R"( legs?", "solutions": ["The Sphinx", "a sphinx!", "Animal )", i, "\"]}}\r\n\r\n");
  const auto list = questions_by(riddles, data);
  REQUIRE(list.size() == 10);
  CHECK(list[3].id == "r3");
  CHECK(list[3].stem == "Who walks on 3 legs?");
  CHECK(list[3].kind == AnswerKind::text);
  CHECK(list[3].gold == Gold{{"sphinx"}, {"animal 3"}});  // equal ones once
  CHECK(list[3].gold_as_written == std::vector<std::string>{"The Sphinx", "Animal 3"});
  CHECK(list[3].fields.at("hint") == "it has 3 legs");
  CHECK(list[3].options.empty());
}

TEST_CASE("a task: records are JSON Lines or one array, and without ids they have their numbers") {
  const auto lines = questions_by(ages_task, "{\"q\": \"Old?\", \"a\": 7}\n\n{\"q\": \"Older?\", \"a\": \"1,080\"}\n");
  const auto array = questions_by(ages_task, "[{\"q\": \"Old?\", \"a\": 7}, {\"q\": \"Older?\", \"a\": \"1,080\"}]");
  REQUIRE(lines.size() == 2);
  REQUIRE(array.size() == 2);
  CHECK(lines[1].gold_as_written.empty());  // numbers have one form
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(lines[i].id == std::to_string(i + 1));
    CHECK(lines[i].id == array[i].id);
    CHECK(lines[i].stem == array[i].stem);
    CHECK(lines[i].gold == array[i].gold);
  }
  CHECK(lines[0].gold == Gold{{"7"}});
  CHECK(lines[1].gold == Gold{{"1080"}});
  CHECK(questions_by(ages_task, R"({"q": "?", "a": 2.5})")[0].gold == Gold{{"5/2"}});
  CHECK(questions_by(ages_task, R"({"q": "?", "a": "50%"})")[0].gold == Gold{{"50%"}});
}

TEST_CASE("a task: flat lists of options and labels, as on the hub, with letters or numbers") {
  const auto list =
      questions_by(flat_task, R"({"q": "?", "choices": {"text": ["x", "y", "z"], "label": ["1", "2", "3"]}, "key": "3"}
{"q": "?", "choices": {"text": ["x", "y"], "label": ["A", "B"]}, "key": "A"}
{"q": "?", "choices": {"text": ["x", "y"], "label": [1, 2]}, "key": 2})");
  REQUIRE(list.size() == 3);
  CHECK(list[0].options == std::vector<std::string>{"x", "y", "z"});
  CHECK(list[0].gold == Gold{{"C"}});
  CHECK(list[1].gold == Gold{{"A"}});
  CHECK(list[2].gold == Gold{{"B"}});
  CHECK(data_error(flat_task, R"({"q": "?", "choices": {"text": ["x", "y"], "label": ["1", "2"]}, "key": "A"})") ==
        "d:1: key is \"A\", expected \"1\" to \"2\"");
  CHECK(data_error(flat_task, R"({"q": "?", "choices": {"text": ["x", "y"], "label": ["A", "2"]}, "key": "A"})") ==
        "d:1: choices.label[1] is \"2\", expected \"B\": labels run from A in order");
  CHECK(data_error(flat_task, R"({"q": "?", "choices": {"text": ["x", "y"], "label": ["0", "1"]}, "key": "0"})") ==
        "d:1: choices.label[0] is \"0\", expected \"A\" or \"1\": labels run from A or 1 in order");
  CHECK(data_error(flat_task, R"({"q": "?", "choices": {"text": ["x", "y"], "label": ["A"]}, "key": "A"})") ==
        "d:1: choices.label has 1 labels, expected 2");
  CHECK(data_error(flat_task, R"({"q": "?", "choices": {"text": ["x", " "], "label": ["A", "B"]}, "key": "A"})") ==
        "d:1: choices.text[1] is empty, expected a text");
}

TEST_CASE("a task: options without labels, and an index for an answer") {
  constexpr std::string_view endings = R"({"name": "endings", "question": "/start",
    "options": {"at": "/endings", "max": 4},
    "gold": {"at": "/label", "values": {"0": "A", "1": "B", "2": "C", "3": "D"}}})";
  const auto list = questions_by(endings, R"({"start": "He", "endings": ["sat", "ran", "fell"], "label": 2}
{"start": "She", "endings": ["sat", "ran"], "label": "0"})");
  CHECK(list[0].gold == Gold{{"C"}});
  CHECK(list[1].gold == Gold{{"A"}});
  CHECK(data_error(endings, R"({"start": "He", "endings": ["sat", "ran"], "label": 4})") ==
        "d:1: label is \"4\", expected 0 or 1 or 2 or 3");
  CHECK(data_error(endings, R"({"start": "He", "endings": ["sat", "ran"], "label": 3})") ==
        "d:1: label is \"D\", expected \"A\" to \"B\"");
}

TEST_CASE("a task: the answer after a marker, and words for yes and no") {
  constexpr std::string_view sums = R"({"name": "sums", "kind": "number", "question": "/q",
    "gold": {"at": "/work", "after": "=>"}, "percent_is_number": true})";
  const auto list = questions_by(sums, R"({"q": "?", "work": "2 => 3 => $1,080.00"}
{"q": "?", "work": "=>-5%"})");
  CHECK(list[0].gold == Gold{{"1080"}});
  CHECK(list[1].gold == Gold{{"-5"}});
  CHECK(data_error(sums, R"({"q": "?", "work": "3"})") == "d:1: work has no \"=>\", expected the answer after one");
  constexpr std::string_view glue = R"({"name": "glue", "kind": "yes_no", "question": "/q",
    "gold": {"at": "/label", "values": {"0": "no", "1": "yes"}}})";
  const auto labels = questions_by(glue, R"([{"q": "?", "label": 1}, {"q": "?", "label": 0}])");
  CHECK(labels[0].gold == Gold{{"yes"}});
  CHECK(labels[1].gold == Gold{{"no"}});
  CHECK(data_error(glue, R"({"q": "?", "label": -1})") == "d:1: label is \"-1\", expected 0 or 1");
}

TEST_CASE("a task: a gold answer that is missing or of the wrong kind is one sentence") {
  CHECK(data_error(ages_task, R"({"q": "?"})") == "d:1: key \"a\" is missing");
  CHECK(data_error(ages_task, R"({"q": "?", "a": null})") == "d:1: a is null, expected a string");
  CHECK(data_error(ages_task, R"({"q": "?", "a": "seven"})") == "d:1: a is \"seven\", expected a number");
  CHECK(data_error(ages_task, R"({"q": "?", "a": "7 or 8"})") == "d:1: a is \"7 or 8\", expected a number");
  CHECK(data_error(ages_task, R"({"q": "?", "a": ""})") == "d:1: a is \"\", expected a number");
  CHECK(data_error(ages_task, R"({"q": "?", "a": true})") == "d:1: a is \"true\", expected a number");
  CHECK(data_error(ages_task, R"({"q": "?", "a": []})") == "d:1: a is empty, expected at least one right answer");
  CHECK(data_error(ages_task, R"({"q": "?", "a": ["7", "x"]})") == "d:1: a[1] is \"x\", expected a number");
  CHECK(data_error(ages_task, R"({"q": " ", "a": 7})") == "d:1: q is empty, expected a text");
  CHECK(data_error(ages_task, R"([{"q": "?", "a": 7}, [1]])") == "d: record 2 is a list, expected an object");
  const auto open =
      questions_by(R"({"name": "o", "kind": "number", "question": "/q", "gold": {"at": "/a", "required": false}})",
                   R"([{"q": "?"}, {"q": "?", "a": null}, {"q": "?", "a": []}, {"q": "?", "a": 7}])");
  for (std::size_t i = 0; i < 3; ++i) CHECK(open[i].gold.empty());
  CHECK(open[3].gold == Gold{{"7"}});
}

TEST_CASE("a task: what is wrong with its file is one sentence") {
  CHECK(task_error("3").find("t.json: found 3, expected settings with name, kind, id, question, ") == 0);
  CHECK(task_error(R"({"question": "/q", "gold": {"at": "/a"}})") ==
        "t.json: key \"name\" is missing, expected the name of the task");
  CHECK(task_error(R"({"name": "t", "kind": "number", "gold": {"at": "/a"}})") ==
        "t.json: key \"question\" is missing, expected a JSON pointer such as \"/question\"");
  CHECK(task_error(R"({"name": "t", "kind": "number", "question": "/q"})") ==
        "t.json: key \"gold.at\" is missing, expected a JSON pointer such as \"/answer\"");
  CHECK(task_error(R"({"name": "t", "kind": "digit", "question": "/q", "gold": {"at": "/a"}})") ==
        "t.json, kind: found \"digit\", expected one of letter, number, yes_no, text");
  CHECK(task_error(R"({"name": "t", "kind": "text", "question": "q", "gold": {"at": "/a"}})") ==
        "t.json, question: found \"q\", expected a JSON pointer, which begins with \"/\"");
  CHECK(task_error(R"({"name": "t", "kind": "text", "question": "/q", "gold": {"at": "/a"}, "fields": {"p": "p"}})") ==
        "t.json, fields.p: found \"p\", expected a JSON pointer, which begins with \"/\"");
  CHECK(task_error(R"({"name": "t", "kind": "text", "question": "/q", "gold": {"at": "/a"}, "fields": ["p"]})")
            .find("t.json, fields: found a list") == 0);
  CHECK(task_error(R"({"name": "t", "question": "/q", "gold": {"at": "/a"}})") ==
        "t.json, options: found neither at nor fixed, expected one of them for the kind letter");
  CHECK(
      task_error(R"({"name": "t", "question": "/q", "gold": {"at": "/a"}, "options": {"at": "/o", "fixed": ["x"]}})") ==
      "t.json, options: found both at and fixed, expected one of them for the kind letter");
  CHECK(
      task_error(R"({"name": "t", "kind": "text", "question": "/q", "gold": {"at": "/a"}, "options": {"at": "/o"}})") ==
      "t.json: found options for the kind text, expected kind letter");
  CHECK(task_error(
            R"({"name": "t", "question": "/q", "gold": {"at": "/a"}, "options": {"at": "/o", "min": 5, "max": 4}})") ==
        "t.json, options: found min 5 and max 4, expected min <= max");
  CHECK(task_error(R"({"name": "t", "question": "/q", "gold": {"at": "/a"}, "options": {"at": "/o", "max": 27}})") ==
        "t.json, options.max: found 27, expected an integer from 1 to 26");
  CHECK(
      task_error(R"({"name": "t", "kind": "yes_no", "question": "/q", "gold": {"at": "/a", "values": {"1": "ja"}}})") ==
      "t.json, gold.values.1: found \"ja\", expected yes or no, or true or false");
  CHECK(task_error(R"({"name": "t", "question": "/q", "options": {"fixed": ["x", "y"]},
                       "gold": {"at": "/a", "values": {"1": "C"}}})") ==
        "t.json, gold.values.1: found \"C\", expected the letter of an option");
  CHECK(task_error(R"({"name": "t", "kind": "text", "question": "/q", "gold": {"at": "/a"}, "answers": 1})")
            .find("t.json: key \"answers\" is unknown, expected name, kind, id, question, options, gold, fields") == 0);
}
