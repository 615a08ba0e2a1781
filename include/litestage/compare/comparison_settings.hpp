// The plan, the tasks and the settings of a comparison.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/calibrate/plan/plan.hpp"
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

struct ComparisonSettings {
  std::vector<std::string> methods;              // some of ComparedMethods::names()
  std::vector<early_exit::Standard> exits = {};  // further methods: each at full depth, followed by its controls
  std::optional<stages::Standard> direct = {};   // how the control `direct` asks; empty: as it follows from the stages
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
