// How long work says what it is doing and how far it is, and how it learns that it should stop.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace litestage {

struct Progress {
  // A piece of work begins, "full depth", which is counted in `unit`: "questions".
  std::function<void(const std::string& what, const std::string& unit)> begin = [](const auto&, const auto&) {};
  // `done` of `total` units are done; the total of a search may fall. `note` is worth showing beside it, or empty.
  std::function<void(std::size_t done, std::size_t total, const std::string& note)> update =
      [](std::size_t, std::size_t, const std::string&) {};
  std::function<void()> end = [] {};  // of the piece of work that began last: what is printed next is no progress
  std::function<bool()> keep_going = [] { return true; };  // asked after every step
};

// Thrown out of long work when keep_going said no. What was finished is in the journal, where there is one.
struct Stopped {};

}  // namespace litestage
