// One forward step as data: the rows that each sub-layer works on. The transformer and the backends see only the plan
// and know no policy. The rows of a step may come from any sequences, in any phase, under different decisions.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/core/compiled.hpp"
#include "litestage/model/decisions.hpp"
#include "litestage/model/kv_index.hpp"
#include "litestage/model/source/config.hpp"

namespace litestage {

// One token of a step. Rows of the same slot are ordered by position.
struct StepRow {
  int token = 0;
  int slot = 0;
  int decisions = 0;  // number in the DecisionTable
  bool wants_logits = false;
};

// The plan of one sub-layer; its members are offsets into the plan's lists.
struct SublayerPlan {
  // In `ints`: rows[n]; for attention also slots[n], positions[n], entries[n], visible[n], and first entries[n] if
  // `windowed`.
  std::size_t first = 0;
  std::size_t n = 0;  // rows that run, then rows that only store K/V
  std::size_t n_run = 0;
  bool windowed = false;         // rows of this attention do not see all entries before them
  std::size_t first_scaled = 0;  // in `ints`: rows[n_scaled] of skipped rows whose scale is not 1
  std::size_t n_scaled = 0;
  std::size_t first_factor = 0;              // in `factors`: the scales of these rows
  std::size_t first_copy = 0, n_copies = 0;  // in `copies`
};

// Reused from step to step, so that a step allocates memory only if it is larger than all steps before it.
struct StepPlan {
  std::size_t n_rows = 0;
  std::size_t first_token = 0;                        // in `ints`: tokens[n_rows]
  std::size_t first_logit_row = 0, n_logit_rows = 0;  // in `ints`: rows that need logits, ascending
  std::vector<SublayerPlan> sublayers;                // [2 * n_layers]
  std::vector<int> ints;
  std::vector<float> factors;
  std::vector<EntryCopy> copies;
  Stat stats = Stat::none;              // statistics to measure of how sub-layers and layers change each row
  std::vector<int> positions, entries;  // [n_rows] while the plan is made: of each row, and in the current layer

  [[nodiscard]] bool measures_sublayers() const { return any(stats & (Stat::cosine | Stat::norm_ratio)); }
  [[nodiscard]] bool measures_layers() const { return any(stats & Stat::layer_cosine); }
};

// Fills `plan` for these rows and adds their positions and K/V entries to the KvIndex.
void make_plan(StepPlan& plan, KvIndex& index, const DecisionTable& decisions, int n_layers,
               std::span<const StepRow> rows, Stat stats, const LayerKinds& kinds = {});

}  // namespace litestage

#if LITESTAGE_HEADER_ONLY
#include "litestage/model/definitions/step_plan.hpp"
#endif
