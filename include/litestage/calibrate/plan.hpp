// What a search leaves behind, as one file: which sub-layers each stage skips, what that was worth, and everything that
// has to be the same for it to hold. Format "litestage.plan/1"; names once released stay, new ones may be added.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "litestage/calibrate/importance.hpp"
#include "litestage/calibrate/latency_model.hpp"
#include "litestage/calibrate/metric.hpp"
#include "litestage/calibrate/search.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/form.hpp"
#include "litestage/evaluate/metrics.hpp"
#include "litestage/policy/form.hpp"
#include "litestage/skip/lite_stage.hpp"

namespace litestage::calibrate {

inline constexpr std::string_view plan_format = "litestage.plan/1";

// Which questions of a file: its first ones, or a seeded sample (evaluate/subset.hpp).
enum class Split : std::uint8_t { first, sample };

// How the seconds of a plan were found: a latency model's, or the wall clock's at batch 1.
enum class SecondsBy : std::uint8_t { latency_model, wall_clock };

}  // namespace litestage::calibrate

namespace litestage {

template <>
struct EnumNames<calibrate::Split> {
  static constexpr std::array<std::string_view, 2> names = {"first", "sample"};
};
template <>
struct EnumNames<calibrate::SecondsBy> {
  static constexpr std::array<std::string_view, 2> names = {"latency_model", "wall_clock"};
};

}  // namespace litestage

// All of these are read complete: policy/form.hpp. Fingerprints are whatever text tells two files apart; programs take
// io/fingerprint.hpp's.
namespace litestage::calibrate {

struct PlanModel {
  static constexpr bool complete = true;
  std::string file, fingerprint;
  std::string tokenizer;  // a fingerprint
  int n_layers = 0;

  static constexpr auto fields() {
    using M = PlanModel;
    return std::tuple(Field("file", &M::file, "the file's name"), Field("fingerprint", &M::fingerprint, "of the file"),
                      Field("tokenizer", &M::tokenizer, "fingerprint of the tokenizer"),
                      Field("n_layers", &M::n_layers, "layers", 1, max_named_layer + 1));
  }
  friend bool operator==(const PlanModel&, const PlanModel&) = default;
};

struct PlanData {
  static constexpr bool complete = true;
  std::string task, file, fingerprint;
  Split split = Split::first;
  std::int64_t questions = 0;
  std::int64_t seed = 0;  // of the sample
  std::string ids;        // a hash of the questions' ids, in order

  static constexpr auto fields() {
    using D = PlanData;
    return std::tuple(Field("task", &D::task, "a task's name"), Field("file", &D::file, "the file's name"),
                      Field("fingerprint", &D::fingerprint, "of the file"),
                      Field("split", &D::split, "which questions"),
                      Field("questions", &D::questions, "how many", 1, detail::largest_count),
                      Field("seed", &D::seed, "of the sample"), Field("ids", &D::ids, "hash of the questions' ids"));
  }
  friend bool operator==(const PlanData&, const PlanData&) = default;
};

// What seconds depend on, and to the last bits texts too.
struct PlanKernels {
  static constexpr bool complete = true;
  std::string backend, instruction_set;
  int threads = 1;
  KvType kv = KvType::f16;

  static constexpr auto fields() {
    using K = PlanKernels;
    return std::tuple(Field("backend", &K::backend, "backend"),
                      Field("instruction_set", &K::instruction_set, "instruction set of the kernels"),
                      Field("threads", &K::threads, "threads", 1, 4096), Field("kv", &K::kv, "type of the K/V cache"));
  }
  friend bool operator==(const PlanKernels&, const PlanKernels&) = default;
};

// A plan that was tried: Point, with names.
struct PlanPoint {
  static constexpr bool complete = true;
  std::string stage;  // whose search tried it
  std::vector<int> budgets;
  std::int64_t questions = 0;
  double accuracy = 0, seconds = 0, tokens = 0;  // means over these
  bool within_target = false;

  static constexpr auto fields() {
    using P = PlanPoint;
    return std::tuple(Field("stage", &P::stage, "whose search tried it"),
                      Field("budgets", &P::budgets, "sub-layers skipped, stage by stage", 0, 2000),
                      Field("questions", &P::questions, "tried on", 1, detail::largest_count),
                      Field("accuracy", &P::accuracy, "by the metric", 0, 1),
                      Field("seconds", &P::seconds, "of a question", 0, 1e9),
                      Field("tokens", &P::tokens, "generated, of a question", 0, detail::largest_count),
                      Field("within_target", &P::within_target, "on all questions"));
  }
  friend bool operator==(const PlanPoint&, const PlanPoint&) = default;
};

// One setting of the exit policy under the plan's budgets.
struct PlanExit {
  static constexpr bool complete = true;
  Form exit;  // as the policy writes itself
  double accuracy = 0, seconds = 0, tokens = 0;
  bool within_target = false;

  static constexpr auto fields() {
    using E = PlanExit;
    return std::tuple(Field("exit", &E::exit, "the policy"), Field("accuracy", &E::accuracy, "by the metric", 0, 1),
                      Field("seconds", &E::seconds, "of a question", 0, 1e9),
                      Field("tokens", &E::tokens, "generated, of a question", 0, detail::largest_count),
                      Field("within_target", &E::within_target, "on all questions"));
  }
  friend bool operator==(const PlanExit&, const PlanExit&) = default;
};

// Full depth, or the whole plan with its exit, on the questions of the search. The interval is evaluate::Proportion's;
// of the plan it is too kind, since the plan was chosen on these very questions.
struct PlanScore {
  static constexpr bool complete = true;
  std::int64_t correct = 0, questions = 0;
  double accuracy = 0, low = 0, high = 1;
  double seconds = 0;                // of a question
  std::vector<double> stage_tokens;  // [stages] generated, of a question

  static constexpr auto fields() {
    using S = PlanScore;
    return std::tuple(Field("correct", &S::correct, "by the metric", 0, detail::largest_count),
                      Field("questions", &S::questions, "tried on", 1, detail::largest_count),
                      Field("accuracy", &S::accuracy, "share that is correct", 0, 1),
                      Field("low", &S::low, "end of the 95 % interval", 0, 1),
                      Field("high", &S::high, "end of the 95 % interval", 0, 1),
                      Field("seconds", &S::seconds, "of a question", 0, 1e9),
                      Field("stage_tokens", &S::stage_tokens, "generated, of a question", 0, detail::largest_count));
  }
  friend bool operator==(const PlanScore&, const PlanScore&) = default;
};

[[nodiscard]] inline PlanScore plan_score(const evaluate::Proportion& correct, double seconds,
                                          std::vector<double> stage_tokens) {
  return {static_cast<std::int64_t>(correct.hits),
          static_cast<std::int64_t>(correct.trials),
          correct.value,
          correct.low,
          correct.high,
          seconds,
          std::move(stage_tokens)};
}

struct PlanSearch {
  static constexpr bool complete = true;
  Metric metric = Metric::letter;
  Form strategy;          // as the strategy writes itself
  std::int64_t seed = 0;  // of the strategy
  double max_loss = 0;
  std::optional<double> least_accuracy;  // in place of full depth's less max_loss
  double target = 0;                     // the accuracy that had to be reached
  bool reached = false;                  // if not, the budgets are full depth's
  SecondsBy seconds_by = SecondsBy::latency_model;
  std::vector<PlanPoint> points;

  static constexpr auto fields() {
    using S = PlanSearch;
    return std::tuple(
        Field("metric", &S::metric, "when an answer counts as right"),
        Field("strategy", &S::strategy, "the search strategy"), Field("seed", &S::seed, "of the strategy"),
        Field("max_loss", &S::max_loss, "accuracy that may be lost", 0, 1),
        Field("least_accuracy", &S::least_accuracy, "in place of max_loss", 0, 1),
        Field("target", &S::target, "accuracy that had to be reached", 0, 1),
        Field("reached", &S::reached, "whether the plan reaches it"),
        Field("seconds_by", &S::seconds_by, "how seconds were found"), Field("points", &S::points, "every plan tried"));
  }
  friend bool operator==(const PlanSearch&, const PlanSearch&) = default;
};

struct PlanBudget {
  static constexpr bool complete = true;
  std::string stage;
  int count = 0;  // of the first in the ranking

  static constexpr auto fields() {
    return std::tuple(Field("stage", &PlanBudget::stage, "name of the stage"),
                      Field("count", &PlanBudget::count, "sub-layers that it skips", 0, 2000));
  }
  friend bool operator==(const PlanBudget&, const PlanBudget&) = default;
};

struct Plan {
  static constexpr bool complete = true;
  PlanModel model;
  PlanData data;
  PlanKernels kernels;
  Form stages;  // the schedule, as it writes itself
  Importance importance;
  CosineOf ranked_by = CosineOf::tokens;
  std::vector<std::string> ranking;  // sub-layers, most redundant first
  std::vector<PlanBudget> budgets;   // [stages] in the order of the schedule
  Phases phase = Phases::both;
  KvOnSkip kv = KvOnSkip::none;
  Form exit;                         // the exit policy, as it writes itself
  std::vector<PlanExit> exit_curve;  // what was tried; empty if the exit was given
  PlanSearch search;
  PlanScore full, plan;

  static constexpr auto fields() {
    using P = Plan;
    return std::tuple(
        Field("model", &P::model, "the model"), Field("data", &P::data, "the questions"),
        Field("kernels", &P::kernels, "what ran it"), Field("stages", &P::stages, "the schedule"),
        Field("importance", &P::importance, "of the sub-layers"), Field("ranked_by", &P::ranked_by, "which cosines"),
        Field("ranking", &P::ranking, "sub-layers, most redundant first"),
        Field("budgets", &P::budgets, "how many of the ranking each stage skips"),
        Field("phase", &P::phase, "the steps in which they are skipped"),
        Field("kv", &P::kv, "what a skipped attention leaves in the K/V cache"),
        Field("exit", &P::exit, "the exit policy"), Field("exit_curve", &P::exit_curve, "exit policies tried"),
        Field("search", &P::search, "how the budgets were found"), Field("full", &P::full, "full depth"),
        Field("plan", &P::plan, "the plan"));
  }
  void check(const Where& where) const;
  friend bool operator==(const Plan&, const Plan&) = default;
};

// The plan's skipping as a policy.
[[nodiscard]] inline skip::LiteStage lite_stage(const Plan& plan) {
  skip::LiteStage policy{plan.ranking, {}, plan.phase, plan.kv};
  for (const PlanBudget& b : plan.budgets) policy.budgets[b.stage] = b.count;
  return policy;
}

// An Error if the parts do not fit together.
inline void Plan::check(const Where& where) const {
  const auto wrong = [&](std::string_view key, const auto&... rest) {
    throw Error(concat(where.at(key).str(), ": found ", rest...));
  };
  if (importance.n_layers() != model.n_layers) {
    wrong("importance", importance.n_layers(), " layers, accepted are ", model.n_layers, " (model.n_layers)");
  }
  std::vector<std::string> names, measured;
  for (const PlanBudget& b : budgets) names.push_back(b.stage);
  for (const StageImportance& s : importance.stages) measured.push_back(s.stage);
  if (names != measured)
    wrong("budgets", joined(names), ", accepted are the stages of the importance: ", joined(measured));
  for (const PlanBudget& b : budgets) {
    if (static_cast<std::size_t>(b.count) <= ranking.size()) continue;
    wrong("budgets.count", b.count, " of stage ", b.stage, ", accepted are 0 to ", ranking.size(),
          " (the length of the ranking)");
  }
  lite_stage(*this).check(where);  // the ranking: sub-layers, each once
  for (const std::string& u : ranking) {
    if (parse_sublayer(u)->layer < model.n_layers) continue;
    wrong("ranking", u, ", accepted are a0 to m", model.n_layers - 1, " of the model's ", model.n_layers, " layers");
  }
  for (const PlanPoint& p : search.points) {
    if (p.budgets.size() != budgets.size())
      wrong("search.points.budgets", p.budgets.size(), " counts, accepted are ", budgets.size(), ", one to each stage");
  }
  for (const auto& [key, score] : {std::tuple("full", &full), {"plan", &plan}}) {
    if (score->correct > score->questions)
      wrong(concat(key, ".correct"), score->correct, ", accepted are 0 to ", score->questions, " (the questions)");
    if (score->stage_tokens.size() != budgets.size())
      wrong(concat(key, ".stage_tokens"), score->stage_tokens.size(), " numbers, accepted are ", budgets.size(),
            ", one to each stage");
  }
}

[[nodiscard]] inline std::vector<PlanPoint> plan_points(const SearchResult& result, const SearchSpace& space) {
  std::vector<PlanPoint> points;
  for (const Point& p : result.points) {
    points.push_back({space.stages.at(p.stage), p.budgets, static_cast<std::int64_t>(p.questions), p.accuracy,
                      p.seconds, p.tokens, p.within_target});
  }
  return points;
}

[[nodiscard]] inline Form to_form(const Plan& plan) {
  Form form{Form::Map{{"format", Form(plan_format)}}};
  const Form settings = write_settings(plan);
  for (const auto& [key, value] : settings.map("")) form.add(key, value);
  return form;
}

// `source`: the file.
[[nodiscard]] inline Plan plan_from_form(const Form& form, std::string_view source) {
  const Where where{source};
  const std::string& format = form.at("format", where.str()).string(where.at("format").str());
  if (format != plan_format) {
    throw Error(concat(where.at("format").str(), ": found ", found_text(format), ", accepted is ", plan_format));
  }
  return read_settings<Plan>(form, where);
}

}  // namespace litestage::calibrate
