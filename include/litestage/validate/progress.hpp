// What checks and measurements call while they run.
#pragma once

#include <functional>
#include <string>

#include "litestage/pipeline/progress.hpp"

namespace litestage::validation {

// Any function may be empty.
struct CheckProgress {
  std::function<void(const std::string&)> on_work = {};     // told what is done next
  std::function<void(const std::string&)> on_warning = {};  // told why the work takes longer than expected
  std::function<bool()> keep_going =
      {};  // asked between steps, by several threads; false ends the work: Stopped is thrown

  void ask() const {
    if (keep_going && !keep_going()) throw Stopped{};
  }
  void begin(const std::string& what) const {
    ask();
    if (on_work) on_work(what);
  }
};

}  // namespace litestage::validation
