#include "cli/compare_methods.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>
#include <variant>

#include "litestage/core/error.hpp"
#include "litestage/evaluate/controls.hpp"
#include "litestage/evaluate/expected_skipping.hpp"
#include "litestage/evaluate/tasks.hpp"
#include "litestage/policy/accepted.hpp"
#include "litestage/policy/spec.hpp"

namespace litestage::cli {

using evaluate::Method;
using Kind = ComparedMethod::Kind;

namespace {

struct Name {
  std::string_view name, help;
};

// Of --methods. Those between lite_stage_exit and majority are calibrate's baselines.
constexpr std::array names = {
    Name{"full_depth", "nothing is skipped; always there, what the others are compared with"},
    Name{"lite_stage", "the plan's budgets"},
    Name{"lite_stage_exit", "the plan's budgets and its early exit"},
    Name{"early_exit_depth", "baseline"},
    Name{"unified", "baseline"},
    Name{"skip_decode", "baseline"},
    Name{"ada_skip", "baseline"},
    Name{"short_gpt", "baseline"},
    Name{"majority", "control: always the most frequent letter of these questions"},
    Name{"direct", "control: the answer at once, without stages"},
    Name{"cap", "control, twice: full depth and lite_stage, each branch cut at lite_stage_exit's mean length"},
};
constexpr std::size_t first_baseline = 3, after_baselines = 8;

std::string budgets_text(const calibrate::Plan& plan) {
  std::string text;
  for (const calibrate::PlanBudget& b : plan.budgets) text += concat(text.empty() ? "" : ", ", b.stage, " ", b.count);
  return text;
}

bool chosen(const std::vector<std::string>& methods, std::string_view name) {
  return std::find(methods.begin(), methods.end(), name) != methods.end() ||
         std::find(methods.begin(), methods.end(), "all") != methods.end();
}

}  // namespace

void check_method_names(const std::vector<std::string>& methods) {
  for (const std::string& m : methods) {
    std::vector<std::string_view> known{"all"};
    for (const Name& n : names) known.push_back(n.name);
    if (std::find(known.begin(), known.end(), m) == known.end())
      throw Error(concat("--methods: found \"", m, "\", accepted are ", joined(known)));
  }
}

std::string methods_help() {
  std::string text = "Methods:\n";
  for (const Name& n : names) text += concat("  ", n.name, std::string(18 - n.name.size(), ' '), n.help, '\n');
  return text +
         "A baseline runs twice: with the largest setting that kept the plan's target on the calibration questions "
         "(equal\n"
         "accuracy), and with the one that skips as many sub-layers per token as lite_stage does here (equal "
         "skipping).\n"
         "What others are set by is added: lite_stage to baselines, lite_stage_exit to cap. Several tasks are several "
         "runs.\n";
}

ComparedMethods::ComparedMethods(const std::vector<std::string>& methods, const calibrate::Plan* plan,
                                 const stages::Standard& stages, int n_layers, const std::vector<Question>& questions)
    : plan_(plan), full_{stages, {}, {}}, n_layers_(n_layers), questions_(&questions) {
  if (plan != nullptr) ladders_ = calibrate::baselines(plan->importance);
  const bool cap = chosen(methods, "cap"), exit = cap || chosen(methods, "lite_stage_exit");
  bool baseline = false;
  for (std::size_t b = first_baseline; b < after_baselines; ++b) baseline = baseline || chosen(methods, names[b].name);
  add(Kind::full_depth, "full depth");
  if (baseline || exit || chosen(methods, "lite_stage")) add(Kind::lite_stage, "litestage");
  if (exit) add(Kind::lite_stage_exit, "litestage + exit");
  for (std::size_t b = first_baseline; b < after_baselines; ++b) {
    const std::string name(names[b].name);
    if (!chosen(methods, name)) continue;
    add(Kind::equal_accuracy, name + ", equal accuracy", name);
    add(Kind::equal_skipping, name + ", equal skipping", name);
  }
  if (chosen(methods, "majority")) add(Kind::majority, "majority class");
  if (chosen(methods, "direct")) add(Kind::direct, "direct answer");
  if (cap) {
    add(Kind::cap, "full depth + cap");
    add(Kind::lite_stage_cap, "litestage + cap");
  }
}

void ComparedMethods::add(Kind kind, std::string name, std::string baseline) {
  ComparedMethod m;
  m.kind = kind;
  m.baseline = std::move(baseline);
  m.method.name = std::move(name);
  list_.push_back(std::move(m));
}

const Method& ComparedMethods::ran(Kind kind) const {
  const auto found = std::find_if(list_.begin(), list_.end(), [&](const ComparedMethod& m) { return m.kind == kind; });
  LITESTAGE_ASSERT(found != list_.end() && !found->method.outcomes.empty(), "a method that others need did not run");
  return found->method;
}

void ComparedMethods::set(ComparedMethod& m, Policies policies, std::string setting) const {
  m.method.setting = std::move(setting);
  m.method.policies = policies_form(policies);
  m.policies = std::move(policies);
}

void ComparedMethods::settle(std::size_t i) {
  ComparedMethod& m = list_.at(i);
  const bool needs_plan = m.kind != Kind::full_depth && m.kind != Kind::majority && m.kind != Kind::direct;
  if (needs_plan && plan_ == nullptr) {
    m.method.missing = "it follows from a plan (--plan FILE, written by calibrate)";
    return;
  }
  Policies p = full_;
  if (needs_plan && m.kind != Kind::cap) p.skip = skip::Standard(calibrate::lite_stage(*plan_));
  switch (m.kind) {
    case Kind::full_depth:
      set(m, p, "");
      break;
    case Kind::lite_stage:
      set(m, p, budgets_text(*plan_));
      break;
    case Kind::lite_stage_exit:
      p.exit = read_value<early_exit::Standard>(plan_->exit, Where("--plan").at("exit"));
      set(m, p, to_spec(p.exit));
      break;
    case Kind::equal_accuracy:
      set_equal_accuracy(m);
      break;
    case Kind::equal_skipping:
      set_equal_skipping(m);
      break;
    case Kind::majority:
      set_majority(m);
      break;
    case Kind::direct: {
      stages::Direct direct;
      direct.chat = std::holds_alternative<stages::Chat>(full_.stages.active());
      p.stages = stages::Standard(direct);
      set(m, p, to_spec(p.stages));
      break;
    }
    case Kind::cap:
    case Kind::lite_stage_cap:
      set_cap(m, p);
      break;
  }
  share(i);
}

void ComparedMethods::set_equal_accuracy(ComparedMethod& m) const {
  const auto found = std::find_if(plan_->baselines.begin(), plan_->baselines.end(),
                                  [&](const calibrate::PlanBaseline& b) { return b.method == m.baseline; });
  if (found == plan_->baselines.end()) {
    m.method.missing = "the plan says nothing of it (calibrate --no-baselines)";
  } else if (!found->within_target) {
    m.method.missing = "none of its settings kept the target on the calibration questions";
  } else {
    Policies p = full_;
    p.skip = read_value<skip::Standard>(found->skip, Where("--plan").at("baselines").at(m.baseline));
    set(m, p, concat(found->skipped, " sub-layers"));
  }
}

// Of equally near settings the one that skips less.
void ComparedMethods::set_equal_skipping(ComparedMethod& m) const {
  const auto ladder = std::find_if(ladders_.begin(), ladders_.end(),
                                   [&](const calibrate::Baseline& b) { return b.name == m.baseline; });
  LITESTAGE_ASSERT(ladder != ladders_.end(), m.baseline, " is none of calibrate's baselines");
  const auto lengths = evaluate::stage_lengths(ran(Kind::lite_stage), full_.stages);
  const auto skipping = [&](const skip::Standard& policy) {
    return evaluate::expected_skipping(policy, n_layers_, lengths);
  };
  const double wanted = skipping(skip::Standard(calibrate::lite_stage(*plan_)));
  const calibrate::BaselineSetting* nearest = &ladder->settings.at(0);
  double distance = std::abs(skipping(nearest->policy) - wanted);
  for (const calibrate::BaselineSetting& s : ladder->settings) {
    const double d = std::abs(skipping(s.policy) - wanted);
    if (d < distance) {
      nearest = &s;
      distance = d;
    }
  }
  Policies p = full_;
  p.skip = nearest->policy;
  set(m, p, concat(nearest->skipped, " sub-layers"));
}

void ComparedMethods::set_majority(ComparedMethod& m) const {
  const evaluate::MajorityClass majority = evaluate::majority_class(*questions_);
  if (majority.option == evaluate::no_answer) {
    m.method.missing = "these questions have no answer key";
    return;
  }
  m.method.setting = concat("always ", evaluate::letter(majority.option));
  m.method.outcomes.assign(questions_->size(), {majority.option, {}});
}

// The mean length of a branch, rounded, at least one token.
void ComparedMethods::set_cap(ComparedMethod& m, const Policies& policies) const {
  early_exit::Cap cap;
  std::string setting;
  for (const evaluate::StageMeans& s : evaluate::stage_means(ran(Kind::lite_stage_exit))) {
    const int tokens = std::max(1, static_cast<int>(std::lround(s.branch_tokens)));
    cap.stages[s.name] = tokens;
    setting += concat(setting.empty() ? "" : ", ", s.name, " ", tokens);
  }
  Policies p = policies;
  p.exit = early_exit::Standard(cap);
  set(m, p, setting + " tokens");
}

void ComparedMethods::share(std::size_t i) {
  ComparedMethod& m = list_[i];
  if (!m.policies) return;
  for (std::size_t j = 0; j < i; ++j) {
    const ComparedMethod& other = list_[j];
    if (!other.policies || other.method.policies != m.method.policies) continue;
    m.method.same_as = other.method.name;
    m.method.outcomes = other.method.outcomes;
    m.policies.reset();
    return;
  }
}

std::vector<Method> ComparedMethods::methods() const {
  std::vector<Method> methods;
  for (const ComparedMethod& m : list_) {
    methods.push_back(m.method);
    if (m.method.same_as.empty()) continue;
    for (const ComparedMethod& other : list_) {
      if (other.method.name == m.method.same_as) methods.back().timings = other.method.timings;
    }
  }
  return methods;
}

}  // namespace litestage::cli
