#include "litestage/io/text/pair_merger.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using litestage::io::Joined;
using litestage::io::PairMerger;
using litestage::io::RankedMerges;
using litestage::io::Symbol;

// Ids are places in `texts`; a pair is joined at the cost in `costs`.
struct Merges {
  std::vector<std::string> texts;
  std::map<std::pair<int, int>, std::pair<double, int>> costs;

  int id_of(const std::string& text) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (texts[i] == text) return static_cast<int>(i);
    }
    texts.push_back(text);
    return static_cast<int>(texts.size()) - 1;
  }
};

Merges random_merges(std::mt19937& random, bool ties) {
  Merges merges;
  for (const char* letter : {"a", "b", "c"}) merges.id_of(letter);
  for (int i = 0; i < 20; ++i) {
    const int left = static_cast<int>(random() % merges.texts.size());
    const int right = static_cast<int>(random() % merges.texts.size());
    const int id = merges.id_of(merges.texts[left] + merges.texts[right]);
    merges.costs[{left, right}] = {ties ? static_cast<double>(random() % 4) : i, id};
  }
  return merges;
}

// The definition: look at all pairs, join the cheapest, the leftmost of them, and begin again.
std::vector<int> joined_slowly(std::vector<int> row, const Merges& merges) {
  while (true) {
    std::size_t best = row.size();
    double cost = 0;
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      const auto found = merges.costs.find({row[i], row[i + 1]});
      if (found == merges.costs.end() || (best != row.size() && found->second.first >= cost)) continue;
      best = i;
      cost = found->second.first;
    }
    if (best == row.size()) return row;
    row[best] = merges.costs.at({row[best], row[best + 1]}).second;
    row.erase(row.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

}  // namespace

TEST_CASE("the heap finds what looking at all pairs finds") {
  std::mt19937 random(7);
  PairMerger merger;
  for (int round = 0; round < 600; ++round) {
    const Merges merges = random_merges(random, round % 2 == 0);
    std::vector<int> row(random() % 40);
    merger.clear();
    for (int& id : row) merger.append(1, id = static_cast<int>(random() % 3));
    merger.run([&](const Symbol& left, const Symbol& right) -> Joined {
      const auto found = merges.costs.find({left.id, right.id});
      return found == merges.costs.end() ? Joined{} : Joined{found->second.first, found->second.second};
    });
    std::vector<int> ids;
    std::size_t at = 0;
    merger.each([&](const Symbol& symbol) {
      ids.push_back(symbol.id);
      CHECK(symbol.begin == at);
      at += symbol.size;
    });
    CHECK(at == row.size());
    CHECK(ids == joined_slowly(row, merges));
  }
}

TEST_CASE("a pair that a list of merges has twice keeps its first place, or gets its last") {
  RankedMerges first, last;
  for (const int rank : {3, 8}) {
    first.add(1, 2, static_cast<std::size_t>(rank), 10 + rank);
    last.set(1, 2, static_cast<std::size_t>(rank), 10 + rank);
  }
  const Symbol left{.id = 1}, right{.id = 2};
  CHECK(first(left, right).cost == 3);
  CHECK(first(left, right).id == 13);
  CHECK(last(left, right).cost == 8);
  CHECK(last(left, right).id == 18);
  CHECK(first(right, left).id == -1);
  CHECK(first(Symbol{.id = -1}, right).id == -1);
}
