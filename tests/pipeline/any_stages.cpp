// Pipelines whose schedules are data: any number of stages, branches and samples.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "common/pipeline_setting.hpp"
#include "common/staged_schedules.hpp"
#include "litestage/pipeline/context_needed.hpp"
#include "litestage/pipeline/pipeline.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

using stages::Custom;

// Questions without options.
[[nodiscard]] std::vector<Question> open_questions(std::size_t n) {
  std::vector<Question> list = questions(n);
  for (Question& q : list) q.options.clear();
  return list;
}

[[nodiscard]] std::vector<QuestionReport> run_stages(Setting<CpuBackend>& s, const AnySchedule& schedule,
                                                     const std::vector<Question>& asked, PipelineOptions options = {}) {
  Pipeline<CpuBackend, skip::Never, early_exit::Never, AnySchedule> pipeline({s.backend, s.model, toy}, {}, {},
                                                                             schedule, options);
  return timeless(pipeline.run(asked));
}

[[nodiscard]] std::vector<std::string> texts_of(const StageReport& stage) {
  std::vector<std::string> texts;
  for (const BranchReport& b : stage.branches) texts.push_back(b.text);
  return texts;
}

// Checks each stage against the prompts that the schedule makes of the texts before it.
void check_stages_follow(const Custom& schedule, const Question& question, const QuestionReport& report) {
  Transcript t{question, {}};
  REQUIRE(report.stages.size() == schedule.size());
  for (std::size_t s = 0; s < schedule.size(); ++s) {
    const StageReport& stage = report.stages[s];
    CAPTURE(stage.name);
    CHECK(stage.name == schedule.stage(s).name);
    const std::vector<Prompt> prompts = schedule.prompts(s, t);
    REQUIRE(stage.branches.size() == prompts.size());
    std::size_t tokens = 0;
    for (const Prompt& prompt : prompts) tokens += toy.encode(prompt).size();
    CHECK(static_cast<std::size_t>(stage.prompt_tokens) == tokens);
    for (const BranchReport& b : stage.branches) CHECK(b.generated_tokens <= schedule.stage(s).max_new_tokens);
    t.outputs.push_back(texts_of(stage));
  }
}

}  // namespace

TEST_CASE("schedules of two, three and five stages run, alone and in batches, with and without options") {
  Setting<CpuBackend> s(CpuBackend(CpuOptions{1}));
  const auto check = [&](const Custom& schedule, const std::vector<Question>& asked) {
    const auto expected = run_stages(s, schedule, asked);
    REQUIRE(expected.size() == asked.size());
    for (std::size_t q = 0; q < asked.size(); ++q) check_stages_follow(schedule, asked[q], expected[q]);
    CHECK(run_stages(s, schedule, asked, {.batch = 3, .step_rows = 7}) == expected);
    CHECK(run_stages(s, schedule, asked, {.batch = 16}) == expected);
    CHECK(run_stages(s, schedule, asked, {.generation = {.sampler = {.seed = 1}}}) != expected);
  };
  check(two_stages(), questions(5));
  check(two_stages(), open_questions(5));
  check(five_stages(), questions(5));
  check(five_stages(), open_questions(5));
  const auto options = questions(5);
  const auto expected = run_stages(s, three_stages(), options);
  for (std::size_t q = 0; q < options.size(); ++q) check_stages_follow(three_stages(), options[q], expected[q]);
  CHECK(run_stages(s, three_stages(), options, {.batch = 4}) == expected);
}

TEST_CASE("a question without the options that a schedule needs is refused before anything runs") {
  Setting<CpuBackend> s(CpuBackend(CpuOptions{1}));
  std::vector<Question> asked = questions(2);
  asked.push_back(open_questions(3)[2]);
  bool ran = false;
  PipelineOptions options;
  options.on_stage = [&](std::size_t, const StageReport&) { ran = true; };
  CHECK(error_of([&] { static_cast<void>(run_stages(s, three_stages(), asked, options)); }) ==
        "question q2: found 0 options, expected 1 to 26");
  CHECK_FALSE(ran);
}

TEST_CASE("samples: share their prompt, differ, and the first of many are those of few") {
  Setting<CpuBackend> s(CpuBackend(CpuOptions{1}));
  const std::vector<Question> asked = open_questions(4);
  const auto many = run_stages(s, two_stages(5), asked), few = run_stages(s, two_stages(2), asked);
  const auto batched = run_stages(s, two_stages(2), asked, {.batch = 4});
  CHECK(batched == few);
  for (std::size_t q = 0; q < asked.size(); ++q) {
    const StageReport& solve = many[q].stages[0];
    REQUIRE(solve.branches.size() == 5);
    CHECK(solve.shared_tokens == solve.prompt_tokens / 5 - 1);  // every branch forwards the last token
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(few[q].stages[0].branches[i] == solve.branches[i]);
      CHECK(few[q].stages[1].branches[i] == many[q].stages[1].branches[i]);
    }
    const std::vector<std::string> texts = texts_of(solve);
    CHECK(std::set<std::string>(texts.begin(), texts.end()).size() > 1);
  }
}

TEST_CASE("samples: depend on the question's id and not on its place, and on both seeds") {
  Setting<CpuBackend> s(CpuBackend(CpuOptions{1}));
  std::vector<Question> asked = open_questions(4);
  const auto forward = run_stages(s, two_stages(), asked);
  std::reverse(asked.begin(), asked.end());
  auto backward = run_stages(s, two_stages(), asked, {.batch = 2});
  std::reverse(backward.begin(), backward.end());
  CHECK(backward == forward);
  const auto alone = run_stages(s, two_stages(), {asked[1]});
  CHECK(alone[0] == forward[2]);
  std::vector<Question> renamed = open_questions(4);
  for (Question& q : renamed) q.id += "x";
  CHECK(texts_of(run_stages(s, two_stages(), renamed)[0].stages[0]) != texts_of(forward[0].stages[0]));
  // The stage's seed is added to the run's.
  std::reverse(asked.begin(), asked.end());
  CHECK(run_stages(s, two_stages(3, 7), asked) ==
        run_stages(s, two_stages(3, 3), asked, {.generation = {.sampler = {.seed = 4}}}));
  CHECK(run_stages(s, two_stages(3, 7), asked) != run_stages(s, two_stages(3, 3), asked));
}

TEST_CASE("samples: the stage's sampler is in the run's place, and other stages keep the run's") {
  Setting<CpuBackend> s(CpuBackend(CpuOptions{1}));
  const std::vector<Question> asked = open_questions(3);
  const auto greedy = run_stages(s, two_stages(), asked);
  PipelineOptions hot;
  hot.generation.sampler.temperature = 50;
  const auto sampled = run_stages(s, two_stages(), asked, hot);
  for (std::size_t q = 0; q < asked.size(); ++q) {
    CHECK(texts_of(sampled[q].stages[0]) == texts_of(greedy[q].stages[0]));
    CHECK(texts_of(sampled[q].stages[1]) != texts_of(greedy[q].stages[1]));
  }
  // One sample at a temperature near 0 is the greedy text.
  Custom cold = two_stages(1);
  cold.stages[0].branches = stages::Samples{.n = 1, .temperature = 1e-6, .top_k = 0};
  Custom plain = cold;
  plain.stages[0].branches = stages::OneBranch{};
  CHECK(run_stages(s, cold, asked) == run_stages(s, plain, asked));
}

TEST_CASE("the context that a schedule of five stages needs is known before it runs") {
  Setting<CpuBackend> s(CpuBackend(CpuOptions{1}));
  const Question question = questions(4)[3];
  const AnySchedule schedule = five_stages();
  const ContextNeeded least = context_needed(schedule, question, toy, Writing::nothing, Scored::nothing);
  const ContextNeeded most = context_needed(schedule, question, toy, Writing::as_much_as_allowed, Scored::nothing);
  CHECK(least.positions < most.positions);
  CHECK((most.stage == "check" || most.stage == "state"));
  const QuestionReport report = run_stages(s, schedule, {question}).at(0);
  CHECK_FALSE(report.no_room.has_value());
  CHECK(static_cast<std::size_t>(report.positions) >= least.positions);
  CHECK(static_cast<std::size_t>(report.positions) <= most.positions);
  const QuestionReport cut = run_stages(s, schedule, {question}, {.context = least.positions - 1}).at(0);
  REQUIRE(cut.no_room.has_value());
  CHECK(cut.stages.size() == 5);
}

TEST_CASE("the random numbers of a request depend on the question's id and the stage") {
  const std::set<std::uint64_t> streams = {request_stream("q1", 0), request_stream("q1", 1), request_stream("q2", 0),
                                           request_stream("q2", 1), request_stream("", 0)};
  CHECK(streams.size() == 5);
  Setting<CpuBackend> s(CpuBackend(CpuOptions{1}));
  Custom twice = two_stages();
  twice.stages[1] = twice.stages[0];
  twice.stages[1].name = "again";
  twice.answer.opening = "";
  const QuestionReport report = run_stages(s, twice, open_questions(1)).at(0);
  CHECK(texts_of(report.stages[0]) != texts_of(report.stages[1]));
}
