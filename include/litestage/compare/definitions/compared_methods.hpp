// Which methods are compared, and their policies.
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
#include "litestage/compare/compared_methods.hpp"
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

LITESTAGE_INLINE ComparedMethods::ComparedMethods(const std::vector<std::string>& chosen, const calibrate::Plan* plan,
                                                  const stages::Standard& stages, int n_layers,
                                                  const std::vector<Question>& questions,
                                                  const std::vector<OwnMethod>& own,
                                                  const std::optional<stages::Standard>& direct)
    : plan_(plan),
      full_{.skip = {}, .exit = {}, .stages = stages},
      direct_(direct ? *direct : stages::Standard(stages::direct_answer_of(stages))),
      n_layers_(n_layers),
      questions_(&questions) {
  const auto wants = [&](std::string_view name) {
    return std::find(chosen.begin(), chosen.end(), name) != chosen.end();
  };
  if (plan != nullptr) ladders_ = calibrate::baselines(plan->importance);
  const bool exit = wants("cap") || wants("cap_then_close") || wants("lite_stage_exit");
  const std::vector<std::string> baselines = calibrate::baseline_names();
  const bool any_baseline = std::any_of(baselines.begin(), baselines.end(), wants);
  add(Kind::full_depth, full_depth_name);
  if (any_baseline || exit || wants("lite_stage")) add(Kind::lite_stage, lite_stage_name);
  if (exit) add(Kind::lite_stage_exit, lite_stage_exit_name);
  for (const std::string& name : baselines) {
    if (!wants(name)) continue;
    add(Kind::equal_accuracy, name + ", equal accuracy").baseline = name;
    add(Kind::equal_skipping, name + ", equal skipping").baseline = name;
  }
  for (const OwnMethod& method : own) add_own(method);
  if (wants("majority")) add(Kind::majority, "majority class");
  if (wants("direct")) add(Kind::direct, "direct answer");
  if (wants("forced")) add(Kind::forced, "forced answer");
  if (wants("one_stage")) add(Kind::one_stage, "one stage of reasoning");
  if (wants("cap")) add(Kind::cap, "full depth + cap").like = lite_stage_exit_name;
  if (wants("cap_then_close")) add(Kind::cap_then_close, "full depth + cap, then close").like = lite_stage_exit_name;
  if (wants("cap")) add(Kind::lite_stage_cap, "litestage + cap").like = lite_stage_exit_name;
}

LITESTAGE_INLINE ComparedMethod& ComparedMethods::add(Kind kind, std::string name) {
  if (has(name)) throw Error(concat("two methods have the name ", in_quotes(name), ", expected different names"));
  ComparedMethod m;
  m.kind = kind;
  m.method.name = std::move(name);
  list_.push_back(std::move(m));
  return list_.back();
}

LITESTAGE_INLINE void ComparedMethods::add_own(const OwnMethod& own) {
  std::string name = own.name.empty() ? own.name_of_policies(full_depth_name) : own.name;
  for (int n = 2; own.name.empty() && has(name); ++n)
    name = concat(own.name_of_policies(full_depth_name), " (", n, ")");
  add(Kind::own, name).own = own;
  if (!own.controls) return;
  add(Kind::cap, concat("cap, tokens of ", name)).like = name;
  add(Kind::cap_then_close, concat("cap, then close, tokens of ", name)).like = name;
}

LITESTAGE_INLINE bool ComparedMethods::has(std::string_view name) const {
  return std::any_of(list_.begin(), list_.end(), [&](const ComparedMethod& m) { return m.method.name == name; });
}

inline const compare::Method& ComparedMethods::ran(const std::string& name) const {
  const auto found =
      std::find_if(list_.begin(), list_.end(), [&](const ComparedMethod& m) { return m.method.name == name; });
  LITESTAGE_ASSERT(found != list_.end() && !found->method.outcomes.empty(), "a method that others need did not run");
  return found->method;
}

LITESTAGE_INLINE bool ComparedMethods::needs_plan(const ComparedMethod& m) {
  switch (m.kind) {
    case Kind::full_depth:
    case Kind::own:
    case Kind::majority:
    case Kind::direct:
    case Kind::forced:
    case Kind::one_stage:
      return false;
    case Kind::cap:
    case Kind::cap_then_close:
      return m.like == lite_stage_exit_name;
    default:
      return true;
  }
}

LITESTAGE_INLINE void ComparedMethods::set(ComparedMethod& m, MethodPolicies policies, std::string setting) {
  m.method.setting = std::move(setting);
  m.method.policies = Form::Map{{"stages", policies.stages.to_form(true)},
                                {"skip", policies.skip.to_form(true)},
                                {"exit", policies.exit.to_form(true)}};
  m.policies = std::move(policies);
}

LITESTAGE_INLINE void ComparedMethods::settle(std::size_t i) {
  ComparedMethod& m = list_.at(i);
  if (needs_plan(m) && plan_ == nullptr) {
    m.method.missing = "no plan was given (the program calibrate writes one)";
    return;
  }
  set_policies(m);
  share(i);
}

// A plan that skips nothing is full depth, whose runs it then shares.
inline skip::Standard planned_skip(const calibrate::Plan& plan) {
  const auto skips = [](const calibrate::PlanBudget& b) { return b.count > 0; };
  const bool any = std::any_of(plan.budgets.begin(), plan.budgets.end(), skips);
  return any ? skip::Standard(calibrate::lite_stage(plan)) : skip::Standard();
}

LITESTAGE_INLINE void ComparedMethods::set_policies(ComparedMethod& m) const {
  MethodPolicies p = full_;
  switch (m.kind) {
    case Kind::full_depth:
      return set(m, p, "");
    case Kind::lite_stage: {
      p.skip = planned_skip(*plan_);
      std::string budgets;
      for (const calibrate::PlanBudget& b : plan_->budgets)
        budgets += concat(budgets.empty() ? "" : ", ", b.stage, " ", b.count);
      return set(m, p, budgets);
    }
    case Kind::lite_stage_exit:
      p.skip = planned_skip(*plan_);
      p.exit = read_value<early_exit::Standard>(plan_->exit, Where("plan").at("exit"));
      return set(m, p, to_spec(p.exit));
    case Kind::equal_accuracy:
      return set_equal_accuracy(m);
    case Kind::equal_skipping:
      return set_equal_skipping(m);
    case Kind::majority:
      return set_majority(m);
    case Kind::own:
      return set_own(m, p);
    case Kind::direct:
      p.stages = direct_;
      return set(m, p, "");
    case Kind::forced: {
      stages::Direct forced = stages::direct_answer_of(full_.stages);
      if (forced.chat) forced.continuation = "The answer is";  // the raw text ends in such words anyway
      p.stages = stages::Standard(forced);
      return set(m, p, forced.continuation);
    }
    case Kind::one_stage:
      return set_one_stage(m, p);
    case Kind::lite_stage_cap:
      p.skip = planned_skip(*plan_);
      return set_cap(m, p, ran(lite_stage_name));
    case Kind::cap:
    case Kind::cap_then_close:
      return set_cap(m, p, ran(full_depth_name));
  }
}

LITESTAGE_INLINE void ComparedMethods::set_own(ComparedMethod& m, MethodPolicies policies) const {
  policies.skip = m.own.skip;
  policies.exit = m.own.exit;
  if (m.own.stages) policies.stages = *m.own.stages;
  const bool exits = policies.exit.active_name() != early_exit::Never::name;
  set(m, policies, exits ? to_spec(policies.exit) : "");
}

LITESTAGE_INLINE void ComparedMethods::set_one_stage(ComparedMethod& m, MethodPolicies policies) const {
  if (!stages::direct_answer_of(full_.stages).chat) {
    m.method.missing = "the schedule is raw text, and one stage of reasoning is a conversation";
    return;
  }
  policies.stages = stages::Standard(stages::Cot{});
  set(m, policies, "");
}

LITESTAGE_INLINE void ComparedMethods::set_equal_accuracy(ComparedMethod& m) const {
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
LITESTAGE_INLINE void ComparedMethods::set_equal_skipping(ComparedMethod& m) const {
  const auto ladder = std::find_if(ladders_.begin(), ladders_.end(),
                                   [&](const calibrate::Baseline& b) { return b.name == m.baseline; });
  LITESTAGE_ASSERT(ladder != ladders_.end(), m.baseline, " is none of the baselines");
  const auto lengths = stage_lengths(ran(lite_stage_name), full_.stages);
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

LITESTAGE_INLINE void ComparedMethods::set_majority(ComparedMethod& m) const {
  const evaluate::MajorityClass majority = evaluate::majority_class(*questions_);
  if (majority.answer.empty()) {
    m.method.missing = "these questions have no answer key";
    return;
  }
  m.method.setting = concat("always ", shown(majority.answer.text));
  m.method.outcomes.assign(questions_->size(), {.predicted = majority.answer, .stages = {}});
}

LITESTAGE_INLINE int cap_of_mean(const std::vector<int>& lengths, double mean, int more) {
  const int longest = lengths.empty() ? 1 : std::max(1, *std::max_element(lengths.begin(), lengths.end()));
  for (int cap = 1; cap < longest; ++cap) {
    double sum = 0;
    for (const int n : lengths) sum += n > cap ? cap + more : n;
    if (sum >= mean * static_cast<double>(lengths.size())) return cap;
  }
  return longest;
}

// The tokens of look-aheads count as tokens of the branch. The stage that states the answer gets no closing words.
LITESTAGE_INLINE void ComparedMethods::set_cap(ComparedMethod& m, MethodPolicies policies,
                                               const compare::Method& uncapped) const {
  early_exit::Cap cap;
  early_exit::CapThenClose close;
  const bool closes = m.kind == Kind::cap_then_close;
  std::string setting;
  const std::vector<compare::StageMeans> wanted = compare::stage_means(ran(m.like));
  for (std::size_t s = 0; s < wanted.size(); ++s) {
    if (closes && wanted.size() > 1 && s + 1 == wanted.size()) {
      close.stages[wanted[s].name] = policies.stages.stage(s).max_new_tokens;
      continue;
    }
    std::vector<int> lengths;
    for (const compare::MethodOutcome& o : uncapped.outcomes) {
      const std::vector<int>& branches = o.stages.at(s).branch_tokens;
      lengths.insert(lengths.end(), branches.begin(), branches.end());
    }
    const double mean = wanted[s].branches > 0 ? wanted[s].chosen_tokens() / wanted[s].branches : 0;
    const int tokens = cap_of_mean(lengths, mean, closes ? close.close_tokens : 0);
    (closes ? close.stages : cap.stages)[wanted[s].name] = tokens;
    setting += concat(setting.empty() ? "" : ", ", wanted[s].name, " ", tokens);
  }
  policies.exit = closes ? early_exit::Standard(close) : early_exit::Standard(cap);
  set(m, std::move(policies), setting + " tokens");
}

LITESTAGE_INLINE void ComparedMethods::share(std::size_t i) {
  ComparedMethod& m = list_[i];
  for (std::size_t j = 0; j < i && m.policies; ++j) {
    const ComparedMethod& other = list_[j];
    if (!other.policies || other.method.policies != m.method.policies) continue;
    m.method.same_as = other.method.name;
    m.method.outcomes = other.method.outcomes;
    m.policies.reset();
  }
}

LITESTAGE_INLINE std::vector<compare::Method> ComparedMethods::methods() const {
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
