// A persistent team of threads that share short pieces of work. The caller is thread 0.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "litestage/core/threads/range.hpp"
#include "litestage/core/threads/usable_cores.hpp"

namespace litestage {

// A waiting thread first looks again and again, with a pause in between, and then sleeps. How often it looks adapts
// itself between these bounds: twice as often after a wait that ended while looking, half as often after one that ended
// in sleep. On a quiet machine work comes within microseconds, and waking up would cost more than the work. On a busy
// one, a thread that looks can occupy the core that the awaited thread needs.
inline constexpr int fewest_looks = 500, most_looks = 20000;

inline void pause_cpu() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();  // _mm_pause() without its header, which takes a compiler half a second to read
#else
  std::this_thread::yield();
#endif
}

class ThreadTeam {
 public:
  // `threads` includes the caller; 0 means one thread per usable core. If the system refuses to start a thread, the
  // team consists of the threads that were started.
  explicit ThreadTeam(int threads = 0) : ThreadTeam(threads, [](auto work) { return std::thread(std::move(work)); }) {}
  // start(work) returns a std::thread that runs `work`, or throws as std::thread does.
  template <class Start>
  ThreadTeam(int threads, const Start& start) : ThreadTeam(Alone{}) {
    // The delegated constructor has made a complete team of one, so if anything below throws, the destructor joins the
    // threads already started. Those threads read only the members that announce work, and the first work is announced
    // after the last thread was started.
    requested_ = threads == 0 ? usable_cores().count() : std::max(threads, 1);
    workers_.reserve(requested_ - 1);
    try {
      for (int i = 1; i < requested_; ++i) workers_.push_back(start([this, i] { work(i); }));
    } catch (const std::system_error& refusal) {
      refusal_ = refusal.code().message();
    }
    size_ = static_cast<int>(workers_.size()) + 1;
  }
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;
  ~ThreadTeam() {
    stop_ = true;
    announce(0);
    for (std::thread& t : workers_) t.join();
  }

  [[nodiscard]] int size() const { return size_; }
  [[nodiscard]] int requested() const { return requested_; }
  // "2 of 8 threads could be started (Resource temporarily unavailable)"; empty if all threads were started.
  [[nodiscard]] std::string refusal() const {
    if (size_ == requested_) return "";
    return concat(size_, " of ", requested_, " threads could be started (", refusal_, ")");
  }

  // Calls body(Range, thread) for ranges that together are [0, n), each of at least `smallest` items unless n is less,
  // and returns when all calls are done. Threads take one range after another from a common counter, so one that
  // another program pushes aside delays the range that it works on, and no other. `thread` is 0 for the caller. Not
  // reentrant; one caller at a time. An exception leaves for_ranges where one call of the body does all items, as in a
  // team of one; otherwise it terminates the program.
  template <class Body>
  void for_ranges(std::size_t n, std::size_t smallest, Body&& body) {
    const std::size_t parts = n_ranges(n, smallest);
    if (parts <= 1) {
      if (n != 0) body(Range{0, n}, 0);
      return;
    }
    auto part = [&body, n, parts](std::size_t i, int thread) { body(share(n, i, parts), thread); };
    part_ = &part;
    entry_ = [](void* f, std::size_t i, int thread) noexcept { (*static_cast<decltype(part)*>(f))(i, thread); };
    announce(parts);
    while (take_part(0)) {
    }
    looks_ = await(done_, looks_, [parts](std::uint32_t done) { return done == parts; });
  }

 private:
  using Entry = void (*)(void*, std::size_t, int) noexcept;
  struct Alone {};

  explicit ThreadTeam(Alone) {}

  // A multiple of the number of threads, so that on a quiet machine they finish together.
  [[nodiscard]] std::size_t n_ranges(std::size_t n, std::size_t smallest) const {
    constexpr std::size_t ranges_per_thread = 8;
    const std::size_t threads = size_;
    if (threads == 1) return 1;
    const std::size_t most = std::min(n / std::max<std::size_t>(smallest, 1), threads * ranges_per_thread);
    return most < threads ? most : most / threads * threads;
  }

  // What is left of the current work, in one number: how many parts there are (32 bits), and the next to take. A part
  // is taken by adding one. The work cannot end before a part that was taken is done, so whoever takes one may read
  // entry_ and part_, however late it comes.
  void announce(std::size_t parts) {
    done_.store(0, std::memory_order_relaxed);
    tickets_.store(static_cast<std::uint64_t>(parts) << 32, std::memory_order_release);
    announced_.fetch_add(1, std::memory_order_release);
    announced_.notify_all();
  }
  [[nodiscard]] static bool any_left(std::uint64_t tickets) {
    return static_cast<std::uint32_t>(tickets) < static_cast<std::uint32_t>(tickets >> 32);
  }
  // Takes a part and does it, if one is left.
  bool take_part(int thread) {
    if (!any_left(tickets_.load(std::memory_order_relaxed))) return false;
    const std::uint64_t mine = tickets_.fetch_add(1, std::memory_order_acq_rel);
    if (!any_left(mine)) return false;
    entry_(part_, static_cast<std::uint32_t>(mine), thread);
    if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 == mine >> 32) done_.notify_one();
    return true;
  }

  // Waits until `number` has ended(), and returns how often to look next time.
  template <class Ended>
  [[nodiscard]] static int await(const std::atomic<std::uint32_t>& number, int looks, const Ended& ended) {
    for (int i = 0; i < looks; ++i) {
      if (ended(number.load(std::memory_order_acquire))) return std::min(2 * looks, most_looks);
      pause_cpu();
    }
    for (std::uint32_t now = number.load(std::memory_order_acquire); !ended(now);
         now = number.load(std::memory_order_acquire)) {
      number.wait(now, std::memory_order_acquire);
    }
    return std::max(looks / 2, fewest_looks);
  }

  void work(int thread) {
    int looks = most_looks;
    for (;;) {
      const std::uint32_t seen = announced_.load(std::memory_order_acquire);
      if (stop_) return;
      while (take_part(thread)) {
      }
      looks = await(announced_, looks, [seen](std::uint32_t now) { return now != seen; });
    }
  }

  int size_ = 1, requested_ = 1;
  std::string refusal_;  // error message of the system
  std::vector<std::thread> workers_;
  int looks_ = most_looks;  // of the caller
  Entry entry_ = nullptr;   // written before tickets_, read after a ticket is taken
  void* part_ = nullptr;
  std::atomic<bool> stop_{false};
  alignas(64) std::atomic<std::uint64_t> tickets_{0};
  alignas(64) std::atomic<std::uint32_t> done_{0};  // parts
  alignas(64) std::atomic<std::uint32_t> announced_{0};
};

}  // namespace litestage
