// The parts of a plan: model, questions, kernels, the search and its scores. All of them are read complete
// (settings/fields_form.hpp). A fingerprint is any text that tells two files apart; the programs use
// io/gguf/fingerprint.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/calibrate/importance/importance.hpp"
#include "litestage/calibrate/latency/latency_model.hpp"
#include "litestage/calibrate/trials/metric.hpp"
#include "litestage/core/enum_names.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/evaluate/metrics.hpp"
#include "litestage/policy/sublayer_set.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::calibrate {

struct PlanModel {
  static constexpr bool complete = true;
  std::string file, fingerprint;
  std::string tokenizer;  // fingerprint
  int n_layers = 0;

  static constexpr auto fields() {
    using M = PlanModel;
    return Fields(Field("file", &M::file, "the file's name"),
                  Field("fingerprint", &M::fingerprint, "the file's fingerprint"),
                  Field("tokenizer", &M::tokenizer, "fingerprint of the tokenizer"),
                  Field("n_layers", &M::n_layers, "number of layers", 1, max_named_layer + 1));
  }
  friend bool operator==(const PlanModel&, const PlanModel&) = default;
};

// The questions of the search. A report on other questions compares contents (tasks::content_hash), because one id may
// name different questions in two files.
struct PlanData {
  static constexpr bool complete = true;
  std::string task, file, fingerprint;
  std::vector<std::string> ids, contents;  // [questions] in order

  static constexpr auto fields() {
    using D = PlanData;
    return Fields(Field("task", &D::task, "a task's name"), Field("file", &D::file, "the file's name"),
                  Field("fingerprint", &D::fingerprint, "the file's fingerprint"),
                  Field("ids", &D::ids, "ids of the questions"),
                  Field("contents", &D::contents, "hash of each question's stem and options"));
  }
  void check(const Where& where) const {
    if (!ids.empty() && ids.size() == contents.size()) return;
    throw Error(concat(where.at("contents").str(), ": found ", contents.size(), " hashes, expected ",
                       std::max<std::size_t>(ids.size(), 1), ", one to each of `ids`"));
  }
  friend bool operator==(const PlanData&, const PlanData&) = default;
};

// The kernels. Seconds depend on them, and so do texts through the last bits of logits.
struct PlanKernels {
  static constexpr bool complete = true;
  std::string backend, instruction_set;
  int threads = 1;
  KvType kv = KvType::f16;

  static constexpr auto fields() {
    using K = PlanKernels;
    return Fields(Field("backend", &K::backend, "backend"),
                  Field("instruction_set", &K::instruction_set, "instruction set of the kernels"),
                  Field("threads", &K::threads, "number of threads", 1, 4096),
                  Field("kv", &K::kv, "type of the K/V cache"));
  }
  friend bool operator==(const PlanKernels&, const PlanKernels&) = default;
};

// The mean score by a metric of scores. Plans by other metrics have none.
template <class T>
[[nodiscard]] constexpr auto score_field(double T::*score) {
  return Field("score", score, "mean score by the metric of the search, nats", -unbounded, 0)
      .with(Presence::unless_default);
}

// A candidate that was tried: Point, with names.
struct PlanPoint {
  static constexpr bool complete = true;
  std::string stage;  // the stage in whose search it was tried
  std::vector<int> budgets;
  std::int64_t questions = 0;
  double accuracy = 0, seconds = 0, tokens = 0;  // means over the questions tried
  bool within_target = false;
  double score = 0;  // mean by a metric of scores; 0 for other metrics

  static constexpr auto fields() {
    using P = PlanPoint;
    return Fields(
        Field("stage", &P::stage, "the stage in whose search it was tried"),
        Field("budgets", &P::budgets, "sub-layers skipped, stage by stage", 0, 2000),
        Field("questions", &P::questions, "number of questions on which it was tried", 1, largest_count),
        Field("accuracy", &P::accuracy, "accuracy by the metric of the search", 0, 1),
        Field("seconds", &P::seconds, "mean seconds per question, predicted by the latency model", 0, 1e9),
        Field("tokens", &P::tokens, "mean tokens generated per question", 0, largest_count),
        Field("within_target", &P::within_target, "whether it was tried on all questions and reaches the target"),
        score_field(&P::score));
  }
  friend bool operator==(const PlanPoint&, const PlanPoint&) = default;
};

// One setting of the exit policy under the plan's budgets.
struct PlanExit {
  static constexpr bool complete = true;
  Form exit;  // the exit policy as a Form
  std::int64_t questions = 0;
  double accuracy = 0, seconds = 0, tokens = 0;  // means over the questions tried
  bool within_target = false;                    // only if it was tried on all questions
  double score = 0;

  static constexpr auto fields() {
    using E = PlanExit;
    return Fields(
        Field("exit", &E::exit, "the exit policy"),
        Field("questions", &E::questions, "number of questions on which it was tried", 1, largest_count),
        Field("accuracy", &E::accuracy, "accuracy by the metric of the search", 0, 1),
        Field("seconds", &E::seconds, "mean seconds per question, predicted by the latency model", 0, 1e9),
        Field("tokens", &E::tokens, "mean tokens generated per question", 0, largest_count),
        Field("within_target", &E::within_target, "whether it was tried on all questions and reaches the target"),
        score_field(&E::score));
  }
  friend bool operator==(const PlanExit&, const PlanExit&) = default;
};

// Full depth, or the whole plan with its exit, on the questions of the search. The interval is that of
// evaluate::Proportion. For the plan it is too optimistic, since the plan was chosen on these questions.
struct PlanScore {
  static constexpr bool complete = true;
  std::int64_t correct = 0, questions = 0;
  double accuracy = 0, low = 0, high = 1;
  double score = 0;                  // mean over the questions; 0 for metrics without scores
  double seconds = 0;                // mean over the questions
  std::vector<double> stage_tokens;  // [stages] tokens generated, mean over the questions

  static constexpr auto fields() {
    using S = PlanScore;
    return Fields(Field("correct", &S::correct, "number of correct answers by the metric", 0, largest_count),
                  Field("questions", &S::questions, "number of questions", 1, largest_count),
                  Field("accuracy", &S::accuracy, "share of correct answers", 0, 1),
                  Field("low", &S::low, "lower end of the 95 % interval", 0, 1),
                  Field("high", &S::high, "upper end of the 95 % interval", 0, 1), score_field(&S::score),
                  Field("seconds", &S::seconds, "mean seconds per question, predicted by the latency model", 0, 1e9),
                  Field("stage_tokens", &S::stage_tokens, "tokens generated in each stage, mean over questions", 0,
                        largest_count));
  }
  friend bool operator==(const PlanScore&, const PlanScore&) = default;
};

[[nodiscard]] inline PlanScore plan_score(const evaluate::Proportion& correct, double seconds,
                                          std::vector<double> stage_tokens) {
  return {.correct = static_cast<std::int64_t>(correct.hits),
          .questions = static_cast<std::int64_t>(correct.trials),
          .accuracy = correct.value,
          .low = correct.low,
          .high = correct.high,
          .seconds = seconds,
          .stage_tokens = std::move(stage_tokens)};
}

struct PlanSearch {
  static constexpr bool complete = true;
  Metric metric = Metric::letter;
  Form strategy;  // the strategy as a Form
  double max_loss = 0;
  std::optional<double> least_accuracy;  // replaces the accuracy of full depth less max_loss
  double target = 0;                     // accuracy to be reached
  // In place of these three for a metric of scores: the mean score that may be lost, and that to be reached.
  std::optional<double> max_score_loss, target_score;
  bool reached = false;  // if false, the budgets are those of full depth
  std::vector<PlanPoint> points;

  static constexpr auto fields() {
    using S = PlanSearch;
    return Fields(
        Field("metric", &S::metric, "when an answer counts as right"),
        Field("strategy", &S::strategy, "the search strategy"),
        Field("max_loss", &S::max_loss, "accuracy that may be lost", 0, 1),
        Field("least_accuracy", &S::least_accuracy, "accuracy to be reached, in place of max_loss", 0, 1),
        Field("target", &S::target, "accuracy to be reached", 0, 1),
        Field("max_score_loss", &S::max_score_loss, "mean score that may be lost", 0, unbounded)
            .with(Presence::unless_default),
        Field("target_score", &S::target_score, "mean score to be reached, in place of the target", -unbounded, 0)
            .with(Presence::unless_default),
        Field("reached", &S::reached, "whether the plan reaches the target"),
        Field("points", &S::points, "every candidate tried"));
  }
  friend bool operator==(const PlanSearch&, const PlanSearch&) = default;
};

struct PlanBudget {
  static constexpr bool complete = true;
  std::string stage;
  int count = 0;  // skips the first `count` sub-layers of the ranking

  static constexpr auto fields() {
    return Fields(Field("stage", &PlanBudget::stage, "name of the stage"),
                  Field("count", &PlanBudget::count, "number of sub-layers that it skips", 0, 2000));
  }
  friend bool operator==(const PlanBudget&, const PlanBudget&) = default;
};

// A baseline at its largest setting within the accuracy target.
struct PlanBaseline {
  static constexpr bool complete = true;
  std::string method;
  Form skip;                   // the policy as a Form
  int skipped = 0;             // sub-layers skipped where it skips most
  double accuracy = 0;         // by the metric of the search
  bool within_target = false;  // if false, it skips nothing
  double score = 0;

  static constexpr auto fields() {
    using B = PlanBaseline;
    return Fields(Field("method", &B::method, "name of the baseline"), Field("skip", &B::skip, "the skip policy"),
                  Field("skipped", &B::skipped, "number of sub-layers that it skips", 0, 2000),
                  Field("accuracy", &B::accuracy, "accuracy by the metric of the search", 0, 1),
                  Field("within_target", &B::within_target, "whether it reaches the target on all questions"),
                  score_field(&B::score));
  }
  friend bool operator==(const PlanBaseline&, const PlanBaseline&) = default;
};

}  // namespace litestage::calibrate
