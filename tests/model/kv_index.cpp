#include "litestage/model/kv_index.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace litestage;

namespace {

// Positions of a slot, all under one number of decisions; every second one is stored in layer 1, all in layer 0.
void fill(KvIndex& index, int slot, const std::vector<int>& tokens, int decisions) {
  for (const int token : tokens) {
    const int position = index.append(slot, token, decisions);
    index.store(slot, 0, position);
    if (position % 2 == 1) index.store(slot, 1, position);
  }
}

[[nodiscard]] std::vector<int> positions_of(const KvIndex& index, int slot, int layer) {
  std::vector<int> positions;
  for (int e = 0; e < index.stored(slot, layer); ++e) positions.push_back(index.stored_position(slot, layer, e));
  return positions;
}

}  // namespace

TEST_CASE("kv index: positions and entries are counted from 0, each layer for itself") {
  KvIndex index(2, 3, 5);
  fill(index, 1, {7, 8, 9, 10, 11}, 0);
  CHECK(index.slots() == 2);
  CHECK(index.capacity() == 5);
  CHECK(index.length(0) == 0);
  CHECK(index.length(1) == 5);
  CHECK(positions_of(index, 1, 0) == std::vector<int>{0, 1, 2, 3, 4});
  CHECK(positions_of(index, 1, 1) == std::vector<int>{1, 3});
  CHECK(positions_of(index, 1, 2).empty());
  CHECK(index.token(1, 3) == 10);
  CHECK_THROWS_AS(index.append(1, 12, 0), AssertionError);    // full
  CHECK_THROWS_AS(index.store(1, 1, 3), AssertionError);      // not ascending
  CHECK_THROWS_AS(index.truncate(1, 6), AssertionError);      // longer than it is
  CHECK_THROWS_AS(index.truncate(1, -1), AssertionError);     // no length
  CHECK_THROWS_AS(index.fork(1, 1, 2), AssertionError);       // into itself
  CHECK_THROWS_AS(index.fork(1, 0, 6), AssertionError);       // more than there is
  CHECK_THROWS_AS(index.append(2, 0, 0), std::out_of_range);  // no such slot
}

TEST_CASE("kv index: truncation drops positions and their entries in every layer") {
  KvIndex index(1, 2, 8);
  fill(index, 0, {1, 2, 3, 4, 5, 6}, 0);
  index.truncate(0, 3);
  CHECK(index.length(0) == 3);
  CHECK(positions_of(index, 0, 0) == std::vector<int>{0, 1, 2});
  CHECK(positions_of(index, 0, 1) == std::vector<int>{1});
  index.truncate(0, 3);
  CHECK(index.length(0) == 3);
  CHECK(index.append(0, 9, 0) == 3);
  CHECK(index.store(0, 1, 3) == 1);
  index.truncate(0, 0);
  CHECK(index.length(0) == 0);
  CHECK(positions_of(index, 0, 1).empty());
}

TEST_CASE("kv index: a fork holds the prefix and names the copies that it needs") {
  KvIndex index(2, 3, 8);
  fill(index, 0, {1, 2, 3, 4, 5, 6}, 4);
  fill(index, 1, {9, 9, 9, 9}, 0);
  const std::vector<EntryCopy> copies = index.fork(0, 1, 4);
  CHECK(index.length(0) == 6);
  CHECK(index.length(1) == 4);
  CHECK(index.token(1, 3) == 4);
  CHECK(positions_of(index, 1, 0) == std::vector<int>{0, 1, 2, 3});
  CHECK(positions_of(index, 1, 1) == std::vector<int>{1, 3});
  REQUIRE(copies.size() == 2);  // layer 2 stores nothing
  for (const int layer : {0, 1}) {
    const EntryCopy& c = copies[static_cast<std::size_t>(layer)];
    CHECK(c.from_slot == 0);
    CHECK(c.to_slot == 1);
    CHECK(c.from_layer == layer);
    CHECK(c.to_layer == layer);
    CHECK(c.from_entry == 0);
    CHECK(c.to_entry == 0);
    CHECK(c.count == (layer == 0 ? 4 : 2));
  }
  CHECK(index.fork(0, 1, 0).empty());
  CHECK(index.length(1) == 0);
}

TEST_CASE("kv index: reuse keeps what is equal in tokens and in decisions, and drops the rest") {
  const std::vector<int> held{1, 2, 3, 4};
  struct Case {
    std::vector<int> tokens;
    int decisions, kept;
  };
  for (const Case& c : {Case{{1, 2, 3, 4, 5}, 4, 4}, Case{{1, 2, 9, 4}, 4, 2}, Case{{1, 2}, 4, 2}, Case{{}, 4, 0},
                        Case{{1, 2, 3, 4}, 5, 0}, Case{{9}, 4, 0}}) {
    KvIndex index(1, 2, 8);
    fill(index, 0, held, 4);
    CHECK(index.reuse(0, c.tokens, c.decisions) == c.kept);
    CHECK(index.length(0) == c.kept);
    CHECK(index.stored(0, 0) == c.kept);
    CHECK(index.stored(0, 1) == c.kept / 2);
  }
  KvIndex index(1, 2, 8);
  fill(index, 0, {1, 2}, 4);
  fill(index, 0, {3, 4}, 5);  // decoded under other decisions than the prompt
  CHECK(index.reuse(0, held, 4) == 2);
}

TEST_CASE("kv index: the entry below is that of the nearest lower layer which stores the position") {
  KvIndex index(1, 4, 8);
  fill(index, 0, {1, 2, 3, 4}, 0);  // layer 1 stores 1 and 3, layer 2 nothing
  const EntryCopy odd = index.entry_below(0, 3, 3);
  CHECK(odd.count == 1);
  CHECK(odd.from_layer == 1);
  CHECK(odd.from_entry == 1);
  CHECK(odd.to_layer == 3);
  const EntryCopy even = index.entry_below(0, 3, 2);
  CHECK(even.from_layer == 0);
  CHECK(even.from_entry == 2);
  CHECK(index.entry_below(0, 1, 2).from_entry == 2);  // the layer right below
  CHECK(index.entry_below(0, 1, 2).count == 1);
  CHECK(index.entry_below(0, 0, 2).count == 0);  // nothing is below
  CHECK(index.entry_below(0, 1, 4).count == 0);  // nobody stores it
}

TEST_CASE("kv index: the entry below has keys that turn alike; entries before a position are counted") {
  KvIndex index(1, 4, 8);
  fill(index, 0, {1, 2, 3, 4}, 0);  // layer 1 stores 1 and 3, layer 2 nothing
  const std::vector<LayerKind> of_layers{{}, {LayerRope::none, false}, {}, {}};
  CHECK(index.entry_below(0, 3, 3, {of_layers, 0}).from_layer == 0);
  CHECK(index.entry_below(0, 1, 3, {of_layers, 0}).count == 0);
  CHECK(index.stored_before(0, 1, -5) == 0);
  CHECK(index.stored_before(0, 1, 1) == 0);
  CHECK(index.stored_before(0, 1, 2) == 1);
  CHECK(index.stored_before(0, 1, 9) == 2);
  CHECK(index.stored_before(0, 2, 9) == 0);
}
