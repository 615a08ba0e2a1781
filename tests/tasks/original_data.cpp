// The original files of public tasks, where LITESTAGE_DATA names a folder that has them (obqa/, csqa/, strategyqa/,
// gsm8k/). All expected numbers were counted by another program.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/longest_option.hpp"
#include "litestage/evaluate/controls.hpp"
#include "litestage/io/files/dataset.hpp"
#include "litestage/tasks/read_answer.hpp"
#include "litestage/tasks/tasks.hpp"

namespace {

using litestage::Question;
namespace evaluate = litestage::evaluate;
namespace tasks = litestage::tasks;

// Empty, with a message, where the file is not there.
std::vector<Question> original(const char* task, const std::string& file) {
  const char* folder = std::getenv("LITESTAGE_DATA");
  const std::filesystem::path path = std::filesystem::path(folder == nullptr ? "" : folder) / task / file;
  if (folder == nullptr || !std::filesystem::exists(path)) {
    MESSAGE("skipped: no " << std::string(task) << "/" << file << " in LITESTAGE_DATA");
    return {};
  }
  return tasks::parse_questions(tasks::find_task(task), litestage::io::read_records(path.string()));
}

// The texts with this key in the records of a file that is there.
std::vector<std::string> texts_of(const char* task, const std::string& file, const char* key) {
  const std::filesystem::path path = std::filesystem::path(std::getenv("LITESTAGE_DATA")) / task / file;
  std::vector<std::string> texts;
  for (const litestage::Record& r : litestage::io::read_records(path.string()))
    texts.push_back(r.value.at(key, r.where).string(r.where));
  return texts;
}

const Question& find(const std::vector<Question>& questions, const std::string& id) {
  const auto found = std::find_if(questions.begin(), questions.end(), [&](const Question& q) { return q.id == id; });
  REQUIRE(found != questions.end());
  return *found;
}

// Questions in which another option has the text of the right one.
std::size_t repeated_gold(const std::vector<Question>& questions) {
  return static_cast<std::size_t>(std::count_if(questions.begin(), questions.end(), [](const Question& q) {
    return std::count(q.options.begin(), q.options.end(),
                      q.options[static_cast<std::size_t>(option_of(q.gold.at(0)))]) > 1;
  }));
}

}  // namespace

TEST_CASE("the original files have their known sizes and balances") {
  struct {
    const char* task;
    const char* file;
    std::vector<std::size_t> gold;  // per letter
    std::size_t longest;            // right answers of "always the longest option"
    std::size_t repeated;           // questions whose gold text occurs twice
  } const expected[] = {
      {"obqa", "train.jsonl", {1378, 1212, 1146, 1221}, 2200, 0},
      {"obqa", "dev.jsonl", {126, 138, 110, 126}, 210, 0},
      {"obqa", "test.jsonl", {138, 126, 132, 104}, 181, 0},
      {"csqa", "train.jsonl", {1909, 1973, 1946, 1985, 1928}, 1907, 42},
      {"csqa", "dev.jsonl", {239, 255, 241, 251, 235}, 268, 6},
      {"strategyqa", "train.json", {964, 1097}, 964, 0},
      {"strategyqa", "dev.json", {107, 122}, 107, 0},
  };
  for (const auto& set : expected) {
    CAPTURE(set.task);
    CAPTURE(set.file);
    const auto questions = original(set.task, set.file);
    if (questions.empty()) continue;
    const auto counts = evaluate::gold_counts(questions);
    std::size_t total = 0;
    for (std::size_t i = 0; i < set.gold.size(); ++i) {
      CHECK(counts.at(std::string(1, litestage::option_letter(i))) == set.gold[i]);
      total += set.gold[i];
    }
    CHECK(questions.size() == total);
    CHECK(litestage::test::longest_option(questions).hits == set.longest);
    CHECK(repeated_gold(questions) == set.repeated);
    for (const Question& q : questions) {
      REQUIRE(q.stem.find_first_of(" \t\n") != 0);
      REQUIRE(q.stem.back() != ' ');
    }
  }
}

TEST_CASE("every number of GSM8K is read, as the answer of a record and from its reference solution") {
  struct {
    const char* file;
    std::size_t questions, negative;
    long long largest;
  } const expected[] = {{"test.jsonl", 1319, 2, 2'880'000}, {"train.jsonl", 7473, 3, 192'000'000}};
  for (const auto& set : expected) {
    CAPTURE(set.file);
    const auto questions = original("gsm8k", set.file);
    if (questions.empty()) continue;
    CHECK(questions.size() == set.questions);
    const auto solutions = texts_of("gsm8k", set.file, "answer");
    const litestage::AnswerFormat format{.after = "####"};
    std::size_t negative = 0, read = 0, same = 0;
    long long largest = 0;
    for (std::size_t i = 0; i < questions.size(); ++i) {
      REQUIRE(questions[i].gold.size() == 1);
      const std::string& gold = questions[i].gold[0].text;
      negative += gold[0] == '-' ? 1 : 0;
      largest = std::max(largest, std::stoll(gold));
      read += is_right(tasks::written_answer(format, solutions[i], questions[i]), questions[i].gold) ? 1 : 0;
      // The rule of the data set's own program: what follows the marker, without commas.
      std::string plain = solutions[i].substr(solutions[i].find("#### ") + 5);
      std::erase(plain, ',');
      same += plain == gold ? 1 : 0;
    }
    CHECK(negative == set.negative);
    CHECK(largest == set.largest);
    CHECK(read == set.questions);
    CHECK(same == set.questions);
  }
}

TEST_CASE("the odd records of OpenBookQA") {
  const auto train = original("obqa", "train.jsonl");
  if (train.empty()) return;
  CHECK(find(train, "45").stem == "A");
  const auto commas = std::count_if(train.begin(), train.end(), [](const Question& q) {
    return std::any_of(q.options.begin(), q.options.end(),
                       [](const std::string& o) { return o.find(", ") != std::string::npos; });
  });
  CHECK(commas == 55);
  const auto double_blanks = std::count_if(train.begin(), train.end(),
                                           [](const Question& q) { return q.stem.find("  ") != std::string::npos; });
  CHECK(double_blanks == 19);
}

TEST_CASE("the odd records of CommonsenseQA") {
  const auto train = original("csqa", "train.jsonl");
  if (train.empty()) return;
  const Question& blank = find(train, "31f6e5d34aec1c66c0fcf15350da8b7c");
  CHECK(std::count(blank.options.begin(), blank.options.end(), "ice cream") == 1);
  const Question& pasted = find(train, "a2f0e3baf80c44089d04dd48c8e70edb");
  CHECK(std::any_of(pasted.options.begin(), pasted.options.end(),
                    [](const auto& o) { return o.size() == 151; }));  // 149 characters, one of three bytes
  CHECK(std::any_of(train.begin(), train.end(), [](const Question& q) {
    return std::any_of(q.options.begin(), q.options.end(),
                       [](const auto& o) { return o.find("troms\u00f8") != std::string::npos; });
  }));
  const auto double_blanks = std::count_if(train.begin(), train.end(),
                                           [](const Question& q) { return q.stem.find("  ") != std::string::npos; });
  CHECK(double_blanks == 991);
}

TEST_CASE("the odd records of StrategyQA") {
  const auto train = original("strategyqa", "train.json");
  if (train.empty()) return;
  CHECK(find(train, "8a5edfb7385edb776926").stem == find(train, "cb900171acc9047115b4").stem);
  CHECK(find(train, "03caf265939fab701dee").gold == litestage::Gold{{"B"}});
  for (const Question& q : train) REQUIRE(q.stem.back() == '?');
}
