// The steps that the latency model counts are those that the engine takes.
#include "litestage/calibrate/latency/step_work.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/look_aheads.hpp"
#include "common/pipeline_setting.hpp"
#include "litestage/calibrate/trials/stage_memo.hpp"
#include "litestage/model/profile.hpp"

using namespace litestage;
using namespace litestage::calibrate;
using namespace litestage::test;

namespace {

struct Counts {
  std::size_t steps = 0, rows = 0, wanted = 0, judged = 0;
  friend bool operator==(const Counts&, const Counts&) = default;
};

[[nodiscard]] Counts counted(const StageShape& shape, int step_rows) {
  const Decisions all(6);
  StageSteps steps(shape, step_rows, all, all);
  StepWork work;
  Counts counts;
  while (steps.next(work)) {
    ++counts.steps;
    counts.rows += static_cast<std::size_t>(work.rows);
    counts.wanted += static_cast<std::size_t>(work.wanted);
    counts.judged += static_cast<std::size_t>(work.judged);
  }
  return counts;
}

template <class B>
void check_steps(Setting<B>& s, const OneStage& stages, const Curious& curious, std::size_t step_rows) {
  Profile profile;
  PipelineOptions options{.branches = stages.branches.size(), .generation = {.sampler = {}, .ignore_eos = true}};
  options.step_rows = step_rows;
  options.profile = &profile;
  const StageResult result{ask(s, stages, options, curious), {}};
  StageRequest request;
  for (const std::string& text : stages.branches) request.prompts.push_back(toy.encode({{{Role::text, text}}, ""}));
  const PromptShape prompts(request);
  const StageShape shape = shape_of({&result, &prompts}, 0, true);
  CHECK(counted(shape, static_cast<int>(step_rows)) ==
        Counts{profile.of(Operation::embed).calls, profile.of(Operation::embed).rows,
               profile.of(Operation::logits).rows, profile.of(Operation::token_stats).rows});
}

}  // namespace

TEST_CASE("the steps, rows and logits of a stage that looks ahead are the engine's") {
  with_settings([](auto& s) {
    const OneStage one{{"only", 11, {}}, {"What is hard?"}};
    const OneStage two{{"only", 8, {}}, {"What is hard?", "What is cold, then?"}};
    for (const OneStage* stages : {&one, &two}) {
      for (const std::size_t step_rows : {512u, 3u, 1u}) {
        CAPTURE(step_rows);
        Curious curious;
        check_steps(s, *stages, curious, step_rows);
        curious.at = 1;
        curious.verdict = Verdict::stop_keep;
        check_steps(s, *stages, curious, step_rows);
        curious.verdict = Verdict::inject;
        check_steps(s, *stages, curious, step_rows);
        curious.asks = {"", 2, {}};
        curious.every = 1;
        check_steps(s, *stages, curious, step_rows);
      }
    }
  });
}
