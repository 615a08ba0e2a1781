#include "litestage/tasks/tasks.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace {

using litestage::concat;
using litestage::Error;
using litestage::Form;
using litestage::Gold;
using litestage::Question;
using litestage::Record;
namespace tasks = litestage::tasks;

Form choice(const char* label, const char* text) {
  return Form().add("text", text).add("label", label);
}

// A record with n options: "one", "two", ...
Form record(int n, const char* answer_key = "B") {
  const char* texts[] = {"one", "two", "three", "four", "five"};
  Form::List choices;
  for (int i = 0; i < n; ++i) {
    const std::string label(1, static_cast<char>('A' + i)), text = i < 5 ? texts[i] : concat("number ", i + 1);
    choices.push_back(choice(label.c_str(), text.c_str()));
  }
  Form f;
  f.add("id", "7-1").add("question", Form().add("stem", "Count  to").add("choices", choices));
  if (answer_key != nullptr) f.add("answerKey", answer_key);
  return f;
}

Question parse(const char* task, const Form& form) {
  return tasks::parse_question(tasks::find_task(task), form, "set.jsonl:3", 3);
}

std::string task_error(const char* task, const Form& form) {
  try {
    static_cast<void>(parse(task, form));
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a record of OpenBookQA's form becomes a question") {
  const Question q = parse("obqa", record(4, "D"));
  CHECK(q.id == "7-1");
  CHECK(q.stem == "Count  to");  // blanks inside are kept
  CHECK(q.options == std::vector<std::string>{"one", "two", "three", "four"});
  CHECK(q.gold == Gold{{"D"}});
}

TEST_CASE("the order of keys does not matter, others are ignored") {
  Form c;
  c.add("label", "A").add("text", "x");
  Form f;
  f.add("answerKey", "A");
  f.add("question",
        Form().add("question_concept", "y").add("choices", Form::List{c, choice("B", "z")}).add("stem", "s"));
  f.add("id", "i").add("source", Form::List{});
  CHECK(parse("choice", f).options == std::vector<std::string>{"x", "z"});
}

TEST_CASE("blanks around texts are dropped") {
  Form f;
  f.add("id", " i\t")
      .add("question", Form()
                           .add("stem", "\n why so? ")
                           .add("choices", Form::List{choice("A", "ice cream "), choice("B", " b  c")}));
  const Question q = parse("choice", f);
  CHECK(q.id == "i");
  CHECK(q.stem == "why so?");
  CHECK(q.options == std::vector<std::string>{"ice cream", "b  c"});
}

TEST_CASE("each task has its own number of options") {
  const auto count = [](const char* task, int n) { return parse(task, record(n)).options.size(); };
  CHECK(count("obqa", 4) == 4);
  CHECK(count("csqa", 5) == 5);
  CHECK(count("choice", 2) == 2);
  CHECK(count("choice", 26) == 26);
  CHECK_THROWS_AS(count("obqa", 5), Error);
  CHECK_THROWS_AS(count("csqa", 4), Error);
  CHECK_THROWS_AS(count("choice", 1), Error);
  CHECK_THROWS_AS(count("choice", 0), Error);
  CHECK_THROWS_AS(count("choice", 27), Error);
  CHECK(task_error("obqa", record(5)) == "set.jsonl:3: question.choices has 5 options, expected 4 for task obqa");
  CHECK(task_error("choice", record(27)) ==
        "set.jsonl:3: question.choices has 27 options, expected 2 to 26 for task choice");
}

TEST_CASE("only one's own questions may lack the right answer") {
  CHECK(parse("choice", record(4, nullptr)).gold.empty());
  CHECK(task_error("obqa", record(4, nullptr)) == "set.jsonl:3: key \"answerKey\" is missing");
  CHECK(task_error("csqa", record(5, nullptr)) == "set.jsonl:3: key \"answerKey\" is missing");
}

TEST_CASE("an answer key must name an option") {
  CHECK(task_error("obqa", record(4, "E")) == "set.jsonl:3: answerKey is \"E\", expected \"A\" to \"D\"");
  for (const char* key : {"", "b", "AB", "@", "1", "\xc3\xa4"}) CHECK_THROWS_AS(parse("choice", record(4, key)), Error);
}

TEST_CASE("labels run from A in order") {
  Form f;
  f.add("id", "i").add("question",
                       Form().add("stem", "s").add("choices", Form::List{choice("B", "x"), choice("A", "y")}));
  CHECK(task_error("choice", f) ==
        "set.jsonl:3: question.choices[0].label is \"B\", expected \"A\": labels run from A in order");
}

TEST_CASE("records of a wrong shape are errors that name place and key") {
  CHECK(task_error("obqa", Form(Form::List{})) == "set.jsonl:3 is a list, expected an object");
  CHECK(task_error("obqa", Form().add("id", 5)) == "set.jsonl:3: id is an integer, expected a string");
  CHECK(task_error("obqa", Form().add("id", " ")) == "set.jsonl:3: id is empty, expected a text");
  CHECK(task_error("obqa", Form().add("id", "i").add("question", "why?")) ==
        "set.jsonl:3: question is a string, expected an object");
  CHECK(task_error("choice", Form().add("id", "i").add("question", Form().add("stem", "s").add("choices", "none"))) ==
        "set.jsonl:3: question.choices is a string, expected a list");
  CHECK(task_error("choice",
                   Form().add("id", "i").add(
                       "question", Form().add("stem", "s").add("choices", Form::List{choice("A", "x"), Form(1)}))) ==
        "set.jsonl:3: question.choices[1] is an integer, expected an object");
  CHECK(task_error(
            "choice",
            Form().add("id", "i").add(
                "question", Form().add("stem", "s").add("choices", Form::List{choice("A", ""), choice("B", "y")}))) ==
        "set.jsonl:3: question.choices[0].text is empty, expected a text");
}

TEST_CASE("StrategyQA's questions are answered yes or no") {
  const auto make = [](Form answer) {
    return Form().add("qid", "q1").add("term", "t").add("question", " Is it  so? ").add("answer", std::move(answer));
  };
  const Question yes = parse("strategyqa", make(true));
  CHECK(yes.id == "q1");
  CHECK(yes.stem == "Is it  so?");
  CHECK(yes.options == std::vector<std::string>{"yes", "no"});
  CHECK(yes.gold == Gold{{"A"}});
  CHECK(parse("strategyqa", make(false)).gold == Gold{{"B"}});
  CHECK(task_error("strategyqa", make("yes")) == "set.jsonl:3: answer is \"yes\", expected false or true");
  CHECK(task_error("strategyqa", record(4)) == "set.jsonl:3: key \"qid\" is missing");
}

TEST_CASE("an unknown task is an error that lists the known ones") {
  CHECK_THROWS_WITH_AS(
      static_cast<void>(tasks::find_task("mmlu")),
      "task \"mmlu\" is unknown, expected obqa, csqa, strategyqa, gsm8k, arc, boolq, choice, open or a file "
      "NAME.json",
      Error);
}

TEST_CASE("an id may occur once") {
  const std::vector<Record> records = {{"f:1", record(4)}, {"f:3", record(4)}};
  const tasks::TaskFormat& task = tasks::find_task("obqa");
  CHECK_THROWS_WITH_AS(static_cast<void>(tasks::parse_questions(task, records)),
                       "f:3: id \"7-1\" occurs at f:1 already", Error);
  CHECK(tasks::parse_questions(task, std::vector<Record>{records[0]}).size() == 1);
  CHECK(tasks::parse_questions(task, {}).empty());
}
