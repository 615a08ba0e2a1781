// The result of a calibration as one file: the sub-layers that each stage skips, their scores, and everything that must
// be the same for the plan to hold. Format "litestage.plan/1"; names once released stay, new ones may be added.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "litestage/calibrate/importance/importance.hpp"
#include "litestage/calibrate/plan/plan_parts.hpp"
#include "litestage/calibrate/search/search.hpp"
#include "litestage/core/error.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/fields_form.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/skip/lite_stage.hpp"

namespace litestage::calibrate {

inline constexpr std::string_view plan_format = "litestage.plan/1";

struct Plan {
  static constexpr bool complete = true;
  PlanModel model;
  PlanData data;
  PlanKernels kernels;
  Form stages;  // the schedule as a Form
  Importance importance;
  CosineOf ranked_by = CosineOf::requests;
  std::vector<std::string> ranking;  // sub-layers, most redundant first
  std::vector<PlanBudget> budgets;   // [stages] in the order of the schedule
  Phases phase = Phases::both;
  KvOnSkip kv = KvOnSkip::none;
  Form exit;                         // the exit policy as a Form
  std::vector<PlanExit> exit_curve;  // all settings tried; empty if the exit was given
  PlanSearch search;
  std::vector<PlanBaseline> baselines;  // empty if the baselines were not searched
  PlanScore full, plan;

  static constexpr auto fields() {
    using P = Plan;
    return Fields(
        Field("model", &P::model, "the model"), Field("data", &P::data, "the questions of the search"),
        Field("kernels", &P::kernels, "the backend and its kernels"), Field("stages", &P::stages, "the schedule"),
        Field("importance", &P::importance, "the importance of the sub-layers"),
        Field("ranked_by", &P::ranked_by, "the mean of the cosines that makes the ranking"),
        Field("ranking", &P::ranking, "sub-layers, most redundant first"),
        Field("budgets", &P::budgets, "the budget of each stage"),
        Field("phase", &P::phase, "the phases in which sub-layers are skipped"),
        Field("kv", &P::kv, "K/V entry that is stored for a skipped attention"),
        Field("exit", &P::exit, "the exit policy"), Field("exit_curve", &P::exit_curve, "the exit policies tried"),
        Field("search", &P::search, "how the budgets were found"),
        Field("baselines", &P::baselines, "baselines at their largest settings within the target"),
        Field("full", &P::full, "the score of full depth"), Field("plan", &P::plan, "the score of the plan"));
  }
  void check(const Where& where) const;
  friend bool operator==(const Plan&, const Plan&) = default;
};

// The skip policy that the plan describes.
[[nodiscard]] inline skip::LiteStage lite_stage(const Plan& plan) {
  skip::LiteStage policy{.ranking = plan.ranking, .phase = plan.phase, .kv = plan.kv};
  for (const PlanBudget& b : plan.budgets) policy.budgets[b.stage] = b.count;
  return policy;
}

// Throws an Error if the parts of the plan do not fit together.
inline void Plan::check(const Where& where) const {
  const auto wrong = [&](std::string_view key, const auto&... rest) {
    throw Error(concat(where.at(key).str(), ": found ", rest...));
  };
  if (importance.n_layers() != model.n_layers) {
    wrong("importance", importance.n_layers(), " layers, expected ", model.n_layers, " (model.n_layers)");
  }
  std::vector<std::string> names, measured;
  for (const PlanBudget& b : budgets) names.push_back(b.stage);
  for (const StageImportance& s : importance.stages) measured.push_back(s.stage);
  if (names != measured)
    wrong("budgets", names.empty() ? "none" : joined(names),
          ", expected the stages of the importance: ", joined(measured));
  for (const PlanBudget& b : budgets) {
    if (b.count >= 0 && b.count <= std::ssize(ranking)) continue;
    wrong("budgets.count", b.count, " of stage ", b.stage, ", expected 0 to ", ranking.size(),
          " (the length of the ranking)");
  }
  lite_stage(*this).check(where);  // also checks the ranking: valid sub-layers, each once
  for (const std::string& u : ranking) {
    if (parse_sublayer(u)->layer < model.n_layers) continue;
    wrong("ranking", u, ", expected a0 to m", model.n_layers - 1, " of the model's ", model.n_layers, " layers");
  }
  for (const PlanPoint& p : search.points) {
    if (p.budgets.size() != budgets.size())
      wrong("search.points.budgets", p.budgets.size(), " counts, expected ", budgets.size(), ", one to each stage");
  }
  for (const auto& [key, score] : {std::tuple("full", &full), {"plan", &plan}}) {
    if (score->correct > score->questions)
      wrong(concat(key, ".correct"), score->correct, ", expected 0 to ", score->questions, " (the questions)");
    if (score->stage_tokens.size() != budgets.size())
      wrong(concat(key, ".stage_tokens"), score->stage_tokens.size(), " numbers, expected ", budgets.size(),
            ", one to each stage");
  }
}

[[nodiscard]] inline std::vector<PlanPoint> plan_points(const SearchResult& result,
                                                        const std::vector<std::string>& stages) {
  std::vector<PlanPoint> points;
  for (const Point& p : result.points) {
    points.push_back({.stage = stages.at(p.axis),
                      .budgets = p.candidate,
                      .questions = static_cast<std::int64_t>(p.questions),
                      .accuracy = p.accuracy,
                      .seconds = p.cost,
                      .tokens = p.tokens,
                      .within_target = p.within_target,
                      .score = p.score});
  }
  return points;
}

[[nodiscard]] inline Form to_form(const Plan& plan) {
  return write_file(plan_format, plan);
}

// `source`: the name of the file, for errors.
[[nodiscard]] inline Plan plan_from_form(const Form& form, std::string_view source) {
  return read_file_of<Plan>(plan_format, form, source);
}

}  // namespace litestage::calibrate
