// One forward step as data: which rows each sub-layer works on. The transformer and the backends see only this; they
// know no policy. Rows of one step may come from any sequences, in any phase, under different decisions.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/core/compiled.hpp"
#include "litestage/model/decisions.hpp"
#include "litestage/model/kv_index.hpp"

namespace litestage {

// One token of a step. Rows of one slot stand in the order of their positions.
struct StepRow {
  int token = 0;
  int slot = 0;
  int decisions = 0;  // number in the DecisionTable
  bool wants_logits = false;
};

// The part of a plan that concerns one sub-layer; offsets into the plan's lists.
struct SublayerPlan {
  std::size_t first = 0;  // in `ints`: rows[n]; for an attention then slots[n], positions[n], entries[n], visible[n]
  std::size_t n = 0;      // rows that run, then rows that only store K/V
  std::size_t n_run = 0;
  std::size_t first_scaled = 0;  // in `ints`: rows[n_scaled] of skipped rows whose scale is not 1
  std::size_t n_scaled = 0;
  std::size_t first_factor = 0;              // in `factors`: their scales
  std::size_t first_copy = 0, n_copies = 0;  // in `copies`
};

// Reused from step to step, so that a step allocates nothing once its size was seen.
struct StepPlan {
  std::size_t n_rows = 0;
  std::size_t first_token = 0;                        // in `ints`: tokens[n_rows]
  std::size_t first_logit_row = 0, n_logit_rows = 0;  // in `ints`: rows whose logits are wanted, ascending
  std::vector<SublayerPlan> sublayers;                // [2 * n_layers]
  std::vector<int> ints;
  std::vector<float> factors;
  std::vector<EntryCopy> copies;
  Stat stats = Stat::none;              // what is to be measured of how sub-layers and layers change each row
  std::vector<int> positions, entries;  // [n_rows] while it is made: of each row, and in the layer at hand

  [[nodiscard]] bool measures_sublayers() const { return any(stats & (Stat::cosine | Stat::norm_ratio)); }
  [[nodiscard]] bool measures_layers() const { return any(stats & Stat::layer_cosine); }
};

// Fills `plan` for these rows and enters their positions and K/V entries into the books.
void make_plan(StepPlan& plan, KvIndex& index, const DecisionTable& decisions, int n_layers,
               std::span<const StepRow> rows, Stat stats);

}  // namespace litestage

#if LITESTAGE_HEADER_ONLY
#include "litestage/model/definitions/step_plan.hpp"
#endif
