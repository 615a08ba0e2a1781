// Counts the tokens, skipped sub-layers and seconds of one request, for its report.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "litestage/engine/report.hpp"
#include "litestage/engine/run/branch.hpp"
#include "litestage/engine/segment.hpp"
#include "litestage/engine/stage_request.hpp"

namespace litestage {

class StageTally {
 public:
  // `shared`: leading tokens that all prompts share.
  StageTally(const StageRequest& request, std::size_t shared, int n_sublayers)
      : skipped_(n_sublayers), branches_(request.prompts.size()) {
    report_.name = request.stage.name;
    report_.shared_tokens = static_cast<int>(shared);
    for (const std::vector<int>& prompt : request.prompts) report_.prompt_tokens += static_cast<int>(prompt.size());
  }

  void step_begins() {
    step_began_ = Clock::now();
    if (began_ == Clock::time_point{}) began_ = step_began_;
  }
  // `ahead` of the `rows` that the request had in the step were of look-aheads, without the branches' own newest
  // tokens.
  void step_ended(std::size_t ahead, std::size_t rows) {
    if (ahead == 0) return;
    report_.look_ahead_s +=
        seconds_between(step_began_, Clock::now()) * static_cast<double>(ahead) / static_cast<double>(rows);
  }
  // Adds tokens of prompts and answers. Tokens that the cache already held count like forwarded ones: they were
  // computed under the same decisions, and a report must not depend on what the slot held before.
  void add_tokens(const Decisions& decisions, std::size_t n) { skipped_.add(decisions, n); }
  // A branch has chosen a token, its `chosen`-th.
  void add_chosen(int chosen) {
    ++report_.generated_tokens;
    if (chosen == 1 && ++first_tokens_ == branches_) prefilled_ = Clock::now();
  }
  void end() { ended_ = Clock::now(); }

  // The report of the request, once it has ended. May be called once.
  [[nodiscard]] StageReport take_report(std::vector<Branch>& branches) {
    for (Branch& b : branches) {
      report_.injected_tokens += b.injected;
      for (const LookAheadReport& look : b.look_aheads) {
        report_.look_ahead_text_tokens += look.text_tokens;
        report_.look_ahead_tokens += static_cast<int>(look.tokens.size());
      }
      report_.branches.push_back({b.text.text(), std::move(b.kept), b.stop.value(), b.chosen, std::move(b.trace),
                                  b.injected, b.injected_at, std::move(b.look_aheads)});
    }
    report_.sublayers_skipped = skipped_.distinct();
    report_.sublayers_skipped_mean = skipped_.mean();
    report_.prefill_s = seconds_between(began_, prefilled_);
    report_.decode_s = seconds_between(prefilled_, ended_);
    return std::move(report_);
  }

 private:
  StageReport report_;
  SkipCount skipped_;
  std::size_t branches_;
  std::size_t first_tokens_ = 0;  // branches that have chosen their first token
  Clock::time_point began_{}, step_began_{}, prefilled_{}, ended_{};
};

}  // namespace litestage
