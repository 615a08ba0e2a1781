// The phases of a calibration: latency, importance, full depth, budgets, early exit, and the largest settings of the
// baselines. Each phase takes the results of the earlier phases as arguments, so that calls in a wrong order do not
// compile. calibrate.hpp runs them all.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "litestage/calibrate/calibration_settings.hpp"
#include "litestage/calibrate/importance/importance.hpp"
#include "litestage/calibrate/latency/latency_model.hpp"
#include "litestage/calibrate/phase_progress.hpp"
#include "litestage/calibrate/search/baselines.hpp"
#include "litestage/calibrate/search/search.hpp"
#include "litestage/calibrate/trials/metric.hpp"
#include "litestage/calibrate/trials/recorded_evaluation.hpp"
#include "litestage/early_exit/never.hpp"
#include "litestage/engine/language_model.hpp"
#include "litestage/pipeline/progress.hpp"
#include "litestage/policy/any_schedule.hpp"
#include "litestage/settings/journal.hpp"
#include "litestage/skip/standard.hpp"

namespace litestage::calibrate {

template <Backend B>
class Calibration {
 public:
  using Skip = skip::Standard;
  using Exit = early_exit::Standard;

  // `questions`, `journal` and `progress` outlive this object. Throws Error if `stages` does not state answers, or
  // if the early exit has no settings to try.
  Calibration(LanguageModel<B> model, AnySchedule stages, std::span<const Question> questions,
              CalibrationSettings settings, Journal& journal, const Progress& progress);
  Calibration(const Calibration&) = delete;
  Calibration& operator=(const Calibration&) = delete;
  ~Calibration();

  [[nodiscard]] SearchWork work() const;
  // Questions that did not fit into the context under some candidate. They count as not answered under that candidate.
  [[nodiscard]] const std::map<std::size_t, NoRoom>& without_room() const;

  // Returns the latency model of the journal, or measures it on this machine.
  LatencyModel latency();
  // Returns the latency model of the journal, or else the result of `measure()`.
  LatencyModel latency(const std::function<LatencyModel()>& measure);

  // Measures the importance of the sub-layers at full depth. Call it before any phase that generates something else.
  Importance importance();

  FullDepth full_depth(const LatencyModel& latency);

  // Searches for the number of sub-layers that each stage skips.
  SearchResult budgets(const AnyStrategy& strategy, const LatencyModel& latency, const Importance& importance,
                       const FullDepth& full);

  // Searches for the settings of the early exit, under the budgets found. The accuracy target is that of
  // the budget search, so that budgets and exit together lose no more than the budgets alone may.
  ExitChoice early_exit(const LatencyModel& latency, const Importance& importance, const FullDepth& full,
                        const SearchResult& found);

  // Searches for the largest setting of a baseline within the same accuracy target, as the budgets are searched.
  BaselineChoice largest(const AnyStrategy& strategy, const Baseline& baseline, const FullDepth& full);

  // Stage s skips the first budgets[s] sub-layers of the ranking. An empty candidate skips none.
  [[nodiscard]] Skip lite_stage(const Importance& importance, const Candidate& budgets) const;
  // Scores a skip policy and an exit policy on every question.
  [[nodiscard]] Score score(const LatencyModel& latency, const FullDepth& full, const Skip& skip,
                            const std::optional<Exit>& exit);

 private:
  [[nodiscard]] EvaluationOptions evaluation_options(const Progress& progress);
  [[nodiscard]] LatencyModel probe();
  [[nodiscard]] std::vector<Exit> exits_to_try(const Skip& skip);
  // A setup whose cost is the predicted time of a question.
  [[nodiscard]] Setup<Skip, Exit> timed(const LatencyModel& latency, const Skip& skip,
                                        const std::optional<Exit>& exit) const;
  [[nodiscard]] SearchSpace space_of(std::size_t axes);
  // A search space of one axis with the values 0 to n.
  [[nodiscard]] SearchSpace line(std::size_t n);
  [[nodiscard]] SearchResult search(const AnyStrategy& strategy, const SearchSpace& space, const Judge& judge,
                                    const std::function<Setup<Skip, Exit>(const Candidate&)>& make);

  CalibrationSettings settings_;
  Judge judge_;
  PhaseProgress progress_;
  LanguageModel<B> model_;
  RecordedEvaluation<B> evaluation_;
  SearchWork work_;  // without the counts that evaluation_ keeps
};

}  // namespace litestage::calibrate

#include "litestage/calibrate/definitions/calibration.hpp"
#if !LITESTAGE_HEADER_ONLY
#include "litestage/compiled/calibration.hpp"
#endif
