// ThreadSanitizer: yes
#include "litestage/core/threads/thread_team.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <new>
#include <numeric>
#include <system_error>
#include <thread>
#include <vector>

#include "common/one_core.hpp"
#include "litestage/core/threads/usable_cores.hpp"

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

TEST_CASE("a team without a number is of as many threads as there are cores to use") {
  const ThreadTeam team;
  CHECK(team.size() == usable_cores().count());
  CHECK(team.requested() == team.size());
  CHECK(team.refusal().empty());
  if (test::HeldOnOneCore::works) {
    const test::HeldOnOneCore held;
    CHECK(ThreadTeam().size() == 1);
    CHECK(ThreadTeam(2).size() == 2);
  }
  CHECK(ThreadTeam(-3).size() == 1);
}

namespace {

// Starts threads until the n-th (from 1 on), which fails; counts those that run.
struct FailingStart {
  int n;
  enum class How { refused, out_of_memory } how;
  std::atomic<int>& running;
  int& asked;

  template <class Work>
  std::thread operator()(Work work) const {
    if (++asked == n) {
      if (how == How::out_of_memory) throw std::bad_alloc();
      throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
    }
    ++running;
    return std::thread([work, &count = running] {
      work();
      --count;
    });
  }
};

}  // namespace

TEST_CASE("where the system refuses a thread, the team is of those there are") {
  for (int threads = 2; threads <= 9; ++threads) {
    for (int n = 1; n < threads; ++n) {
      CAPTURE(threads);
      CAPTURE(n);
      std::atomic<int> running{0};
      int asked = 0;
      {
        ThreadTeam team(threads, FailingStart{n, FailingStart::How::refused, running, asked});
        CHECK(asked == n);  // it does not go on asking
        REQUIRE(team.size() == n);
        CHECK(team.requested() == threads);
        CHECK(team.refusal() ==
              concat(n, " of ", threads, " threads could be started (", std::generic_category().message(EAGAIN), ")"));
        const auto size = static_cast<std::size_t>(n);
        std::vector<int> first(size), second(size);
        for (int round = 1; round <= 10; ++round) {
          team.run([&](int thread) {
            first[static_cast<std::size_t>(thread)] = round;
            team.barrier();
            second[static_cast<std::size_t>(thread)] = std::accumulate(first.begin(), first.end(), 0);
          });
          for (const int sum : second) REQUIRE(sum == round * n);
        }
      }
      CHECK(running == 0);
    }
  }
}

TEST_CASE("a team that cannot be made leaves no thread behind, whether its threads spin or sleep") {
  for (int threads = 2; threads <= 9; ++threads) {
    for (int n = 1; n < threads; ++n) {
      CAPTURE(threads);
      CAPTURE(n);
      std::atomic<int> running{0};
      int asked = 0;
      const FailingStart start{n, FailingStart::How::out_of_memory, running, asked};
      CHECK_THROWS_AS(ThreadTeam(threads, start), std::bad_alloc);
      CHECK(running == 0);
    }
  }
  std::atomic<int> running{0};
  int asked = 0;
  const FailingStart start{3, FailingStart::How::out_of_memory, running, asked};
  CHECK_THROWS_AS(ThreadTeam(4,
                             [&](auto work) {
                               if (asked == 2) std::this_thread::sleep_for(std::chrono::milliseconds(20));
                               return start(work);
                             }),
                  std::bad_alloc);
  CHECK(running == 0);
}

TEST_CASE("a team that is done before its threads have begun") {
  for (int round = 0; round < 50; ++round) {
    ThreadTeam unused(3);
    CHECK(unused.size() == 3);
  }
}
