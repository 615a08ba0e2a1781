// Progress of the phases of a calibration: the work done out of the work expected.
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

// A search evaluates many lists of trials, one after the other. An evaluation counts its own work from 0; this class
// counts over all of them.
class PhaseProgress {
 public:
  // `progress` outlives this object.
  explicit PhaseProgress(const Progress& progress) : progress_(&progress) {}

  // `stages`: names for the values of a search's best candidate; empty if the values should not be shown.
  void begin(const std::string& what, const std::string& unit, std::vector<std::string> stages = {}) {
    stages_ = std::move(stages);
    done_ = expected_ = 0;
    best_.clear();
    progress_->begin(what, unit);
  }
  // Reports the work of the current evaluation.
  void work(std::size_t ended, std::size_t total) {
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
  // Reports the share done of work that is counted in percent. Throws Stopped if the work should stop.
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
