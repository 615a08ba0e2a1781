// Schedules of two, three and five stages, as data, for questions with and without options, short enough for small
// models and the toy tokenizer.
#pragma once

#include <string>
#include <vector>

#include "litestage/stages/custom.hpp"

namespace litestage::test {

// Samples, each of which is stated by itself.
[[nodiscard]] inline stages::Custom two_stages(int samples = 3, std::uint64_t seed = 2) {
  stages::Custom s;
  s.stages = {{.name = "solve",
               .branches = stages::Samples{.n = samples, .temperature = 1.5, .top_k = 0, .seed = seed},
               .messages = {{stages::Speaker::user, "{question}"}},
               .max_new_tokens = 6},
              {.name = "state",
               .continues = "solve",
               .branches = stages::EachBranch{},
               .messages = {{stages::Speaker::user, "So?"}},
               .continuation = " It is",
               .max_new_tokens = 3}};
  s.answer.opening = " It is";
  return s;
}

// A branch per option in the middle, joined at the end.
[[nodiscard]] inline stages::Custom three_stages() {
  stages::Custom s;
  s.stages = {{.name = "recall", .text = "{question} Fact:", .max_new_tokens = 5},
              {.name = "weigh",
               .continues = "recall",
               .branches = stages::PerOption{},
               .text = " ({letter}) {option}:",
               .max_new_tokens = 4},
              {.name = "state", .text = "{question}{weighed} So", .max_new_tokens = 3}};
  s.joins = {{.name = "weighed", .of = "weigh", .line = " {letter}={weigh.sentence}", .between = ""}};
  return s;
}

// Five stages that continue each other or start afresh, for any question; two of them sample.
[[nodiscard]] inline stages::Custom five_stages() {
  stages::Custom s;
  s.stages = {{.name = "read", .messages = {{stages::Speaker::user, "{task}"}}, .max_new_tokens = 4},
              {.name = "plan",
               .continues = "read",
               .messages = {{stages::Speaker::user, " Plan."}},
               .continuation = " 1.",
               .max_new_tokens = 5},
              {.name = "solve",
               .continues = "plan",
               .branches = stages::Samples{.n = 2, .temperature = 1.5},
               .messages = {{stages::Speaker::user, " Go."}},
               .max_new_tokens = 6},
              {.name = "check",
               .continues = "solve",
               .branches = stages::EachBranch{},
               .messages = {{stages::Speaker::user, " Right?"}},
               .max_new_tokens = 3},
              {.name = "state", .messages = {{stages::Speaker::user, "{question}{checked} So?"}}, .max_new_tokens = 4}};
  s.joins = {{.name = "checked", .of = "check", .line = " {number}:{solve}/{check}", .between = ";"}};
  s.variants = {{.name = "task", .with_options = "{question} {options_inline}", .without_options = "{question}"}};
  return s;
}

}  // namespace litestage::test
