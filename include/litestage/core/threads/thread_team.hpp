// A persistent team of threads for short parallel regions, and the barrier inside them. The caller is thread 0.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "litestage/core/threads/range.hpp"
#include "litestage/core/threads/usable_cores.hpp"

namespace litestage {

// A waiting thread spins for about this many pauses and then sleeps. Between regions, sleeping keeps an idle program
// from using CPU time. At a barrier, it helps when another program runs on the same cores: a spinning thread can occupy
// the core that the awaited thread needs, while a sleeping thread lets the system move the awaited thread there at
// once.
inline constexpr int spins_before_sleep = 20000;
inline constexpr int barrier_spins = 4000;

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
    // threads already started. Those threads read only the members that announce a region, and the first region is
    // announced after the last thread was started.
    requested_ = threads == 0 ? usable_cores().count() : std::max(threads, 1);
    workers_.reserve(static_cast<std::size_t>(requested_ - 1));
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
    start_region(nullptr, nullptr);
    for (std::thread& t : workers_) t.join();
  }

  [[nodiscard]] int size() const { return size_; }
  [[nodiscard]] int requested() const { return requested_; }
  // "2 of 8 threads could be started (Resource temporarily unavailable)"; empty if all threads were started.
  [[nodiscard]] std::string refusal() const {
    if (size_ == requested_) return "";
    return concat(size_, " of ", requested_, " threads could be started (", refusal_, ")");
  }

  // Runs region(thread) on every thread of the team and returns when all are done. Not reentrant; one caller at a time.
  // An exception may leave a region only in a team of one; in a larger team the other threads would wait at a barrier
  // for ever, so it terminates the program.
  template <class Region>
  void run(Region&& region) {
    if (size_ == 1) {
      region(0);
      return;
    }
    using Function = std::remove_reference_t<Region>;
    start_region(
        +[](void* f, int thread) noexcept { (*static_cast<Function*>(f))(thread); }, &region);
    call(0);
    barrier();
  }

  // Barrier, called inside a region: every thread waits for all others.
  void barrier() {
    if (size_ == 1) return;
    const std::uint32_t generation = generation_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) == size_ - 1) {
      arrived_.store(0, std::memory_order_relaxed);
      generation_.store(generation + 1, std::memory_order_release);
      generation_.notify_all();
      return;
    }
    for (int spins = 0; spins < barrier_spins; ++spins) {
      if (generation_.load(std::memory_order_acquire) != generation) return;
      pause_cpu();
    }
    generation_.wait(generation, std::memory_order_acquire);
  }

 private:
  using Entry = void (*)(void*, int) noexcept;
  struct Alone {};

  explicit ThreadTeam(Alone) {}

  void start_region(Entry entry, void* region) {
    entry_ = entry;
    region_ = region;
    {
      // The lock ensures that a worker about to sleep either sees the new number or is woken.
      const std::lock_guard lock(mutex_);
      region_number_.fetch_add(1, std::memory_order_release);
    }
    if (sleeping_.load(std::memory_order_acquire) > 0) wake_.notify_all();
  }
  void call(int thread) { entry_(region_, thread); }

  void work(int thread) {
    std::uint32_t seen = 0;
    for (;;) {
      await_region(seen);
      ++seen;
      if (stop_) return;
      call(thread);
      barrier();
    }
  }
  void await_region(std::uint32_t seen) {
    for (int spins = 0; spins < spins_before_sleep; ++spins) {
      if (region_number_.load(std::memory_order_acquire) != seen) return;
      pause_cpu();
    }
    std::unique_lock lock(mutex_);
    sleeping_.fetch_add(1, std::memory_order_acq_rel);
    wake_.wait(lock, [&] { return region_number_.load(std::memory_order_acquire) != seen; });
    sleeping_.fetch_sub(1, std::memory_order_acq_rel);
  }

  int size_ = 1, requested_ = 1;
  std::string refusal_;  // error message of the system
  std::vector<std::thread> workers_;
  Entry entry_ = nullptr;  // written before region_number_ is raised, read after the new number is seen
  void* region_ = nullptr;
  std::atomic<bool> stop_{false};
  alignas(64) std::atomic<std::uint32_t> region_number_{0};
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<std::uint32_t> generation_{0};
  alignas(64) std::atomic<int> sleeping_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
};

}  // namespace litestage
