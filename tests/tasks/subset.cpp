#include "litestage/tasks/subset.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using litestage::Question;
namespace tasks = litestage::tasks;

std::vector<Question> numbered(int n) {
  std::vector<Question> questions;
  for (int i = 0; i < n; ++i) questions.push_back({std::to_string(i), "s", {"x", "y"}, {{"A"}}});
  return questions;
}

std::vector<int> ids(const std::vector<Question>& questions) {
  std::vector<int> out;
  for (const Question& q : questions) out.push_back(std::stoi(q.id));
  return out;
}

}  // namespace

TEST_CASE("the first n questions, or all") {
  const auto all = numbered(5);
  CHECK(ids(tasks::first_questions(all, 3)) == std::vector<int>{0, 1, 2});
  CHECK(ids(tasks::first_questions(all, 5)).size() == 5);
  CHECK(ids(tasks::first_questions(all, 99)).size() == 5);
  CHECK(tasks::first_questions(all, 0).empty());
  CHECK(tasks::first_questions({}, 3).empty());
}

TEST_CASE("a random order has no repetition and depends on the seed") {
  std::set<std::vector<std::size_t>> seen;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const std::vector<std::size_t> order = tasks::random_order(31, 7, seed);
    CHECK(std::set<std::size_t>(order.begin(), order.end()).size() == 7);
    CHECK(*std::max_element(order.begin(), order.end()) < 31);
    CHECK(order == tasks::random_order(31, 7, seed));
    seen.insert(order);
  }
  CHECK(seen.size() == 50);  // of 13 billion
  CHECK(tasks::random_order(31, 99, 1).size() == 31);
  CHECK(tasks::random_order(31, 0, 1).empty());
  CHECK(tasks::random_order(0, 3, 1).empty());
}

TEST_CASE("a random order begins with each number about equally often") {
  std::vector<int> drawn(10);
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    for (const std::size_t i : tasks::random_order(10, 3, seed)) ++drawn[i];
  }
  for (const int n : drawn) CHECK((n > 800 && n < 1000));  // 900 expected, standard deviation 25
}

TEST_CASE("a random order is the same on every platform") {
  // From SplitMix64's published sequence for seed 0: e220a8397b1dcdaf, 6e789e6aa1b965f4, 06c45d188009454f, modulo 100,
  // 99 and 98, each as a swap from position 0, 1 and 2.
  const std::uint64_t z[] = {0xe220a8397b1dcdafu, 0x6e789e6aa1b965f4u, 0x06c45d188009454fu};
  std::vector<std::size_t> order(100);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = 0; i < 3; ++i) std::swap(order[i], order[i + z[i] % (100 - i)]);
  order.resize(3);
  CHECK(tasks::random_order(100, 3, 0) == order);
}

TEST_CASE("the contents of a question are its words, not its id") {
  const Question a{"1", "What is cold?", {"Ice", "fire"}, {{"A"}}};
  Question b{"2", "  What is  cold? ", {"ice", "fire"}, {{"B"}}};
  CHECK(tasks::content_hash(a) == tasks::content_hash(b));
  CHECK(tasks::content_hash(a).size() == 16);
  b.options = {"fire", "ice"};
  CHECK(tasks::content_hash(a) == tasks::content_hash(b));
  b.options = {"icef", "ire"};
  CHECK(tasks::content_hash(a) != tasks::content_hash(b));
  const std::vector<Question> both{a, b}, others{{"9", "what is cold?", {"ICE", "fire"}, {}}};
  const std::vector<Question> left = tasks::questions_without(both, others);
  REQUIRE(left.size() == 1);
  CHECK(left[0].id == "2");
}
