// The contexts for which a generated text would have been the same. The context is the number of K/V positions that a
// branch may use. It changes a text only if it was too small, so records of finished work also hold for other contexts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include "litestage/engine/report.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/fields_form.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::evaluate {

struct ContextUse {
  static constexpr bool complete = true;
  int positions = 0;    // K/V positions of the longest branch
  bool filled = false;  // whether a branch ended because no positions were left; with more, it would have continued

  static constexpr auto fields() {
    using C = ContextUse;
    return Fields(
        Field("positions", &C::positions, "K/V cache positions of the branch that used most", 0, largest_count)
            .with(Presence::missing_in_older),
        Field("filled", &C::filled, "whether a branch ended because the context was full")
            .with(Presence::unless_default));
  }
  [[nodiscard]] bool holds_for(std::size_t context) const {
    const std::size_t taken = positions;
    return filled ? context == taken : context >= taken;
  }
};

[[nodiscard]] inline bool filled_context(const StageReport& stage) {
  return std::any_of(stage.branches.begin(), stage.branches.end(),
                     [](const BranchReport& b) { return b.stop == StopReason::context; });
}
[[nodiscard]] inline ContextUse context_use(const QuestionReport& report) {
  return {report.positions, std::any_of(report.stages.begin(), report.stages.end(), filled_context)};
}

// Adds {"positions": n}, and "filled": true if it was filled, to the record of generated text.
inline void add_context_use(Form& record, const ContextUse& use) {
  write_members(record, use, /*all=*/true);
}

// The contexts that journal records are compared with.
struct RecordContexts {
  std::size_t now = 0;  // of the run that reads them; 0: all records hold
  // Of the run that wrote the records without "positions", which are those of earlier versions; 0: these hold.
  std::size_t unsaid = 0;
};

// Whether a record holds for this run. `filled`: whether a branch of it ended because no positions were left; it is
// used for records without "positions".
[[nodiscard]] inline bool holds(const Form& record, const std::string& where, bool filled,
                                const RecordContexts& contexts) {
  if (contexts.now == 0) return true;
  if (record.find("positions") != nullptr) return read_fields<ContextUse>(record, where).holds_for(contexts.now);
  // The record does not say how many positions it used, but at most as many as the context had.
  return contexts.unsaid == 0 || (filled ? contexts.now == contexts.unsaid : contexts.now >= contexts.unsaid);
}

}  // namespace litestage::evaluate
