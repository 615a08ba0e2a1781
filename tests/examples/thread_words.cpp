#include "cli/terminal/thread_words.hpp"

#include <doctest/doctest.h>

#include <iostream>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>

#include "litestage/core/threads/thread_team.hpp"

using namespace litestage;
using namespace litestage::cli;

namespace {

struct OfOneThread {};
// What a backend says of its threads.
struct OfTeam {
  ThreadTeam& t;
  [[nodiscard]] int threads() const { return t.size(); }
  [[nodiscard]] const ThreadTeam& team() const { return t; }
};

template <class B>
std::string told(const B& backend) {
  std::ostringstream out;
  std::streambuf* const before = std::cerr.rdbuf(out.rdbuf());
  tell_of_refused_threads(backend);
  std::cerr.rdbuf(before);
  return out.str();
}

}  // namespace

TEST_CASE("threads in words: why there are no more, where more would be of no use") {
  CHECK(threads_in_words(2, {2, 2}) == "2 threads");
  CHECK(threads_in_words(1, {2, 2}) == "1 thread");
  CHECK(threads_in_words(1, {2, 1}) == "1 thread: 1 of 2 cores may be used");
  CHECK(threads_in_words(4, {2, 1}) == "4 threads: 1 of 2 cores may be used");
  CHECK(threads_in_words(1, {8, 8, 1.5}) == "1 thread: a quota of 1.5 cores");
  CHECK(threads_in_words(1, {8, 3}) == "1 thread");  // asked for fewer than there could be
  CHECK(threads_in_words(OfOneThread{}) == "1 thread");
}

TEST_CASE("threads in words: the system refused some") {
  ThreadTeam team(3, [](auto) -> std::thread {
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
  });
  const OfTeam backend{team};
  CHECK(threads_of(backend) == 1);
  CHECK(threads_in_words(backend).starts_with("1 thread"));
  CHECK(told(backend) == team.refusal() + "\n");
  ThreadTeam whole(2);
  CHECK(threads_of(OfTeam{whole}) == 2);
  CHECK(told(OfTeam{whole}).empty());
  CHECK(threads_of(OfOneThread{}) == 1);
  CHECK(told(OfOneThread{}).empty());
}
