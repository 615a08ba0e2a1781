// Callbacks by which long work reports its progress and learns that it should stop.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace litestage {

struct Progress {
  // A piece of work begins: `what` names it ("full depth"), and progress is counted in `unit` ("questions").
  std::function<void(const std::string& what, const std::string& unit)> begin = [](const auto&, const auto&) {};
  // `done` of `total` units are done; the total of a search may decrease. `note` is shown beside it unless empty.
  std::function<void(std::size_t done, std::size_t total, const std::string& note)> update =
      [](std::size_t, std::size_t, const std::string&) {};
  std::function<void()> end = [] {};  // the current piece of work ends; further output is not progress
  std::function<bool()> keep_going = [] { return true; };  // called before every step
};

// Thrown when keep_going returned false. Finished work is in the journal, if there is one.
struct Stopped {};

}  // namespace litestage
