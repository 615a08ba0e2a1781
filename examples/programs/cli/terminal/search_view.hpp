// The progress of long work on standard error: its name, the amount done, and the time left. It is one line that is
// rewritten on a terminal, else a new line now and then.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <iostream>
#include <string>
#include <utility>

#include "cli/terminal/interrupt.hpp"
#include "cli/terminal/progress.hpp"
#include "litestage/pipeline/progress.hpp"

namespace litestage::cli {

class SearchView {
 public:
  explicit SearchView(bool quiet) : quiet_(quiet), terminal_(error_is_terminal()) {}
  SearchView(const SearchView&) = delete;
  SearchView& operator=(const SearchView&) = delete;
  ~SearchView() { clear(); }

  // The callbacks for the library. A signal asks the program to stop.
  [[nodiscard]] Progress progress() {
    return {[this](const std::string& what, const std::string& unit) { begin(what, unit); },
            [this](std::size_t done, std::size_t total, const std::string& note) { update(done, total, note); },
            [this] { clear(); }, [] { return !interrupted(); }};
  }

  // Begins a new piece of work, e.g. "budgets". `unit`: the items that are counted, e.g. "questions".
  void begin(std::string what, std::string unit) {
    clear();
    what_ = std::move(what);
    unit_ = std::move(unit);
    best_.clear();
    start_ = said_ = Clock::now();
    recent_.clear();
    if (!quiet_ && !terminal_) std::cerr << what_ << std::endl;
  }
  // `note`: text to show next to the count, or empty.
  void update(std::size_t done, std::size_t total, const std::string& note) {
    best_ = note.empty() ? note : ", " + note;
    show(done, total);
  }

  void clear() {
    if (shown_) std::cerr << "\r\x1b[K" << std::flush;
    shown_ = false;
  }

 private:
  using Clock = std::chrono::steady_clock;

  void show(std::size_t done, std::size_t total) {
    if (quiet_ || total == 0) return;
    const auto now = Clock::now();
    const double since = std::chrono::duration<double>(now - said_).count();
    if (since < (terminal_ ? 0.2 : 30)) return;
    said_ = now;
    std::string text = concat(what_, ": ", done, " of ", total, " ", unit_, best_);
    if (const double each = seconds_each(now, done); each > 0 && done < total)
      text += concat(", at most ", minutes(each * static_cast<double>(total - done)), " to go");
    std::cerr << (terminal_ ? "\r\x1b[K" : "") << text << (terminal_ ? "" : "\n") << std::flush;
    shown_ = terminal_;
  }

  // Seconds per item over the last minutes, since a run may be paused. 0 in the first seconds, because results read
  // from a journal arrive at once.
  double seconds_each(Clock::time_point now, std::size_t done) {
    if (now - start_ < std::chrono::seconds(5)) return 0;
    recent_.push_back({now, done});
    while (recent_.size() > 2 && now - recent_[1].at > std::chrono::minutes(3)) recent_.pop_front();
    const Sample& before = recent_.front();
    if (done <= before.done) return 0;
    return std::chrono::duration<double>(now - before.at).count() / static_cast<double>(done - before.done);
  }

  struct Sample {
    Clock::time_point at;
    std::size_t done;
  };
  bool quiet_, terminal_, shown_ = false;
  std::string what_, unit_, best_;
  Clock::time_point start_{}, said_{};
  std::deque<Sample> recent_;  // earlier updates
};

}  // namespace litestage::cli
