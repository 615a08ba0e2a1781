#include "litestage/compare/tasks_table.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

#include "common/answers.hpp"

using namespace litestage;
using namespace litestage::compare;
using namespace litestage::evaluate;

namespace {

Method answering(const std::string& name, const std::vector<int>& predictions, double seconds) {
  Method m;
  m.name = name;
  for (const int p : predictions) m.outcomes.push_back({letter_answer(p), {}});
  if (seconds > 0) m.timings.push_back({seconds, {}});
  return m;
}

Comparison of_questions(const std::vector<int>& gold, const std::vector<Method>& methods) {
  Comparison c;
  for (const int g : gold) c.questions.push_back({"q" + std::to_string(c.questions.size()), test::gold(g)});
  c.methods = methods;
  return c;
}

std::string printed(const std::vector<TaskComparison>& compared, TableStyle style = TableStyle::plain) {
  std::ostringstream out;
  print_tasks(out, compared, style);
  const std::string text = out.str();
  return text.substr(0, text.find("Accuracy in"));
}

}  // namespace

TEST_CASE("methods by tasks: accuracies and speed-ups side by side, and the mean of what all tasks have") {
  Method lost{"lost", "", {}, "it has no plan", "", {}, {}};
  const Comparison easy =
      of_questions({0, 1}, {answering("full depth", {0, 1}, 8), answering("fast", {0, 0}, 2), lost});
  const Comparison hard =
      of_questions({0, 1, 2, 3}, {answering("full depth", {0, 0, 0, 0}, 6), answering("lost", {3, 3, 3, 3}, 0),
                                  answering("fast", {0, 1, 2, 0}, 6)});
  CHECK(printed({{"easy", &easy}, {"hard", &hard}}) ==
        "All tasks\n"
        "method      easy (2) %  speed-up  hard (4) %  speed-up  mean %  speed-up\n"
        "----------  ----------  --------  ----------  --------  ------  --------\n"
        "full depth       100.0      1.00        25.0      1.00    62.5      1.00\n"
        "fast              50.0      4.00        75.0      1.00    62.5      2.00\n"
        "lost                 -         -        25.0         -       -         -\n");
}

TEST_CASE("methods by tasks: without an answer key there is no accuracy, and no mean of it") {
  const Comparison open = of_questions({no_answer}, {answering("full depth", {0}, 3)});
  const Comparison scored = of_questions({0}, {answering("full depth", {0}, 3)});
  CHECK(printed({{"open", &open}, {"scored", &scored}}, TableStyle::markdown) ==
        "# All tasks\n"
        "\n"
        "| method     | open (1) % | speed-up | scored (1) % | speed-up | mean % | speed-up |\n"
        "| ---------- | ---------: | -------: | -----------: | -------: | -----: | -------: |\n"
        "| full depth |          - |     1.00 |        100.0 |     1.00 |      - |     1.00 |\n"
        "\n");
}
