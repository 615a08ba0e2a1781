// A model of every family, read from a folder: a skip policy in a pipeline, importance, and a short calibration, at any
// batch.
#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "common/pipeline_setting.hpp"
#include "common/recorded_models.hpp"
#include "common/staged_schedules.hpp"
#include "litestage/calibrate/calibration.hpp"
#include "litestage/calibrate/search/racing.hpp"
#include "litestage/io/open_model.hpp"
#include "litestage/settings/spec.hpp"

using namespace litestage;

namespace {

// On this machine the time of a step is proportional to the sub-layers that it runs.
[[nodiscard]] calibrate::LatencyModel proportional_steps(int n_sublayers) {
  calibrate::LatencyModel m;
  m.groups.assign(static_cast<std::size_t>(n_sublayers), 0);
  m.sublayers = {calibrate::Curve{{1, 512}, {2, 4}}};
  m.head = m.base = calibrate::Curve{{1}, {1}};
  m.project = calibrate::Curve{{1}, {0}};
  return m;
}

struct ShortCalibration {
  calibrate::Importance importance;
  calibrate::SearchResult found;
  skip::Standard skip;  // 2, 3 and 1 sub-layers of the ranking, stage by stage
};
[[nodiscard]] ShortCalibration short_calibration(const LanguageModel<CpuBackend>& model, std::size_t batch) {
  calibrate::CalibrationSettings settings;
  settings.metric = calibrate::Metric::agreement;
  settings.max_loss = 0.5;
  settings.step = 2;
  settings.most = 2;
  settings.batch = batch;
  settings.context = 160;
  Journal journal;
  const Progress progress;
  const std::vector<Question> asked = test::questions(2);
  calibrate::Calibration<CpuBackend> run(model, test::three_stages(), asked, settings, journal, progress);
  const calibrate::LatencyModel latency = run.latency([&] { return proportional_steps(model.config().n_sublayers()); });
  ShortCalibration out{run.importance(), {}, {}};
  out.found = run.budgets(calibrate::Racing{}, latency, out.importance, run.full_depth(latency));
  out.skip = run.lite_stage(out.importance, {2, 3, 1});
  return out;
}

[[nodiscard]] std::vector<QuestionReport> skipping_reports(const LanguageModel<CpuBackend>& model,
                                                           const skip::Standard& policy, std::size_t batch) {
  Pipeline<CpuBackend, skip::Standard, early_exit::Never, stages::Custom> pipeline(
      model, policy, {}, test::three_stages(), {.batch = batch, .context = 160});
  return test::timeless(pipeline.run(test::questions(2)));
}

}  // namespace

TEST_CASE("families: a skip policy, importance and a short calibration, the same at any batch") {
  for (const std::string family : test::recorded_families) {
    CAPTURE(family);
    const io::ModelFile file(test::RecordedModel::folder_of(family));
    const LanguageModel<CpuBackend> model =
        io::load_model(file, std::make_shared<CpuBackend>(CpuOptions{.threads = 1}));
    const ShortCalibration alone = short_calibration(model, 1), together = short_calibration(model, 3);
    CHECK(together.importance == alone.importance);
    CHECK(together.found == alone.found);
    REQUIRE(alone.importance.stages.size() == 3);
    CHECK(alone.importance.n_layers() == file.config().n_layers);
    for (const calibrate::StageImportance& stage : alone.importance.stages) {
      for (const double cosine : stage.cosine) CHECK(std::abs(cosine) <= 1);
    }
    CHECK(alone.found.points.size() > 1);
    CHECK(alone.found.best.cost <= alone.found.origin.cost);
    const std::vector<QuestionReport> reports = skipping_reports(model, alone.skip, 1);
    CHECK(skipping_reports(model, together.skip, 3) == reports);
    for (const QuestionReport& report : reports) {
      const std::size_t skipped[] = {2, 3, 1};
      for (std::size_t s = 0; s < 3; ++s) CHECK(report.stages.at(s).sublayers_skipped == skipped[s]);
    }
  }
}
