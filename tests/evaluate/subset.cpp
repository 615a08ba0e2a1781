#include "litestage/evaluate/subset.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace {

using litestage::Question;
namespace evaluate = litestage::evaluate;

std::vector<Question> numbered(int n) {
  std::vector<Question> questions;
  for (int i = 0; i < n; ++i) questions.push_back({std::to_string(i), "s", {"x", "y"}, 0});
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
  CHECK(ids(evaluate::first_questions(all, 3)) == std::vector<int>{0, 1, 2});
  CHECK(ids(evaluate::first_questions(all, 5)).size() == 5);
  CHECK(ids(evaluate::first_questions(all, 99)).size() == 5);
  CHECK(evaluate::first_questions(all, 0).empty());
  CHECK(evaluate::first_questions({}, 3).empty());
}

TEST_CASE("a sample has no repetition, keeps the file's order and depends on the seed") {
  const auto all = numbered(31);
  std::set<std::vector<int>> seen;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const std::vector<int> part = ids(evaluate::sample_questions(all, 7, seed));
    REQUIRE(part.size() == 7);
    for (std::size_t i = 1; i < part.size(); ++i) CHECK(part[i - 1] < part[i]);
    CHECK(part == ids(evaluate::sample_questions(all, 7, seed)));
    seen.insert(part);
  }
  CHECK(seen.size() == 50);  // of 2.6 million
  CHECK(ids(evaluate::sample_questions(all, 31, 1)) == ids(all));
  CHECK(ids(evaluate::sample_questions(all, 99, 1)) == ids(all));
  CHECK(evaluate::sample_questions(all, 0, 1).empty());
  CHECK(evaluate::sample_questions({}, 3, 1).empty());
}

TEST_CASE("every question is drawn about equally often") {
  const auto all = numbered(10);
  std::vector<int> drawn(10);
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    for (const int id : ids(evaluate::sample_questions(all, 3, seed))) ++drawn[static_cast<std::size_t>(id)];
  }
  for (const int n : drawn) CHECK((n > 800 && n < 1000));  // 900 expected, standard deviation 25
}

TEST_CASE("a sample is the same on every platform") {
  // From SplitMix64's published sequence for seed 0: e220a8397b1dcdaf, 6e789e6aa1b965f4, 06c45d188009454f, modulo 100,
  // 99 and 98, each as a swap from position 0, 1 and 2.
  const auto all = numbered(100);
  const std::uint64_t z[] = {0xe220a8397b1dcdafu, 0x6e789e6aa1b965f4u, 0x06c45d188009454fu};
  std::set<int> expected;
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) order.push_back(i);
  for (std::size_t i = 0; i < 3; ++i) {
    std::swap(order[i], order[i + z[i] % (100 - i)]);
    expected.insert(order[i]);
  }
  CHECK(ids(evaluate::sample_questions(all, 3, 0)) == std::vector<int>(expected.begin(), expected.end()));
}

TEST_CASE("the contents of a question are its words, not its id") {
  const Question a{"1", "What is cold?", {"Ice", "fire"}, 0};
  Question b{"2", "  What is  cold? ", {"ice", "fire"}, 1};
  CHECK(evaluate::content_hash(a) == evaluate::content_hash(b));
  CHECK(evaluate::content_hash(a).size() == 16);
  b.options = {"fire", "ice"};
  CHECK(evaluate::content_hash(a) == evaluate::content_hash(b));
  b.options = {"icef", "ire"};
  CHECK(evaluate::content_hash(a) != evaluate::content_hash(b));
  const std::vector<Question> both{a, b}, others{{"9", "what is cold?", {"ICE", "fire"}, -1}};
  const std::vector<Question> left = evaluate::questions_without(both, others);
  REQUIRE(left.size() == 1);
  CHECK(left[0].id == "2");
}
