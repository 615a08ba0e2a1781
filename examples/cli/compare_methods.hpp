// The methods of a comparison, in the order of its tables. Full depth is the first. Some settings follow from what
// LiteStage did on the same questions, and so are known only after that has run.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/policies.hpp"
#include "litestage/calibrate/baselines.hpp"
#include "litestage/calibrate/plan.hpp"
#include "litestage/evaluate/comparison.hpp"
#include "litestage/policy/transcript.hpp"

namespace litestage::cli {

struct ComparedMethod {
  enum class Kind {
    full_depth,
    lite_stage,
    lite_stage_exit,
    equal_accuracy,
    equal_skipping,
    majority,
    direct,
    cap,
    lite_stage_cap
  };
  Kind kind = Kind::full_depth;
  std::string baseline;  // of the two kinds that are baselines
  evaluate::Method method;
  std::optional<Policies> policies;  // none where no model runs, where they are not known yet, and where missing
};

class ComparedMethods {
 public:
  // `names`: of --methods. `plan` may be null and outlives this, as do the questions.
  ComparedMethods(const std::vector<std::string>& names, const calibrate::Plan* plan, const stages::Standard& stages,
                  int n_layers, const std::vector<Question>& questions);

  [[nodiscard]] std::vector<ComparedMethod>& list() { return list_; }
  // Makes method i ready to run; all before it have run. Afterwards it has policies, or is missing, or has its outcomes
  // already: those of the same policies before it, or of no model.
  void settle(std::size_t i);
  // Of those that were run, in the order of the tables.
  [[nodiscard]] std::vector<evaluate::Method> methods() const;

 private:
  using Kind = ComparedMethod::Kind;
  void add(Kind kind, std::string name, std::string baseline = {});
  [[nodiscard]] const evaluate::Method& ran(Kind kind) const;
  void set(ComparedMethod& m, Policies policies, std::string setting) const;
  void set_equal_accuracy(ComparedMethod& m) const;
  void set_equal_skipping(ComparedMethod& m) const;
  void set_majority(ComparedMethod& m) const;
  void set_cap(ComparedMethod& m, const Policies& policies) const;
  void share(std::size_t i);

  std::vector<ComparedMethod> list_;
  const calibrate::Plan* plan_;
  Policies full_;
  std::vector<calibrate::Baseline> ladders_;  // empty without a plan
  int n_layers_;
  const std::vector<Question>* questions_;
};

// An Error if --methods names one that there is not.
void check_method_names(const std::vector<std::string>& names);
[[nodiscard]] std::string methods_help();

}  // namespace litestage::cli
