// The progress of a run on standard error: a bar on a terminal, else a line after every tenth.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <iostream>
#include <string>

#include "litestage/core/error.hpp"
#include "litestage/evaluate/text_table.hpp"

namespace litestage::cli {

[[nodiscard]] inline bool error_is_terminal() {
  return ::isatty(STDERR_FILENO) == 1;
}

using evaluate::fixed;

// Example: 75 -> "1:15".
[[nodiscard]] inline std::string minutes(double seconds) {
  const long long s = std::llround(std::min(seconds, 1e9));
  const std::string rest = concat(s % 60);
  return concat(s / 60, ":", rest.size() < 2 ? "0" : "", rest);
}

class ProgressBar {
 public:
  ProgressBar(std::size_t total, bool quiet) : total_(total), quiet_(quiet), terminal_(error_is_terminal()) {}
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar() { clear(); }

  // `note`: the state so far, e.g. "accuracy 31.2 %".
  void update(std::size_t done, const std::string& note) {
    if (quiet_) return;
    const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    const double left = done == 0 ? 0 : elapsed / static_cast<double>(done) * static_cast<double>(total_ - done);
    std::string text = concat(done, " of ", total_, " questions");
    if (!note.empty()) text += ", " + note;
    text += done < total_ ? concat(", ", minutes(left), " to go") : concat(", ", minutes(elapsed));
    if (terminal_) {
      constexpr std::size_t width = 20;
      const std::size_t full = done * width / std::max<std::size_t>(total_, 1);
      std::cerr << "\r\x1b[K[" << std::string(full, '#') << std::string(width - full, '.') << "] " << text
                << std::flush;
      shown_ = true;
    } else if (done * 10 / total_ > tenths_) {
      tenths_ = done * 10 / total_;
      std::cerr << text << std::endl;
    }
  }
  // Removes the bar from the screen, so that something else can be printed.
  void clear() {
    if (shown_) std::cerr << "\r\x1b[K" << std::flush;
    shown_ = false;
  }

 private:
  std::size_t total_;
  bool quiet_, terminal_, shown_ = false;
  std::size_t tenths_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace litestage::cli
