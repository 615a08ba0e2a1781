// ThreadSanitizer: yes
#include "litestage/core/thread_team.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <numeric>
#include <vector>

using namespace litestage;

TEST_CASE("shares cover all items once, in order") {
  for (std::size_t n : {0u, 1u, 2u, 7u, 64u, 1001u}) {
    for (std::size_t parts : {1u, 2u, 3u, 8u}) {
      std::size_t next = 0;
      for (std::size_t p = 0; p < parts; ++p) {
        const Range r = share(n, p, parts);
        CHECK(r.first == next);
        CHECK(r.last - r.first <= n / parts + 1);
        next = r.last;
      }
      CHECK(next == n);
    }
  }
}

TEST_CASE("every thread runs every region, and sees what the others wrote before a barrier") {
  for (int threads : {1, 2, 3, 5}) {
    ThreadTeam team(threads);
    REQUIRE(team.size() == threads);
    std::vector<int> first(static_cast<std::size_t>(threads)), second(static_cast<std::size_t>(threads));
    for (int round = 1; round <= 200; ++round) {
      team.run([&](int thread) {
        first[static_cast<std::size_t>(thread)] = round;
        team.barrier();
        second[static_cast<std::size_t>(thread)] = std::accumulate(first.begin(), first.end(), 0);
      });
      for (int sum : second) REQUIRE(sum == round * threads);
    }
  }
}

TEST_CASE("sleeping workers wake up") {
  ThreadTeam team(2);
  int runs[2] = {0, 0};
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // long enough for the worker to fall asleep
    team.run([&](int thread) { ++runs[thread]; });
  }
  CHECK(runs[0] == 3);
  CHECK(runs[1] == 3);
}

TEST_CASE("an exception passes through a team of one") {
  ThreadTeam team(1);
  CHECK_THROWS_AS(team.run([](int) { throw Error("no"); }), Error);
}
