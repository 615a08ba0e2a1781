// Checks, before a program runs, that every stage named by a policy exists in the schedule.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/policy/concepts.hpp"
#include "litestage/settings/expected.hpp"

namespace litestage {

template <StageSchedule S>
[[nodiscard]] std::vector<std::string> stage_names(const S& schedule) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < schedule.size(); ++i) names.push_back(schedule.stage(i).name);
  return names;
}

// Throws Error if `policy` (given by `where`: "--skip") names a stage that `schedule` lacks. Policies that name no
// stages pass.
template <class Policy, StageSchedule S>
void check_stages(const Policy& policy, const S& schedule, const Where& where) {
  if constexpr (requires { policy.stages_named(); }) {
    const std::vector<std::string> known = stage_names(schedule);
    for (const std::string& name : policy.stages_named()) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      throw Error(concat(where.str(), ": stage ", in_quotes(name), " is unknown, expected ", joined(known)));
    }
  }
}

}  // namespace litestage
