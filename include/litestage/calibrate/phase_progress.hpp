// The progress of the phases of a calibration, as what is done of what is expected.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "litestage/calibrate/search/search.hpp"
#include "litestage/core/error.hpp"
#include "litestage/pipeline/progress.hpp"

namespace litestage::calibrate {

// A search asks for many runs of walks, one after the other: each run counts from 0, the search counts them all.
class PhaseProgress {
 public:
  // `progress` outlives this.
  explicit PhaseProgress(const Progress& progress) : progress_(&progress) {}

  // `stages`: what the numbers of a search's best candidate mean; empty where they are not to be shown.
  void begin(const std::string& what, const std::string& unit, std::vector<std::string> stages = {}) {
    stages_ = std::move(stages);
    done_ = expected_ = 0;
    best_.clear();
    progress_->begin(what, unit);
  }
  // Walks of the run at hand.
  void walks(std::size_t ended, std::size_t total) {
    progress_->update(done_ + ended, std::max(expected_, done_ + total), best_);
  }
  void search(const SearchProgress& p) {
    done_ = p.done;
    expected_ = p.expected;
    best_.clear();
    for (std::size_t s = 0; s < stages_.size() && s < p.best.size(); ++s) {
      best_ += concat(s == 0 ? "best so far " : " / ", stages_[s], " ", p.best[s]);
    }
    progress_->update(done_, expected_, best_);
  }
  // A share of a piece of work that is counted in percent. Throws Stopped where the work should stop.
  void share(double done) {
    if (!progress_->keep_going()) throw Stopped{};
    progress_->update(static_cast<std::size_t>(100 * done), 100, "");
  }

 private:
  const Progress* progress_;
  std::vector<std::string> stages_;
  std::size_t done_ = 0, expected_ = 0;
  std::string best_;
};

}  // namespace litestage::calibrate
