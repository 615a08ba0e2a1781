// Makes step plans.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/model/decisions.hpp"
#include "litestage/model/kv_index.hpp"
#include "litestage/model/step_plan.hpp"

namespace litestage {

namespace detail {

// Stores the rows' entries, or copies of entries of lower layers, and notes the entry of each row in plan.entries.
// Entries are assigned in the order of the rows, which within a slot is the order of positions.
inline void plan_entries(StepPlan& plan, SublayerPlan& sub, KvIndex& index, int layer, std::span<const StepRow> rows,
                         const DecisionTable& decisions, const LayerKinds& kinds) {
  const int u = Sublayer{Unit::attention, layer}.index();
  plan.entries.assign(rows.size(), -1);
  sub.first_copy = plan.copies.size();
  for (int i = 0; i < std::ssize(rows); ++i) {
    const SkipDecision& decision = decisions[rows[i].decisions][u];
    if (!decision.skip || decision.kv == KvOnSkip::project) {
      plan.entries[i] = index.store(rows[i].slot, layer, plan.positions[i]);
    } else if (decision.kv == KvOnSkip::copy_below) {
      EntryCopy copy = index.entry_below(rows[i].slot, layer, plan.positions[i], kinds);
      if (copy.count == 0) continue;
      copy.to_entry = index.store(rows[i].slot, layer, plan.positions[i]);
      plan.copies.push_back(copy);
    }
  }
  sub.n_copies = plan.copies.size() - sub.first_copy;
}

inline void plan_attention(StepPlan& plan, SublayerPlan& sub, KvIndex& index, int layer, std::span<const StepRow> rows,
                           const DecisionTable& decisions, const LayerKinds& kinds) {
  const int u = Sublayer{Unit::attention, layer}.index();
  const auto decision = [&](int i) -> const SkipDecision& { return decisions[rows[i].decisions][u]; };
  std::vector<int>& ints = plan.ints;
  sub.first = ints.size();
  for (int i = 0; i < std::ssize(rows); ++i) {
    if (!decision(i).skip) ints.push_back(i);
  }
  sub.n_run = ints.size() - sub.first;
  for (int i = 0; i < std::ssize(rows); ++i) {
    if (decision(i).skip && decision(i).kv == KvOnSkip::project) ints.push_back(i);
  }
  sub.n = ints.size() - sub.first;
  const int window = kinds.window_of(layer);
  sub.windowed = window > 0;
  // Rows, slots, positions, entries, visible entries and, with a window, first entries: n of each.
  ints.resize(sub.first + (sub.windowed ? 6 : 5) * sub.n);
  plan_entries(plan, sub, index, layer, rows, decisions, kinds);
  for (std::size_t k = 0; k < sub.n; ++k) {
    int* at = ints.data() + sub.first + k;
    const int i = at[0];
    at[sub.n] = rows[i].slot;
    at[2 * sub.n] = plan.positions[i];
    at[3 * sub.n] = plan.entries[i];
    at[4 * sub.n] = plan.entries[i] + 1;  // the row sees no entry after its own, because stored positions ascend
    if (sub.windowed) at[5 * sub.n] = index.stored_before(rows[i].slot, layer, plan.positions[i] - window + 1);
  }
}

inline void plan_mlp(StepPlan& plan, SublayerPlan& sub, int layer, std::span<const StepRow> rows,
                     const DecisionTable& decisions) {
  const int u = Sublayer{Unit::mlp, layer}.index();
  sub.first = plan.ints.size();
  for (int i = 0; i < std::ssize(rows); ++i) {
    if (!decisions[rows[i].decisions][u].skip) plan.ints.push_back(i);
  }
  sub.n = sub.n_run = plan.ints.size() - sub.first;
}

inline void plan_scales(StepPlan& plan, SublayerPlan& sub, int u, std::span<const StepRow> rows,
                        const DecisionTable& decisions) {
  sub.first_scaled = plan.ints.size();
  sub.first_factor = plan.factors.size();
  for (int i = 0; i < std::ssize(rows); ++i) {
    const SkipDecision& d = decisions[rows[i].decisions][u];
    if (!d.skip || d.scale == 1) continue;
    plan.ints.push_back(i);
    plan.factors.push_back(d.scale);
  }
  sub.n_scaled = plan.factors.size() - sub.first_factor;
}

}  // namespace detail

LITESTAGE_INLINE void make_plan(StepPlan& plan, KvIndex& index, const DecisionTable& decisions, int n_layers,
                                std::span<const StepRow> rows, Stat stats, const LayerKinds& kinds) {
  LITESTAGE_ASSERT(kinds.of_layers.empty() || std::ssize(kinds.of_layers) == n_layers, kinds.of_layers.size(),
                   " kinds of ", n_layers, " layers");
  plan.n_rows = rows.size();
  plan.ints.clear();
  plan.factors.clear();
  plan.copies.clear();
  plan.sublayers.assign(2 * n_layers, SublayerPlan{});
  plan.stats = stats;
  plan.first_token = 0;
  plan.positions.clear();
  for (const StepRow& row : rows) {
    LITESTAGE_ASSERT(decisions[row.decisions].size() == plan.sublayers.size(), decisions[row.decisions].size(),
                     " decisions for ", plan.sublayers.size(), " sub-layers");
    plan.ints.push_back(row.token);
    plan.positions.push_back(index.append(row.slot, row.token, row.decisions));
  }
  plan.first_logit_row = plan.ints.size();
  for (int i = 0; i < std::ssize(rows); ++i) {
    if (rows[i].wants_logits) plan.ints.push_back(i);
  }
  plan.n_logit_rows = plan.ints.size() - plan.first_logit_row;
  for (int l = 0; l < n_layers; ++l) {
    for (Unit unit : {Unit::attention, Unit::mlp}) {
      const int u = Sublayer{unit, l}.index();
      SublayerPlan& sub = plan.sublayers[u];
      if (unit == Unit::attention)
        detail::plan_attention(plan, sub, index, l, rows, decisions, kinds);
      else
        detail::plan_mlp(plan, sub, l, rows, decisions);
      detail::plan_scales(plan, sub, u, rows, decisions);
    }
  }
}

}  // namespace litestage
