// The contexts for which generated text would have come out the same. A context is how many positions of the K/V cache
// a branch may take; it shows in a text only if it was too small, so records of finished work hold for others too.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <tuple>

#include "litestage/engine/report.hpp"
#include "litestage/settings/fields_form.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::evaluate {

struct ContextUse {
  static constexpr bool complete = true;
  int positions = 0;    // K/V positions of the branch that took most
  bool filled = false;  // whether a branch ended because there were no more: with more of them, it would have gone on

  static constexpr auto fields() {
    using C = ContextUse;
    return std::tuple(
        Field("positions", &C::positions, "K/V positions of the branch that took most", 0, largest_count)
            .with(Presence::missing_in_older),
        Field("filled", &C::filled, "whether a branch ended for lack of positions").with(Presence::unless_default));
  }
  [[nodiscard]] bool holds_for(std::size_t context) const {
    const auto taken = static_cast<std::size_t>(positions);
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

// Adds {"positions": n}, and "filled": true if it is, to the record of something generated.
inline void add_context_use(Form& record, const ContextUse& use) {
  write_members(record, use, /*all=*/true);
}

// The contexts that the records of a journal are held against.
struct RecordContexts {
  std::size_t now = 0;     // of the run that reads them; 0: all records hold
  std::size_t unsaid = 0;  // of the run that wrote those without "positions", as earlier versions did; 0: these hold
};

// Whether a record holds now. `filled`: whether a branch of it ended for lack of positions, for records without
// "positions".
[[nodiscard]] inline bool holds(const Form& record, const std::string& where, bool filled,
                                const RecordContexts& contexts) {
  if (contexts.now == 0) return true;
  if (record.find("positions") != nullptr) return read_fields<ContextUse>(record, where).holds_for(contexts.now);
  // The record does not say how many positions it took: no more than there were.
  return contexts.unsaid == 0 || (filled ? contexts.now == contexts.unsaid : contexts.now >= contexts.unsaid);
}

}  // namespace litestage::evaluate
