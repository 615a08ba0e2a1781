#include "cli/terminal/progress.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <iostream>
#include <sstream>
#include <string>

using namespace litestage::cli;

namespace {

// What a run of `total` questions says on standard error where that is no terminal.
std::string said(std::size_t total, bool quiet) {
  std::ostringstream out;
  std::streambuf* const before = std::cerr.rdbuf(out.rdbuf());
  {
    ProgressBar progress(total, quiet);
    for (std::size_t done = 1; done <= total; ++done) progress.update(done, "accuracy 50.0 %");
  }
  std::cerr.rdbuf(before);
  return out.str();
}

}  // namespace

TEST_CASE("progress: numbers and times as people write them") {
  CHECK(fixed(31.25, 1) == "31.2");
  CHECK(minutes(0) == "0:00");
  CHECK(minutes(59.4) == "0:59");
  CHECK(minutes(59.6) == "1:00");
  CHECK(minutes(75) == "1:15");
  CHECK(minutes(3600) == "60:00");
}

TEST_CASE("progress: a line every tenth of the way, the last with the time it took") {
  if (error_is_terminal()) {
    MESSAGE("skipped: standard error is a terminal, which gets a bar");
    return;
  }
  const auto lines = [](const std::string& text) { return std::count(text.begin(), text.end(), '\n'); };
  CHECK(lines(said(1000, false)) == 10);
  CHECK(lines(said(3, false)) == 3);
  CHECK(said(1, false) == "1 of 1 questions, accuracy 50.0 %, 0:00\n");
  CHECK(said(20, false).find("2 of 20 questions, accuracy 50.0 %, 0:00 to go\n") == 0);
}

TEST_CASE("progress: quiet says nothing") {
  CHECK(said(7, true).empty());
}
