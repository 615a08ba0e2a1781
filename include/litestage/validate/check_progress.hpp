// Callbacks of checks and measurements. They are not those of pipeline/progress.hpp, which count units of work for a
// bar: checks and measurements name the work that begins, have nothing to count, and may give a warning.
#pragma once

#include <functional>
#include <string>

#include "litestage/pipeline/progress.hpp"

namespace litestage::validation {

// Any function may be empty.
struct CheckProgress {
  std::function<void(const std::string&)> on_work = {};  // called with the work that is done next
  // Called with the reason why the work takes longer than expected.
  std::function<void(const std::string&)> on_warning = {};
  // Called between steps, by several threads; false ends the work: Stopped is thrown.
  std::function<bool()> keep_going = {};

  void ask() const {
    if (keep_going && !keep_going()) throw Stopped{};
  }
  void begin(const std::string& what) const {
    ask();
    if (on_work) on_work(what);
  }
};

}  // namespace litestage::validation
