#include "litestage/model/step_plan.hpp"

#include <doctest/doctest.h>

#include <span>
#include <vector>

using namespace litestage;

namespace {

using Ints = std::vector<int>;

constexpr SkipDecision runs{};
constexpr SkipDecision skips{true, 1, KvOnSkip::none};

Ints list(const StepPlan& plan, std::size_t first, std::size_t n) {
  const auto begin = plan.ints.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(n)};
}
// Part `part` (rows, slots, positions, entries, visible) of an attention's lists.
Ints part(const StepPlan& plan, const SublayerPlan& p, std::size_t part) {
  return list(plan, p.first + part * p.n, p.n);
}

}  // namespace

TEST_CASE("step plan: a mixed step of two slots, by hand") {
  DecisionTable table;
  const int full = table.number_of({runs, runs, runs, runs});
  const int none = table.number_of({runs, skips, skips, runs});
  const int project = table.number_of({runs, runs, SkipDecision{true, 0.5f, KvOnSkip::project}, skips});
  const int copy = table.number_of(
      {runs, SkipDecision{true, 2, KvOnSkip::none}, SkipDecision{true, 0.25f, KvOnSkip::copy_below}, runs});
  const int bare = table.number_of({skips, runs, SkipDecision{true, 1, KvOnSkip::copy_below}, runs});

  KvIndex index(2, 2, 16);
  StepPlan plan;
  make_plan(plan, index, table, 2, std::vector<StepRow>{{50, 1, full, false}, {51, 1, none, false}}, Stat::none);
  CHECK(index.stored(1, 0) == 2);
  CHECK(index.stored(1, 1) == 1);
  CHECK(plan.n_logit_rows == 0);

  // Rows 0, 2 and 4 continue slot 1 at position 2; rows 1, 3 and 5 begin slot 0.
  const std::vector<StepRow> rows{{60, 1, copy, true}, {70, 0, project, false}, {61, 1, full, false},
                                  {71, 0, bare, true}, {62, 1, none, true},     {72, 0, full, false}};
  make_plan(plan, index, table, 2, rows, Stat::cosine);
  CHECK(plan.n_rows == 6);
  CHECK(plan.measures_sublayers());
  CHECK(list(plan, plan.first_token, 6) == Ints{60, 70, 61, 71, 62, 72});
  CHECK(list(plan, plan.first_logit_row, plan.n_logit_rows) == Ints{0, 3, 4});
  REQUIRE(plan.sublayers.size() == 4);

  const SublayerPlan& a0 = plan.sublayers[0];  // only row 3 skips, and stores nothing: nothing lies below
  CHECK(a0.n == 5);
  CHECK(a0.n_run == 5);
  CHECK(part(plan, a0, 0) == Ints{0, 1, 2, 4, 5});
  CHECK(part(plan, a0, 1) == Ints{1, 0, 1, 1, 0});
  CHECK(part(plan, a0, 2) == Ints{2, 0, 3, 4, 2});
  CHECK(part(plan, a0, 3) == Ints{2, 0, 3, 4, 1});
  CHECK(part(plan, a0, 4) == Ints{3, 1, 4, 5, 2});
  CHECK(a0.n_copies == 0);
  CHECK(a0.n_scaled == 0);

  const SublayerPlan& m0 = plan.sublayers[1];
  CHECK(m0.n == 4);
  CHECK(m0.n_run == 4);
  CHECK(list(plan, m0.first, m0.n) == Ints{1, 2, 3, 5});
  CHECK(list(plan, m0.first_scaled, m0.n_scaled) == Ints{0});  // row 4 skips too, at scale 1
  CHECK(plan.factors[m0.first_factor] == 2);

  // Rows 2 and 5 run, row 1 only stores, row 0 copies, row 4 leaves nothing, row 3 finds nothing to copy.
  const SublayerPlan& a1 = plan.sublayers[2];
  CHECK(a1.n == 3);
  CHECK(a1.n_run == 2);
  CHECK(part(plan, a1, 0) == Ints{2, 5, 1});
  CHECK(part(plan, a1, 1) == Ints{1, 0, 0});
  CHECK(part(plan, a1, 2) == Ints{3, 2, 0});
  CHECK(part(plan, a1, 3) == Ints{2, 1, 0});  // slot 1: one entry of the first step, then row 0's copy
  CHECK(part(plan, a1, 4) == Ints{3, 2, 1});
  REQUIRE(a1.n_copies == 1);
  const EntryCopy& c = plan.copies[a1.first_copy];
  CHECK(Ints{c.from_slot, c.from_layer, c.from_entry, c.to_slot, c.to_layer, c.to_entry, c.count} ==
        Ints{1, 0, 2, 1, 1, 1, 1});
  CHECK(list(plan, a1.first_scaled, a1.n_scaled) == Ints{0, 1});
  CHECK(plan.factors[a1.first_factor] == 0.25f);
  CHECK(plan.factors[a1.first_factor + 1] == 0.5f);

  const SublayerPlan& m1 = plan.sublayers[3];
  CHECK(list(plan, m1.first, m1.n) == Ints{0, 2, 3, 4, 5});
  CHECK(m1.n_scaled == 0);

  CHECK(index.length(0) == 3);
  CHECK(index.length(1) == 5);
  CHECK(index.stored(0, 0) == 2);
  CHECK(index.stored(0, 1) == 2);
  CHECK(index.stored(1, 0) == 5);
  CHECK(index.stored(1, 1) == 3);
  CHECK(index.stored_position(0, 1, 1) == 2);
  CHECK(index.stored_position(1, 1, 1) == 2);
}

TEST_CASE("step plan: no rows, and decisions of another model") {
  DecisionTable table;
  const int full = table.number_of(Decisions(4));
  KvIndex index(1, 2, 4);
  StepPlan plan;
  make_plan(plan, index, table, 2, std::vector<StepRow>{{1, 0, full, true}}, Stat::norm_ratio);
  make_plan(plan, index, table, 2, {}, Stat::none);  // nothing of the last step is left
  CHECK(plan.n_rows == 0);
  CHECK(plan.n_logit_rows == 0);
  CHECK(plan.ints.empty());
  CHECK(!plan.measures_sublayers());
  for (const SublayerPlan& p : plan.sublayers) CHECK(p.n == 0);
  CHECK_THROWS_AS(make_plan(plan, index, table, 3, std::vector<StepRow>{{1, 0, full, true}}, Stat::none),
                  AssertionError);
  CHECK(index.length(0) == 1);
}

TEST_CASE("step plan: windows count positions, whatever entries the cache lacks") {
  DecisionTable table;
  const int full = table.number_of(Decisions(6));
  Decisions gap(6);
  gap[0] = gap[2] = gap[4] = skips;
  const int none = table.number_of(gap);
  const std::vector<LayerKind> of_layers{{LayerRope::global, true}, {}, {LayerRope::local, true}};
  const LayerKinds kinds{of_layers, 3};
  KvIndex index(1, 3, 16);
  StepPlan plan;
  // Positions 0, 1, 4, 5, 6 and 8 store an entry; row t sees positions t - 2 to t.
  std::vector<StepRow> rows;
  for (const int number : {full, full, none, none, full, full, full, none, full}) rows.push_back({7, 0, number, false});
  make_plan(plan, index, table, 3, std::span(rows).first(5), Stat::none, kinds);
  CHECK(part(plan, plan.sublayers[0], 5) == Ints{0, 0, 2});
  CHECK(part(plan, plan.sublayers[0], 4) == Ints{1, 2, 3});
  CHECK(plan.sublayers[0].windowed);
  CHECK(!plan.sublayers[2].windowed);
  CHECK(plan.sublayers[2].n == 3);
  CHECK(plan.sublayers[3].first == plan.sublayers[2].first + 5 * 3);  // no list of first entries
  make_plan(plan, index, table, 3, std::span(rows).subspan(5), Stat::none, kinds);
  CHECK(part(plan, plan.sublayers[0], 2) == Ints{5, 6, 8});
  CHECK(part(plan, plan.sublayers[0], 5) == Ints{2, 2, 4});  // position 8 sees 6 and itself
  CHECK(part(plan, plan.sublayers[4], 5) == Ints{2, 2, 4});
  index.truncate(0, 6);
  make_plan(plan, index, table, 3, std::vector<StepRow>{{7, 0, full, false}}, Stat::none, kinds);
  CHECK(part(plan, plan.sublayers[0], 5) == Ints{2});
  CHECK(part(plan, plan.sublayers[0], 4) == Ints{5});
  CHECK_THROWS_AS(make_plan(plan, index, table, 3, {}, Stat::none, {std::span(of_layers).first(2), 3}), AssertionError);
}

TEST_CASE("step plan: an entry is copied from a layer that turns its keys alike") {
  DecisionTable table;
  const SkipDecision copies{true, 1, KvOnSkip::copy_below};
  Decisions decisions(8);
  decisions[4] = decisions[6] = copies;
  const int number = table.number_of(decisions);
  const std::vector<LayerKind> kinds{{LayerRope::none, false}, {}, {LayerRope::none, true}, {LayerRope::local, false}};
  KvIndex index(1, 4, 4);
  StepPlan plan;
  make_plan(plan, index, table, 4, std::vector<StepRow>{{7, 0, number, false}}, Stat::none, {kinds, 2});
  REQUIRE(plan.copies.size() == 1);  // layer 3 finds none
  CHECK(plan.copies[0].from_layer == 0);
  CHECK(plan.copies[0].to_layer == 2);
  CHECK(index.stored(0, 2) == 1);
  CHECK(index.stored(0, 3) == 0);
}
