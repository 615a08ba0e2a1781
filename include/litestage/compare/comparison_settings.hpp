// What is compared, and how.
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

// A plan and the file that it was read from.
struct ComparedPlan {
  calibrate::Plan plan;
  std::string path;         // for messages
  std::string fingerprint;  // of the file's bytes
};

// One question set under one schedule. The methods that follow from a plan need one.
struct ComparedTask {
  tasks::QuestionSet questions;
  stages::Standard stages;
  std::optional<ComparedPlan> plan = {};
};

struct ComparisonSettings {
  std::vector<std::string> methods;  // some of ComparedMethods::names()
  bool letters = true;               // an answer is the likeliest option letter; else what the text states
  std::size_t timed = 0;             // first questions whose times are measured, one at a time
  std::size_t traces = 0;            // first questions whose tokens' confidences are kept
  std::size_t batch = 4;             // questions answered side by side
  std::size_t context = 0;           // positions of one branch; 0: context_or_default
  KvType cache = KvType::f16;        // type of the K/V cache
};

[[nodiscard]] inline const char* metric_name(const ComparisonSettings& settings) {
  return settings.letters ? "letter" : "extracted";
}

}  // namespace litestage::compare
