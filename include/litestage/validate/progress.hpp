// Callbacks of checks and measurements.
#pragma once

#include <functional>
#include <string>

namespace litestage::validation {

// Thrown by a check or a measurement when keep_going returned false.
struct Stopped {};

// Any function may be empty.
struct Progress {
  std::function<void(const std::string&)> on_work = {};  // called with the work that is done next
  // Called with the reason why the work takes longer than expected.
  std::function<void(const std::string&)> on_warning = {};
  std::function<bool()> keep_going = {};  // called between steps, by several threads; false ends the work with Stopped

  void ask() const {
    if (keep_going && !keep_going()) throw Stopped{};
  }
  void begin(const std::string& what) const {
    ask();
    if (on_work) on_work(what);
  }
};

}  // namespace litestage::validation
