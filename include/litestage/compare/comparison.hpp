// Several methods on the same questions: what each made of every question, and the numbers that follow. Answers may
// come from batched runs, which give the same tokens; times are of one question at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/evaluate/bootstrap.hpp"
#include "litestage/evaluate/metrics.hpp"
#include "litestage/evaluate/paired.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::compare {

using StopCounts = std::array<int, stop_reason_names.size()>;  // in the order of StopReason

// A number of every token that a branch chose (TokenTrace), and why it ended.
struct BranchTrace {
  std::vector<float> values;
  StopReason stop = StopReason::cap;
  friend bool operator==(const BranchTrace&, const BranchTrace&) = default;
};

// StageReport without texts, tokens and times.
struct StageOutcome {
  std::string name;
  int prompt_tokens = 0;
  int shared_tokens = 0;
  int generated_tokens = 0;
  int sublayers_skipped = 0;
  double sublayers_skipped_mean = 0;
  std::vector<int> branch_tokens;   // [branches] generated
  StopCounts stops{};               // of its branches
  std::vector<BranchTrace> traces;  // [branches], or empty where nobody asked
  friend bool operator==(const StageOutcome&, const StageOutcome&) = default;
};

struct MethodOutcome {
  int predicted = no_answer;
  std::vector<StageOutcome> stages;
  std::optional<NoRoom> no_room = std::nullopt;  // as in QuestionReport
  friend bool operator==(const MethodOutcome&, const MethodOutcome&) = default;
};

struct StageTiming {
  double prefill_s = 0, decode_s = 0;
  int generated_tokens = 0;
  friend bool operator==(const StageTiming&, const StageTiming&) = default;
};
struct MethodTiming {
  double seconds = 0;  // QuestionReport::seconds
  std::vector<StageTiming> stages;
  friend bool operator==(const MethodTiming&, const MethodTiming&) = default;
};

struct Method {
  std::string name;                     // "unified, equal skipping": unique in a comparison
  std::string setting;                  // what people should know of its policies, e.g. "12 sub-layers"
  Form policies;                        // as they write themselves; null where no model runs
  std::string missing;                  // why it could not be run; empty if it could
  std::string same_as;                  // the method before it with the same policies, whose runs it shares; else empty
  std::vector<MethodOutcome> outcomes;  // [questions]; empty where missing
  std::vector<MethodTiming> timings;    // [first questions]; empty where missing, or where no model runs
};

struct ComparedQuestion {
  std::string id;
  int gold = no_answer;
};

struct Comparison {
  std::vector<ComparedQuestion> questions;
  std::vector<Method> methods;        // the first is what the others are compared with: full depth
  std::vector<std::string> warnings;  // sentences
};

// ---- what follows ----

// Means over the questions.
struct StageMeans {
  std::string name;
  double prompt_tokens = 0;
  double generated_tokens = 0;
  double distinct_prompt_tokens = 0;  // what branches share counts once
  double forwarded_tokens = 0;
  double branch_tokens = 0;  // generated, of one branch
  double branches = 0;
  double sublayers_skipped = 0;
  double sublayers_skipped_mean = 0;
};

// Of the timed questions. Time is tokens times time per token, so a speed-up is how many times fewer the tokens are,
// times how many times faster a token is; `speed_up.value` is the product. All time counts, prefills too, so a method
// that generates next to nothing has a slow token.
struct Speed {
  std::size_t questions = 0;
  double seconds = 0;                           // of a question
  double tokens = 0;                            // generated, of a question
  double ms_per_token = 0;                      // 0 where none was generated
  std::optional<evaluate::Ratio> speed_up;      // seconds of the reference by those of the method
  std::optional<evaluate::Ratio> fewer_tokens;  // tokens of the reference by those of the method
  double faster_token = 0;  // milliseconds per token of the reference by those of the method; 0: no tokens
};

struct ComparisonRow {
  evaluate::Proportion accuracy;
  evaluate::PairedDifference difference;  // to the reference
  evaluate::Proportion agreement;         // answers that are the reference's
  std::size_t silent = 0;                 // questions without an answer
  std::vector<StageMeans> stages;
  double tokens = 0;   // generated, of a question
  double skipped = 0;  // sub-layers, of a forwarded token
  StopCounts stops{};
  Speed speed;
  std::size_t unlike = 0;  // timed questions with other token counts than in the batched run: 0, or something is wrong
};

namespace detail {

[[nodiscard]] inline std::vector<int> predictions(const Method& method) {
  std::vector<int> list;
  for (const MethodOutcome& o : method.outcomes) list.push_back(o.predicted);
  return list;
}

[[nodiscard]] inline std::vector<double> timed_seconds(const Method& method) {
  std::vector<double> list;
  for (const MethodTiming& t : method.timings) list.push_back(t.seconds);
  return list;
}
[[nodiscard]] inline std::vector<double> timed_tokens(const Method& method) {
  std::vector<double> list;
  for (const MethodTiming& t : method.timings) {
    list.push_back(0);
    for (const StageTiming& s : t.stages) list.back() += s.generated_tokens;
  }
  return list;
}
[[nodiscard]] inline double sum(const std::vector<double>& values) {
  double total = 0;
  for (const double v : values) total += v;
  return total;
}

}  // namespace detail

// Of all branches; what they share counts once.
[[nodiscard]] inline double distinct_prompt_tokens(const StageOutcome& s) {
  const auto branches = static_cast<double>(s.branch_tokens.size());
  return s.prompt_tokens - std::max(0.0, branches - 1) * s.shared_tokens;
}
// What sublayers_skipped_mean is a mean over: those, and the generated ones but for each branch's last, which is chosen
// and not forwarded. What the K/V cache still held counts as forwarded.
[[nodiscard]] inline double forwarded_tokens(const StageOutcome& s) {
  return distinct_prompt_tokens(s) + s.generated_tokens - static_cast<double>(s.branch_tokens.size());
}

// Stages in the order of the schedule; every question has all of them.
[[nodiscard]] inline std::vector<StageMeans> stage_means(const Method& method) {
  std::vector<StageMeans> means;
  const auto questions = static_cast<double>(method.outcomes.size());
  for (const MethodOutcome& o : method.outcomes) {
    if (means.empty()) means.resize(o.stages.size());
    LITESTAGE_ASSERT(o.stages.size() == means.size(), o.stages.size(), " stages after ", means.size());
    for (std::size_t s = 0; s < means.size(); ++s) {
      const StageOutcome& stage = o.stages[s];
      means[s].name = stage.name;
      means[s].prompt_tokens += stage.prompt_tokens / questions;
      means[s].generated_tokens += stage.generated_tokens / questions;
      means[s].sublayers_skipped += stage.sublayers_skipped / questions;
      means[s].sublayers_skipped_mean += stage.sublayers_skipped_mean / questions;
      means[s].branches += static_cast<double>(stage.branch_tokens.size()) / questions;
      means[s].distinct_prompt_tokens += distinct_prompt_tokens(stage) / questions;
      means[s].forwarded_tokens += forwarded_tokens(stage) / questions;
    }
  }
  for (StageMeans& m : means) m.branch_tokens = m.branches > 0 ? m.generated_tokens / m.branches : 0;
  return means;
}

// Sub-layers that a forwarded token went without, in the mean over those of all questions and stages.
[[nodiscard]] inline double skipped_per_token(const Method& method) {
  double skipped = 0, tokens = 0;
  for (const MethodOutcome& o : method.outcomes) {
    for (const StageOutcome& stage : o.stages) {
      skipped += stage.sublayers_skipped_mean * forwarded_tokens(stage);
      tokens += forwarded_tokens(stage);
    }
  }
  return tokens > 0 ? skipped / tokens : 0;
}

[[nodiscard]] inline Speed speed_of(const Method& reference, const Method& method,
                                    const evaluate::BootstrapOptions& bootstrap = {}) {
  Speed speed;
  speed.questions = method.timings.size();
  if (speed.questions == 0) return speed;
  const std::vector<double> seconds = detail::timed_seconds(method), tokens = detail::timed_tokens(method);
  const double all_seconds = detail::sum(seconds), all_tokens = detail::sum(tokens);
  speed.seconds = all_seconds / static_cast<double>(speed.questions);
  speed.tokens = all_tokens / static_cast<double>(speed.questions);
  if (all_tokens > 0) speed.ms_per_token = 1000 * all_seconds / all_tokens;
  if (reference.timings.size() != speed.questions) return speed;
  speed.speed_up = evaluate::ratio_of_sums(detail::timed_seconds(reference), seconds, bootstrap);
  const std::vector<double> reference_tokens = detail::timed_tokens(reference);
  speed.fewer_tokens = evaluate::ratio_of_sums(reference_tokens, tokens, bootstrap);
  if (speed.speed_up && speed.fewer_tokens && speed.fewer_tokens->value > 0)
    speed.faster_token = speed.speed_up->value / speed.fewer_tokens->value;
  return speed;
}

[[nodiscard]] inline ComparisonRow compare_to(const Method& reference, const Method& method,
                                              const std::vector<ComparedQuestion>& questions) {
  LITESTAGE_ASSERT(method.outcomes.size() == questions.size() && reference.outcomes.size() == questions.size(),
                   method.name, ": ", method.outcomes.size(), " and ", reference.outcomes.size(), " outcomes");
  std::vector<int> gold;
  for (const ComparedQuestion& q : questions) gold.push_back(q.gold);
  const std::vector<int> mine = detail::predictions(method), theirs = detail::predictions(reference);
  ComparisonRow row;
  row.accuracy = evaluate::accuracy(mine, gold);
  row.difference = evaluate::paired_difference(evaluate::paired_counts(mine, theirs, gold));
  row.agreement = evaluate::agreement(mine, theirs);
  for (const int p : mine) row.silent += p == no_answer ? 1 : 0;
  row.stages = stage_means(method);
  for (const StageMeans& s : row.stages) row.tokens += s.generated_tokens;
  row.skipped = skipped_per_token(method);
  for (std::size_t q = 0; q < method.outcomes.size(); ++q) {
    const std::vector<StageOutcome>& stages = method.outcomes[q].stages;
    bool same = true;
    for (std::size_t s = 0; s < stages.size(); ++s) {
      for (std::size_t r = 0; r < row.stops.size(); ++r) row.stops[r] += stages[s].stops[r];
      same = same && (q >= method.timings.size() ||
                      method.timings[q].stages.at(s).generated_tokens == stages[s].generated_tokens);
    }
    row.unlike += same ? 0 : 1;
  }
  row.speed = speed_of(reference, method);
  return row;
}

}  // namespace litestage::compare
