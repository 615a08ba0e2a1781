// A question's progress through the stages of a schedule: which request comes next, and how the texts of a stage are
// passed to later stages. Only this class knows the order: prompts, texts, next stage, and after the last stage the
// option letters or right answers if they are scored. The caller decides when a request runs: a pipeline runs it at
// once, a search only if no earlier walk has left the result.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/engine/stage_request.hpp"
#include "litestage/policy/any_schedule.hpp"
#include "litestage/prompt/any_tokenizer.hpp"
#include "litestage/prompt/transcript.hpp"

namespace litestage {

class StageWalk {
 public:
  // `scored`: what is scored after the last stage.
  StageWalk(AnySchedule stages, Question question, Scored scored)
      : stages_(std::move(stages)), transcript_{std::move(question), {}}, scored_(scored) {
    if (scored == Scored::letters && !stages_.states_answer())
      throw Error("the schedule does not state answers, so option letters cannot be scored");
  }

  [[nodiscard]] const Question& question() const { return transcript_.question; }
  // The number of finished stages; the scoring counts as one more.
  [[nodiscard]] std::size_t steps_done() const { return done_; }
  [[nodiscard]] std::size_t steps() const { return stages_.size() + (scored_ == Scored::nothing ? 0 : 1); }
  [[nodiscard]] bool ended() const { return done_ == steps(); }
  // Whether every stage has ended; the scoring may still have to be done.
  [[nodiscard]] bool stages_ended() const { return done_ >= stages_.size(); }
  // Whether the next request scores, and what.
  [[nodiscard]] bool at_scoring() const { return scored_ != Scored::nothing && done_ == stages_.size(); }
  [[nodiscard]] Scored scored() const { return scored_; }
  // The texts of all stages before the next one. The last stage's text is not kept, because no later prompt contains
  // it: the prompt of the scoring is the last stage's.
  [[nodiscard]] const std::vector<std::vector<std::string>>& outputs() const { return transcript_.outputs; }

  [[nodiscard]] StageRequest next_request(const AnyTokenizer& tokenizer) const {
    LITESTAGE_ASSERT(!ended(), "the question ", transcript_.question.id, " has ended");
    if (at_scoring()) return scoring_request(scored_, stages_, transcript_, tokenizer);
    return stage_request(stages_, done_, transcript_, tokenizer);
  }

  // Records that the request has run. `report` is the stage's report; it is ignored for the scoring.
  void advance(const StageReport& report) {
    if (done_ + 1 < stages_.size()) {
      transcript_.outputs.emplace_back();
      for (const BranchReport& branch : report.branches) transcript_.outputs.back().push_back(branch.text);
    }
    ++done_;
  }
  // Records that the next request, and so every later one, cannot run. Returns the reports of the stages that do not
  // run, which contain only a name.
  [[nodiscard]] std::vector<StageReport> give_up() {
    std::vector<StageReport> not_run;
    for (std::size_t s = done_; s < stages_.size(); ++s) not_run.emplace_back().name = stages_.stage(s).name;
    done_ = steps();
    return not_run;
  }

 private:
  AnySchedule stages_;
  Transcript transcript_;
  Scored scored_;
  std::size_t done_ = 0;
};

}  // namespace litestage
