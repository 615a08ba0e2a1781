// The plan, the tasks and the settings of a comparison.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/calibrate/plan/plan.hpp"
#include "litestage/core/error.hpp"
#include "litestage/early_exit/standard.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/skip/standard.hpp"
#include "litestage/stages/standard.hpp"
#include "litestage/tasks/question_set.hpp"

namespace litestage::compare {

// A plan and the file it was read from.
struct ComparedPlan {
  calibrate::Plan plan;
  std::string path;         // for messages
  std::string fingerprint;  // of the file's bytes
};

// One question set under one schedule. Methods that depend on a plan need `plan`.
struct ComparedTask {
  tasks::QuestionSet questions;
  stages::Standard stages;
  std::optional<ComparedPlan> plan = {};
};

// A method of one's own: any policies, under a name.
struct OwnMethod {
  std::string name = {};  // empty: "full depth" or the skip policy's name, and the exit policy's
  skip::Standard skip = {};
  early_exit::Standard exit = {};
  std::optional<stages::Standard> stages = {};  // empty: those of the comparison
  bool controls = false;

  // Such as "full depth + trial_answer". `full_depth`: what a method is called that skips nothing.
  [[nodiscard]] std::string name_of_policies(std::string_view full_depth) const {
    const bool skips = skip.active_name() != skip::Never::name, exits = exit.active_name() != early_exit::Never::name;
    return concat(skips ? skip.active_name() : full_depth, exits ? " + " : "", exits ? exit.active_name() : "");
  }
  static constexpr auto fields() {
    using O = OwnMethod;
    return Fields(
        Field("name", &O::name, "name of the method in tables; empty: made of the policies' names"),
        Field("skip", &O::skip, "which sub-layers are skipped"), Field("exit", &O::exit, "when a stage ends early"),
        Field("stages", &O::stages, "the schedule, if it is not the one of the comparison"),
        Field("controls", &O::controls, "whether cap and cap_then_close at full depth with as many tokens follow it"));
  }
  void check(const Where& where) const {
    if (controls && stages)
      throw Error(concat(where.at("controls").str(),
                         ": found true with stages of its own, expected false: the caps are set by the lengths of the "
                         "comparison's stages"));
  }
};

struct ComparisonSettings {
  std::vector<std::string> methods;             // some of ComparedMethods::names()
  std::vector<OwnMethod> own = {};              // further methods, with names that differ
  std::optional<stages::Standard> direct = {};  // how the control `direct` asks; empty: as it follows from the stages
  // If true, an answer is the most probable option letter; if false, it is the option that the text states.
  bool letters = true;
  std::size_t timed = 0;       // number of first questions that are timed, one at a time
  std::size_t traces = 0;      // number of first questions for which the confidence of each token is kept
  std::size_t batch = 4;       // questions answered in one batch
  std::size_t context = 0;     // positions of one branch; 0: context_or_default
  KvType cache = KvType::f16;  // type of the K/V cache
};

[[nodiscard]] inline const char* metric_name(const ComparisonSettings& settings) {
  return settings.letters ? "letter" : "extracted";
}

}  // namespace litestage::compare
