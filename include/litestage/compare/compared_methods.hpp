// The methods of a comparison, in the order of its tables: full depth, the methods of a plan, each baseline at equal
// accuracy and at equal skipping, and controls. Some methods depend on what LiteStage did on the same questions, so
// their policies are known only after LiteStage has run.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/calibrate/plan/plan.hpp"
#include "litestage/calibrate/search/baselines.hpp"
#include "litestage/compare/comparison.hpp"
#include "litestage/compare/expected_skipping.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/early_exit/standard.hpp"
#include "litestage/evaluate/controls.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/settings/spec.hpp"
#include "litestage/skip/standard.hpp"
#include "litestage/stages/standard.hpp"

namespace litestage::compare {

struct MethodPolicies {
  skip::Standard skip;
  early_exit::Standard exit;
  stages::Standard stages;
};

struct ComparedMethod {
  enum class Kind {
    full_depth,
    lite_stage,
    lite_stage_exit,
    equal_accuracy,  // the largest setting of a baseline that kept the plan's target on the calibration questions
    // The setting of a baseline that skips as many sub-layers per token as lite_stage does on the compared questions.
    equal_skipping,
    majority,
    direct,
    cap,  // full depth with a token cap
    // The plan's budgets with a token cap that gives branches the same mean length as under lite_stage_exit.
    lite_stage_cap
  };
  Kind kind = Kind::full_depth;
  std::string baseline;  // for the two kinds that are baselines
  compare::Method method;
  std::optional<MethodPolicies> policies;  // empty if no model runs, and until it is settled
};

class ComparedMethods {
 public:
  using Kind = ComparedMethod::Kind;
  // The names that may be chosen, in the order of the tables.
  [[nodiscard]] static std::vector<std::string> names() {
    std::vector<std::string> all = {"full_depth", "lite_stage", "lite_stage_exit"};
    for (std::string& name : calibrate::baseline_names()) all.push_back(std::move(name));
    all.insert(all.end(), {"majority", "direct", "cap"});
    return all;
  }

  // `chosen`: some of names(). Full depth is always added, and so are the methods that a chosen one depends on. Without
  // a plan (null), the methods that need one are missing. Plan and questions outlive this object.
  ComparedMethods(const std::vector<std::string>& chosen, const calibrate::Plan* plan, const stages::Standard& stages,
                  int n_layers, const std::vector<Question>& questions);

  [[nodiscard]] std::vector<ComparedMethod>& list() { return list_; }
  // Makes method i ready to run, after the methods before it have run. If it has no policies afterwards, there is
  // nothing to run: it is missing, it has the policies of an earlier method and shares its results, or it needs no
  // model.
  void settle(std::size_t i);
  // The methods in the order of the tables. Methods with equal policies share their times.
  [[nodiscard]] std::vector<compare::Method> methods() const;

 private:
  void add(Kind kind, std::string name, std::string baseline = {});
  [[nodiscard]] const compare::Method& ran(Kind kind) const;
  static void set(ComparedMethod& m, MethodPolicies policies, std::string setting);
  void set_policies(ComparedMethod& m) const;
  void set_equal_accuracy(ComparedMethod& m) const;
  void set_equal_skipping(ComparedMethod& m) const;
  void set_majority(ComparedMethod& m) const;
  void set_cap(ComparedMethod& m, MethodPolicies policies, const compare::Method& uncapped) const;
  void share(std::size_t i);

  std::vector<ComparedMethod> list_;
  const calibrate::Plan* plan_;
  MethodPolicies full_;
  std::vector<calibrate::Baseline> ladders_;  // empty without a plan
  int n_layers_;
  const std::vector<Question>* questions_;
};

inline ComparedMethods::ComparedMethods(const std::vector<std::string>& chosen, const calibrate::Plan* plan,
                                        const stages::Standard& stages, int n_layers,
                                        const std::vector<Question>& questions)
    : plan_(plan), full_{.skip = {}, .exit = {}, .stages = stages}, n_layers_(n_layers), questions_(&questions) {
  const auto has = [&](std::string_view name) { return std::find(chosen.begin(), chosen.end(), name) != chosen.end(); };
  if (plan != nullptr) ladders_ = calibrate::baselines(plan->importance);
  const bool exit = has("cap") || has("lite_stage_exit");
  const std::vector<std::string> baselines = calibrate::baseline_names();
  const bool any_baseline = std::any_of(baselines.begin(), baselines.end(), has);
  add(Kind::full_depth, "full depth");
  if (any_baseline || exit || has("lite_stage")) add(Kind::lite_stage, "litestage");
  if (exit) add(Kind::lite_stage_exit, "litestage + exit");
  for (const std::string& name : baselines) {
    if (!has(name)) continue;
    add(Kind::equal_accuracy, name + ", equal accuracy", name);
    add(Kind::equal_skipping, name + ", equal skipping", name);
  }
  if (has("majority")) add(Kind::majority, "majority class");
  if (has("direct")) add(Kind::direct, "direct answer");
  if (!has("cap")) return;
  add(Kind::cap, "full depth + cap");
  add(Kind::lite_stage_cap, "litestage + cap");
}

inline void ComparedMethods::add(Kind kind, std::string name, std::string baseline) {
  ComparedMethod m;
  m.kind = kind;
  m.baseline = std::move(baseline);
  m.method.name = std::move(name);
  list_.push_back(std::move(m));
}

inline const compare::Method& ComparedMethods::ran(Kind kind) const {
  const auto found = std::find_if(list_.begin(), list_.end(), [&](const ComparedMethod& m) { return m.kind == kind; });
  LITESTAGE_ASSERT(found != list_.end() && !found->method.outcomes.empty(), "a method that others need did not run");
  return found->method;
}

inline void ComparedMethods::set(ComparedMethod& m, MethodPolicies policies, std::string setting) {
  m.method.setting = std::move(setting);
  m.method.policies = Form::Map{{"stages", policies.stages.to_form(true)},
                                {"skip", policies.skip.to_form(true)},
                                {"exit", policies.exit.to_form(true)}};
  m.policies = std::move(policies);
}

inline void ComparedMethods::settle(std::size_t i) {
  ComparedMethod& m = list_.at(i);
  const bool needs_plan = m.kind != Kind::full_depth && m.kind != Kind::majority && m.kind != Kind::direct;
  if (needs_plan && plan_ == nullptr) {
    m.method.missing = "no plan was given (the program calibrate writes one)";
    return;
  }
  set_policies(m);
  share(i);
}

inline void ComparedMethods::set_policies(ComparedMethod& m) const {
  MethodPolicies p = full_;
  const auto skip_as_planned = [&] { p.skip = skip::Standard(calibrate::lite_stage(*plan_)); };
  switch (m.kind) {
    case Kind::full_depth:
      return set(m, p, "");
    case Kind::lite_stage: {
      skip_as_planned();
      std::string budgets;
      for (const calibrate::PlanBudget& b : plan_->budgets)
        budgets += concat(budgets.empty() ? "" : ", ", b.stage, " ", b.count);
      return set(m, p, budgets);
    }
    case Kind::lite_stage_exit:
      skip_as_planned();
      p.exit = read_value<early_exit::Standard>(plan_->exit, Where("plan").at("exit"));
      return set(m, p, to_spec(p.exit));
    case Kind::equal_accuracy:
      return set_equal_accuracy(m);
    case Kind::equal_skipping:
      return set_equal_skipping(m);
    case Kind::majority:
      return set_majority(m);
    case Kind::direct:
      p.stages = stages::Standard(stages::direct_answer_of(full_.stages));
      return set(m, p, "");
    case Kind::lite_stage_cap:
      skip_as_planned();
      return set_cap(m, p, ran(Kind::lite_stage));
    case Kind::cap:
      return set_cap(m, p, ran(Kind::full_depth));
  }
}

inline void ComparedMethods::set_equal_accuracy(ComparedMethod& m) const {
  const auto found = std::find_if(plan_->baselines.begin(), plan_->baselines.end(),
                                  [&](const calibrate::PlanBaseline& b) { return b.method == m.baseline; });
  if (found == plan_->baselines.end()) {
    m.method.missing = "the plan does not say how far it can go";
  } else if (!found->within_target) {
    m.method.missing = "none of its settings kept the plan's target on the calibration questions";
  } else {
    MethodPolicies p = full_;
    p.skip = read_value<skip::Standard>(found->skip, Where("plan").at("baselines").at("skip"));
    set(m, p, concat(found->skipped, " sub-layers"));
  }
}

// Among equally near settings, the one that skips fewer sub-layers is chosen.
inline void ComparedMethods::set_equal_skipping(ComparedMethod& m) const {
  const auto ladder = std::find_if(ladders_.begin(), ladders_.end(),
                                   [&](const calibrate::Baseline& b) { return b.name == m.baseline; });
  LITESTAGE_ASSERT(ladder != ladders_.end(), m.baseline, " is none of the baselines");
  const auto lengths = stage_lengths(ran(Kind::lite_stage), full_.stages);
  const auto distance = [&, wanted = expected_skipping(calibrate::lite_stage(*plan_), n_layers_, lengths)](
                            const calibrate::BaselineSetting& s) {
    return std::abs(expected_skipping(s.policy, n_layers_, lengths) - wanted);
  };
  const calibrate::BaselineSetting* nearest = &ladder->settings.at(0);
  for (const calibrate::BaselineSetting& s : ladder->settings) {
    if (distance(s) < distance(*nearest)) nearest = &s;
  }
  MethodPolicies p = full_;
  p.skip = nearest->policy;
  set(m, p, concat(nearest->skipped, " sub-layers"));
}

inline void ComparedMethods::set_majority(ComparedMethod& m) const {
  const evaluate::MajorityClass majority = evaluate::majority_class(*questions_);
  if (majority.answer.empty()) {
    m.method.missing = "these questions have no answer key";
    return;
  }
  m.method.setting = concat("always ", shown(majority.answer.text));
  m.method.outcomes.assign(questions_->size(), {.predicted = majority.answer, .stages = {}});
}

// The smallest cap with which branches of these lengths reach the mean length `mean`, or else the largest length.
[[nodiscard]] inline int cap_of_mean(const std::vector<int>& lengths, double mean) {
  const int longest = lengths.empty() ? 1 : std::max(1, *std::max_element(lengths.begin(), lengths.end()));
  for (int cap = 1; cap < longest; ++cap) {
    double sum = 0;
    for (const int n : lengths) sum += std::min(n, cap);
    if (sum >= mean * static_cast<double>(lengths.size())) return cap;
  }
  return longest;
}

inline void ComparedMethods::set_cap(ComparedMethod& m, MethodPolicies policies,
                                     const compare::Method& uncapped) const {
  early_exit::Cap cap;
  std::string setting;
  const std::vector<compare::StageMeans> wanted = compare::stage_means(ran(Kind::lite_stage_exit));
  for (std::size_t s = 0; s < wanted.size(); ++s) {
    std::vector<int> lengths;
    for (const compare::MethodOutcome& o : uncapped.outcomes) {
      const std::vector<int>& branches = o.stages.at(s).branch_tokens;
      lengths.insert(lengths.end(), branches.begin(), branches.end());
    }
    const int tokens = cap_of_mean(lengths, wanted[s].branch_tokens);
    cap.stages[wanted[s].name] = tokens;
    setting += concat(setting.empty() ? "" : ", ", wanted[s].name, " ", tokens);
  }
  policies.exit = early_exit::Standard(cap);
  set(m, std::move(policies), setting + " tokens");
}

inline void ComparedMethods::share(std::size_t i) {
  ComparedMethod& m = list_[i];
  for (std::size_t j = 0; j < i && m.policies; ++j) {
    const ComparedMethod& other = list_[j];
    if (!other.policies || other.method.policies != m.method.policies) continue;
    m.method.same_as = other.method.name;
    m.method.outcomes = other.method.outcomes;
    m.policies.reset();
  }
}

inline std::vector<compare::Method> ComparedMethods::methods() const {
  std::vector<compare::Method> methods;
  for (const ComparedMethod& m : list_) {
    methods.push_back(m.method);
    for (const ComparedMethod& other : list_) {
      if (other.method.name == m.method.same_as) methods.back().timings = other.method.timings;
    }
  }
  return methods;
}

}  // namespace litestage::compare
