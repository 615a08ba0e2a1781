// ThreadSanitizer: yes
#include "litestage/core/threads/thread_team.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <new>
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

TEST_CASE("every item is done once, and all that was done is seen after it") {
  for (int threads : {1, 2, 3, 5}) {
    ThreadTeam team(threads);
    REQUIRE(team.size() == threads);
    for (std::size_t n : {0u, 1u, 2u, 7u, 64u, 1001u}) {
      for (std::size_t smallest : {0u, 1u, 4u, 100u}) {
        std::vector<int> counts(n);
        std::atomic<bool> good{true};
        for (int round = 1; round <= 20; ++round) {
          team.for_ranges(n, smallest, [&](Range part, int thread) {
            if (thread < 0 || thread >= threads || part.first >= part.last || part.last > n) good = false;
            if (part.last - part.first < std::min(smallest, n)) good = false;
            for (std::size_t i = part.first; i < part.last; ++i) ++counts[i];
          });
          // What one call wrote is read by the next.
          for (const int count : counts) REQUIRE(count == round);
        }
        CHECK(good);
      }
    }
  }
}

TEST_CASE("a team of one, and work too small to share, is one call of the caller") {
  ThreadTeam one(1), two(2);
  std::vector<std::size_t> sizes;
  one.for_ranges(1000, 1, [&](Range part, int) { sizes.push_back(part.last - part.first); });
  two.for_ranges(7, 4, [&](Range part, int) { sizes.push_back(part.last - part.first); });
  CHECK(sizes == std::vector<std::size_t>{1000, 7});
}

TEST_CASE("a thread that is held up keeps only the part that it has taken") {
  ThreadTeam team(2);
  // Whoever takes the first part holds it until all others are done.
  std::atomic<int> done{0};
  int parts = 0;
  team.for_ranges(64, 1, [&](Range part, int) {
    if (part.first == 0) {
      parts = static_cast<int>(64 / (part.last - part.first));
      while (done != parts - 1) std::this_thread::yield();
    } else {
      ++done;
    }
  });
  CHECK(parts == 16);
  CHECK(done == 15);
}

TEST_CASE("threads that sleep wake up, and one that comes late does not spoil the next work") {
  ThreadTeam team(3);
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));  // long enough to fall asleep
    std::atomic<int> here{0};
    // Two parts that wait for each other: they end only if a second thread has come.
    team.for_ranges(2, 1, [&](Range, int) {
      ++here;
      while (here < 2) std::this_thread::yield();
    });
    for (int small = 0; small < 50; ++small) {
      std::atomic<int> items{0};
      team.for_ranges(3, 1, [&](Range part, int) { items += static_cast<int>(part.last - part.first); });
      REQUIRE(items == 3);
    }
  }
}

TEST_CASE("an exception passes through a team of one") {
  ThreadTeam team(1);
  CHECK_THROWS_AS(team.for_ranges(3, 1, [](Range, int) { throw Error("no"); }), Error);
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
        for (int round = 1; round <= 10; ++round) {
          std::atomic<int> items{0};
          team.for_ranges(50, 1, [&](Range part, int) { items += static_cast<int>(part.last - part.first); });
          REQUIRE(items == 50);
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
