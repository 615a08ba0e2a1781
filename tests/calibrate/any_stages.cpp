// A calibration is not tied to three stages: schedules of two and of five, of which some sample, are calibrated, and
// the plan does in a pipeline what the search says of it.
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "common/costly_steps.hpp"
#include "common/pipeline_setting.hpp"
#include "common/staged_schedules.hpp"
#include "litestage/calibrate/calibration.hpp"
#include "litestage/calibrate/make_plan.hpp"
#include "litestage/calibrate/search/exhaustive_sweep.hpp"
#include "litestage/calibrate/search/racing.hpp"
#include "litestage/calibrate/trials/staged_evaluation.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/policy/check_stages.hpp"
#include "litestage/settings/spec.hpp"

using namespace litestage;
using namespace litestage::calibrate;
using namespace litestage::test;

namespace {

struct Calibrating {
  ModelSource source = small_model();
  CpuBackend backend{CpuOptions{1}};
  Model<CpuBackend> model = load(backend, source);
  std::vector<Question> asked = questions(6);

  template <class Strategy>
  [[nodiscard]] Plan plan_of(const stages::Custom& schedule, const Strategy& strategy, std::size_t batch,
                             Journal& journal) {
    CalibrationSettings settings;
    settings.batch = batch;
    settings.context = 256;
    settings.metric = Metric::agreement;
    settings.max_loss = 0.4;
    settings.exits = {{1, 2}, 3};
    const Progress progress;
    Calibration<CpuBackend> run({backend, model, toy}, schedule, asked, settings, journal, progress);
    const LatencyModel latency = run.latency(costly_steps);
    Findings found;
    found.importance = run.importance();
    const FullDepth full = run.full_depth(latency);
    CHECK(full.stage_seconds.size() == schedule.size());
    found.full = run.score(latency, full, run.lite_stage(found.importance, {}), std::nullopt);
    found.budgets = run.budgets(strategy, latency, found.importance, full);
    found.exits = run.early_exit(latency, found.importance, full, found.budgets);
    found.plan =
        run.score(latency, full, run.lite_stage(found.importance, found.budgets.best.candidate), found.exits.exit);
    return make_plan({"tiny", "model", "tokenizer", 3}, {"cpu", "portable", 1},
                     plan_data({"own", "own.jsonl", "0", asked}), schedule, settings, write_fields(strategy), found);
  }
  // The mean number of tokens that each stage generates in a pipeline.
  [[nodiscard]] std::vector<double> stage_tokens(const skip::Standard& skip, const early_exit::Standard& exit,
                                                 const stages::Standard& schedule) {
    Pipeline<CpuBackend, skip::Standard, early_exit::Standard, stages::Standard> pipeline(
        {backend, model, toy}, skip, exit, schedule, {.batch = 2, .context = 256});
    std::vector<double> means(schedule.size(), 0.0);
    for (const QuestionReport& report : pipeline.run(asked)) {
      for (std::size_t s = 0; s < means.size(); ++s) {
        means[s] += static_cast<double>(report.stages.at(s).generated_tokens) / static_cast<double>(asked.size());
      }
    }
    return means;
  }
};

void check_means(const std::vector<double>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t s = 0; s < found.size(); ++s) CHECK(found[s] == doctest::Approx(expected[s]));
}

}  // namespace

TEST_CASE("schedules of two and of five stages are calibrated, and their plans hold in pipelines") {
  Calibrating c;
  for (const stages::Custom& schedule : {two_stages(), five_stages()}) {
    CAPTURE(schedule.size());
    Journal journal;
    std::vector<Form> records;
    journal.append = [&](const Form& record) { records.push_back(io::parse_json(io::to_json(record), "journal")); };
    const Plan plan = c.plan_of(schedule, Racing{}, 3, journal);
    REQUIRE(plan.budgets.size() == schedule.size());
    REQUIRE(plan.importance.stages.size() == schedule.size());
    for (std::size_t s = 0; s < schedule.size(); ++s) {
      CHECK(plan.budgets[s].stage == schedule.stages[s].name);
      CHECK(plan.importance.stages[s].stage == schedule.stages[s].name);
      CHECK(plan.importance.stages[s].requests > 0);
    }
    // The file says all of it.
    const Plan read = plan_from_form(io::parse_json(io::to_json(to_form(plan)), "plan.json"), "plan.json");
    CHECK(read.budgets == plan.budgets);
    const auto own = read_value<stages::Standard>(read.stages, "plan.json");
    CHECK(own == stages::Standard(schedule));
    const skip::LiteStage policy = lite_stage(read);
    CHECK_NOTHROW(check_stages(policy, own, "plan.json"));
    check_means(plan.full.stage_tokens, c.stage_tokens({}, {}, own));
    check_means(plan.plan.stage_tokens,
                c.stage_tokens(skip::Standard(policy), read_value<early_exit::Standard>(read.exit, "plan.json"), own));
    // At another batch, and continued from a part of its journal, the plan is the same.
    Journal fresh;
    CHECK(to_form(c.plan_of(schedule, Racing{}, 1, fresh)) == to_form(plan));
    Journal resumed;
    for (std::size_t i = 0; i < records.size() / 2; ++i)
      resumed.records.push_back({concat("journal:", i + 2), records[i]});
    CHECK(to_form(c.plan_of(schedule, Racing{}, 2, resumed)) == to_form(plan));
  }
}

TEST_CASE("the sweep visits every stage of a schedule, however many there are") {
  Calibrating c;
  Journal journal;
  const Plan plan = c.plan_of(five_stages(), ExhaustiveSweep{}, 4, journal);
  for (const char* stage : {"read", "plan", "solve", "check", "state"}) {
    CAPTURE(stage);
    CHECK(std::any_of(plan.search.points.begin(), plan.search.points.end(),
                      [&](const PlanPoint& p) { return p.stage == stage; }));
  }
}

TEST_CASE("a search samples the texts that a pipeline samples, whatever runs beside them") {
  Calibrating c;
  using Evaluation = StagedEvaluation<CpuBackend, skip::Static, early_exit::Standard>;
  for (const stages::Custom& schedule : {two_stages(), five_stages()}) {
    Pipeline<CpuBackend, skip::Never, early_exit::Never, stages::Custom> pipeline({c.backend, c.model, toy}, {}, {},
                                                                                  schedule, {.context = 256});
    const std::vector<QuestionReport> expected = timeless(pipeline.run(c.asked));
    for (const std::size_t batch : {std::size_t{1}, std::size_t{4}}) {
      CAPTURE(batch);
      StageMemo memo;
      Evaluation evaluation({c.backend, c.model, toy}, schedule, c.asked, memo,
                            {.batch = batch, .context = 256, .scored = Scored::nothing});
      Variant<skip::Static, early_exit::Standard> full;
      full.keys.assign(schedule.size(), "full");
      std::vector<Evaluation::Work> work;
      for (std::size_t q = c.asked.size(); q-- > 0;) work.push_back({&full, q});
      const std::vector<Path> paths = evaluation.run(work);
      for (std::size_t i = 0; i < paths.size(); ++i) {
        for (std::size_t s = 0; s < schedule.size(); ++s) {
          CHECK(paths[i].at(s).result->report.branches == expected[work[i].question].stages[s].branches);
        }
      }
    }
  }
}
