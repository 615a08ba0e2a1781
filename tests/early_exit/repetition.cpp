#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/verdicts.hpp"
#include "litestage/early_exit/repetition.hpp"

using namespace litestage;
using early_exit::Repetition;
using test::go, test::keep, test::Verdicts;

namespace {

// One token to a letter.
Verdicts verdicts(const Repetition& policy, const std::string& text) {
  return test::verdicts(policy, test::tokens(&TokenStats::token, std::vector<int>(text.begin(), text.end())));
}

}  // namespace

TEST_CASE("repetition: the last n-gram must have occurred often enough, and is kept") {
  CHECK(verdicts({2, 3, 64}, "abxabyab") == Verdicts{go, go, go, go, go, go, go, keep});
  CHECK(verdicts({2, 2, 64}, "abxabyab") == Verdicts{go, go, go, go, keep, go, go, keep});
  CHECK(test::first_stop(verdicts({3, 3, 64}, "abxabyab")) == -1);
  CHECK(test::first_stop(verdicts({1, 2, 64}, "abcda")) == 4);
  CHECK(test::first_stop(verdicts({2, 2, 64}, "abba")) == -1);
}

TEST_CASE("repetition: loops of any period are found, occurrences overlap") {
  // Tokens of period p: `repeats` 3 n-grams of 4 end with token 4 + 2 p.
  const std::vector<std::string> loops = {"aaaaaaaaaaaaaaaa", "abababababababab", "abcabcabcabcabcabc",
                                          "abcdeabcdeabcdeabcde"};
  const int period[] = {1, 2, 3, 5};
  for (std::size_t i = 0; i < loops.size(); ++i) {
    CHECK(test::first_stop(verdicts({4, 3, 64}, loops[i])) == 4 + 2 * period[i] - 1);
  }
}

TEST_CASE("repetition: what has left the window is forgotten") {
  CHECK(test::first_stop(verdicts({2, 2, 6}, "ab12ab")) == 5);
  CHECK(test::first_stop(verdicts({2, 2, 5}, "ab12ab")) == -1);
  CHECK(test::first_stop(verdicts({4, 2, 4}, "aaaaaaaaaa")) == -1);  // a window with room for one
  CHECK(test::first_stop(verdicts({7, 2, 5}, "aaaaaaaaaaaaaa")) == -1);
}

TEST_CASE("repetition: branches do not share what they saw") {
  CHECK(test::first_stop(verdicts({2, 2, 64}, "abc")) == -1);
  CHECK(test::first_stop(verdicts({2, 2, 64}, "abc")) == -1);
}
