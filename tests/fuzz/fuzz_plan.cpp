// Any bytes as a plan: one that comes back unchanged from what is written of it, or an Error.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/target.hpp"
#include "litestage/calibrate/plan/plan.hpp"
#include "litestage/io/files/json.hpp"

void fuzz_plan(const std::uint8_t* data, std::size_t size) {
  using namespace litestage;
  calibrate::Plan plan;
  try {
    plan = calibrate::plan_from_form(io::parse_json({reinterpret_cast<const char*>(data), size}, "fuzz"), "fuzz");
  } catch (const Error&) {
    return;
  }
  // Outside the try: an accepted plan can be written, and used.
  const std::string text = io::to_json(to_form(plan), 1);
  need(calibrate::plan_from_form(io::parse_json(text, "again"), "again") == plan);
  const auto state = lite_stage(plan).begin({plan.model.n_layers, 0, plan.budgets.front().stage, 1});
  need(state.skipped.size() == 2 * plan.importance.stages.front().layer_cosine.size());
}
