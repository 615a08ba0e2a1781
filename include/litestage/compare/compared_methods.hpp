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
#include "litestage/compare/comparison_settings.hpp"
#include "litestage/compare/expected_skipping.hpp"
#include "litestage/core/compiled.hpp"
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

// Names of methods that others depend on.
inline const std::string full_depth_name = "full depth", lite_stage_name = "litestage",
                         lite_stage_exit_name = "litestage + exit";

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
    own,  // policies of one's own
    majority,
    direct,
    forced,     // direct, with words put into the model's mouth so that it answers at once
    one_stage,  // one stage of reasoning, then the answer
    // Three kinds of controls: caps with which branches have as many tokens in the mean as under the method `like`.
    cap,             // full depth with a token cap
    cap_then_close,  // full depth with a token cap and closing words
    lite_stage_cap   // the plan's budgets with a token cap
  };
  Kind kind = Kind::full_depth;
  std::string baseline;  // for the two kinds that are baselines
  std::string like;      // for the kinds that are caps: name of a method before it
  OwnMethod own;         // for the kind `own`
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
    all.insert(all.end(), {"majority", "direct", "forced", "one_stage", "cap", "cap_then_close"});
    return all;
  }

  // `chosen`: some of names(). Full depth is always added, and so are the methods that a chosen one depends on. Without
  // a plan (null), the methods that need one are missing. `own`: methods of one's own; an Error is thrown if one has
  // the name of another method. `direct`: the schedule of the control that answers at once; empty:
  // stages::direct_answer_of(stages). Plan and questions outlive this object.
  ComparedMethods(const std::vector<std::string>& chosen, const calibrate::Plan* plan, const stages::Standard& stages,
                  int n_layers, const std::vector<Question>& questions, const std::vector<OwnMethod>& own = {},
                  const std::optional<stages::Standard>& direct = {});

  [[nodiscard]] std::vector<ComparedMethod>& list() { return list_; }
  // Makes method i ready to run, after the methods before it have run. If it has no policies afterwards, there is
  // nothing to run: it is missing, it has the policies of an earlier method and shares its results, or it needs no
  // model.
  void settle(std::size_t i);
  // The methods in the order of the tables. Methods with equal policies share their times.
  [[nodiscard]] std::vector<compare::Method> methods() const;

 private:
  ComparedMethod& add(Kind kind, std::string name);
  void add_own(const OwnMethod& own);
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] const compare::Method& ran(const std::string& name) const;
  [[nodiscard]] static bool needs_plan(const ComparedMethod& m);
  static void set(ComparedMethod& m, MethodPolicies policies, std::string setting);
  void set_policies(ComparedMethod& m) const;
  void set_equal_accuracy(ComparedMethod& m) const;
  void set_equal_skipping(ComparedMethod& m) const;
  void set_majority(ComparedMethod& m) const;
  void set_own(ComparedMethod& m, MethodPolicies policies) const;
  void set_one_stage(ComparedMethod& m, MethodPolicies policies) const;
  void set_cap(ComparedMethod& m, MethodPolicies policies, const compare::Method& uncapped) const;
  void share(std::size_t i);

  std::vector<ComparedMethod> list_;
  const calibrate::Plan* plan_;
  MethodPolicies full_;
  stages::Standard direct_;
  std::vector<calibrate::Baseline> ladders_;  // empty without a plan
  int n_layers_;
  const std::vector<Question>* questions_;
};

// The smallest cap with which branches of these lengths reach the mean length `mean`, or else the largest length.
// `more`: tokens that a branch may have beyond the cap if it is longer.
[[nodiscard]] int cap_of_mean(const std::vector<int>& lengths, double mean, int more = 0);

}  // namespace litestage::compare

#if LITESTAGE_HEADER_ONLY
#include "litestage/compare/definitions/compared_methods.hpp"
#endif
