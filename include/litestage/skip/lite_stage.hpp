// LiteStage's skipping (arXiv 2510.14211, steps 1 and 2, from the authors' overview figure): all stages share one
// ranking of the sub-layers, most redundant first, and each stage skips the top-k sub-layers, with k per stage. The
// program calibrate finds ranking and budgets and writes them to its plan.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/enum_names.hpp"
#include "litestage/core/error.hpp"
#include "litestage/policy/sublayer_set.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/step/types.hpp"

namespace litestage::skip {

// Our defaults where the paper, as far as it was available, is silent: the phase (both is AdaSkip's end-to-end mode),
// and no K/V entry for a skipped attention (as in AdaSkip). No compensation: the figure shows none. A stage without its
// own budget uses that of `every_stage`; without either it skips nothing. SPEC and JSON cannot express stages called
// name, ranking, phase or kv. policy/check_stages.hpp reports a name that no stage has.
struct LiteStage {
  static constexpr std::string_view name = "lite_stage";
  static constexpr std::string_view summary =
      "skips the top-k sub-layers of a shared ranking, with k per stage (LiteStage)";
  static constexpr Stat stats = Stat::none;
  static constexpr std::string_view every_stage = "all";

  std::vector<std::string> ranking = {};    // sub-layers in the order in which they are skipped: "m20", "a17"
  std::map<std::string, int> budgets = {};  // stage name -> number of sub-layers that it skips
  Phases phase = Phases::both;
  KvOnSkip kv = KvOnSkip::none;

  struct State {
    std::vector<std::uint8_t> skipped;  // [2 * n_layers], by Sublayer::index()
  };

  [[nodiscard]] State begin(const RequestInfo& request) const {
    check(Where("skip policy lite_stage"));
    State state{std::vector<std::uint8_t>(2 * request.n_layers, 0)};
    const int count = budget(request.stage_name);
    for (int i = 0; i < std::ssize(ranking); ++i) {
      const auto u = parse_sublayer(ranking[i]);
      if (u->layer >= request.n_layers) {
        throw Error(concat("skip policy lite_stage, ranking: found ", ranking[i], ", expected a0 to m",
                           request.n_layers - 1, " of this model's ", request.n_layers, " layers"));
      }
      if (i < count) state.skipped[u->index()] = 1;
    }
    return state;
  }
  [[nodiscard]] SkipDecision decide(const State& state, const StepInfo& step, Sublayer u) const {
    if (state.skipped[u.index()] == 0 || !covers(phase, step.phase)) return {};
    return {.skip = true, .kv = kv};
  }

  // Stage names that the schedule must contain.
  [[nodiscard]] std::vector<std::string> stages_named() const {
    std::vector<std::string> names;
    for (const auto& entry : budgets) {
      if (entry.first != every_stage) names.push_back(entry.first);
    }
    return names;
  }

  // Throws Error if ranking and budgets do not fit together; called by read_fields.
  void check(const Where& where) const {
    SublayerSet seen;
    for (const std::string& entry : ranking) {
      const auto u = parse_sublayer(entry);
      if (u && !seen.contains(*u)) {
        seen.insert(*u);
        continue;
      }
      throw Error(concat(where.at("ranking").str(), ": found ", found_text(Form(entry)), u ? " twice" : "",
                         ", expected sub-layers such as a3 or m3, each once"));
    }
    for (const auto& [stage, count] : budgets) {
      if (count >= 0 && count <= std::ssize(ranking)) continue;
      throw Error(concat(where.at(stage).str(), ": found ", count, ", expected 0 to ", ranking.size(),
                         " (the length of the ranking)"));
    }
  }

  static constexpr auto fields() {
    return Fields(
        Field("ranking", &LiteStage::ranking, "sub-layers such as a3 or m3, in the order in which they are skipped"),
        OpenField("STAGE", &LiteStage::budgets,
                  "budget of the stage with this name: how many of the ranking it skips (all: every stage not named)",
                  0, 2000),
        Field("phase", &LiteStage::phase, "the phases in which it skips"),
        Field("kv", &LiteStage::kv, "K/V entry that is stored for a skipped attention"));
  }
  friend bool operator==(const LiteStage&, const LiteStage&) = default;

 private:
  [[nodiscard]] int budget(std::string_view stage) const {
    auto found = budgets.find(std::string(stage));
    if (found == budgets.end()) found = budgets.find(std::string(every_stage));
    return found == budgets.end() ? 0 : found->second;
  }
};

}  // namespace litestage::skip
