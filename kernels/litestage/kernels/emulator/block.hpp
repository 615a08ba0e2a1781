// One block of a launch at work: its threads are fibers, which switch only where the kernel synchronises. So a run is
// deterministic, and a plain loop in a kernel is a plain loop here.
//
// Stricter than CUDA on purpose: a barrier or a shuffle that some of its threads do not reach, or reach at another line
// of the kernel, is an error, where the hardware hangs, or goes on with luck.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/kernels/emulator/fibers.hpp"
#include "litestage/kernels/emulator/memory.hpp"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels::emulator {

// In which order threads that could all go on do so. Results must not depend on it.
enum class Order : std::uint8_t { ascending, descending, shuffled };
struct Schedule {
  Order order = Order::ascending;
  unsigned seed = 1;  // of shuffled
};

// A line of a kernel.
struct Place {
  const char* file = "";
  int line = 0;
};

class Block {
 public:
  using Body = void (*)(void* argument, Block& block, unsigned thread);

  Block(Fibers& fibers, const char* kernel, Grid grid, unsigned threads, std::size_t shared_bytes, Schedule schedule,
        GlobalMemory* checked, Traffic& traffic)
      : fibers_(fibers),
        kernel_(kernel),
        grid_(grid),
        shared_bytes_(shared_bytes),
        schedule_(schedule),
        checked_(checked),
        traffic_(traffic),
        random_(schedule.seed),
        threads_(threads),
        warps_(threads / warp_size),
        order_(threads) {
    std::iota(order_.begin(), order_.end(), 0u);
    if (schedule.order == Order::descending) std::reverse(order_.begin(), order_.end());
    fibers_.reserve(threads);
  }

  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() { sanitizer::acquire(&live_); }  // what the threads did is known from here on

  // Runs body(argument, *this, thread) for every thread of block `index`. Throws what a thread threw.
  void run(std::uint64_t index, Body body, void* argument) {
    index_ = index;
    body_ = body;
    argument_ = argument;
    live_ = static_cast<unsigned>(threads_.size());
    std::fill(threads_.begin(), threads_.end(), Thread{});
    std::fill(warps_.begin(), warps_.end(), Warp{});
    shared_ = std::make_unique<unsigned char[]>(shared_bytes_);  // of exact size, for AddressSanitizer
    std::memset(shared_.get(), 0xff, shared_bytes_);             // NaN
    for (unsigned i = 0; i < threads_.size(); ++i) fibers_.begin(i, &enter, this);
    try {
      while (live_ > 0) {
        const bool moved = run_ready_threads();
        if (live_ > 0 && !release_barrier() && !moved) report_deadlock();
      }
    } catch (...) {
      cancel();
      throw;
    }
    if (checked_ != nullptr) checked_->end_block(index_);
  }

  // What a kernel's thread calls, through its context.

  void barrier(unsigned thread, Place place) { park(thread, State::at_barrier, place, this); }
  // Every lane of the warp publishes a value and gets that of lane `source`.
  [[nodiscard]] std::uint64_t exchange(unsigned thread, std::uint64_t value, unsigned source, Place place) {
    const Quiet quiet;
    Warp& warp = warps_[thread / warp_size];
    if (warp.arrived > 0 && warp.place.line != place.line) {
      fail(thread, place, concat("a shuffle that other lanes reach at line ", warp.place.line));
    }
    warp.place = place;
    const unsigned parity = warp.generation & 1u;
    warp.values[parity][thread % warp_size] = value;
    sanitizer::release(&warp);
    if (++warp.arrived == warp_size) {
      const unsigned first = thread / warp_size * warp_size;
      for (unsigned i = first; i < first + warp_size; ++i) threads_[i].state = State::ready;
      warp.arrived = 0;
      ++warp.generation;
    } else {
      threads_[thread].state = State::in_shuffle;
      threads_[thread].place = place;
      wait();
    }
    sanitizer::acquire(&warp);
    return warp.values[parity][source % warp_size];
  }

  void count_load(unsigned thread, const void* from, std::size_t bytes, bool fresh, Place place) {
    const Quiet quiet;
    traffic_.loaded[Traffic::slot(bytes)] += bytes;
    if (checked_ == nullptr) return;
    if (const char* wrong = checked_->load(from, bytes, index_, fresh)) fail(thread, place, wrong);
  }
  void count_store(unsigned thread, const void* to, std::size_t bytes, Place place) {
    const Quiet quiet;
    traffic_.stored[Traffic::slot(bytes)] += bytes;
    if (checked_ == nullptr) return;
    if (const char* wrong = checked_->store(to, bytes, index_)) fail(thread, place, wrong);
  }
  void count_atomic(unsigned thread, const void* at, std::size_t bytes, Place place) {
    const Quiet quiet;
    ++traffic_.atomics;
    if (checked_ == nullptr) return;
    if (const char* wrong = checked_->store(at, bytes, index_, true)) fail(thread, place, wrong);
  }
  void fence() {
    const Quiet quiet;
    if (checked_ != nullptr) checked_->fence(index_);
  }

  [[nodiscard]] unsigned char* shared() const {
    const Quiet quiet;
    return shared_.get();
  }
  [[nodiscard]] Grid grid() const {
    const Quiet quiet;
    return grid_;
  }
  [[nodiscard]] Grid index() const {
    const Quiet quiet;
    const std::uint64_t x = grid_.x, y = grid_.y;
    return {static_cast<unsigned>(index_ % x), static_cast<unsigned>(index_ / x % y),
            static_cast<unsigned>(index_ / (x * y))};
  }
  [[nodiscard]] unsigned size() const {
    const Quiet quiet;
    return static_cast<unsigned>(threads_.size());
  }

  [[noreturn]] void fail(unsigned thread, Place place, const std::string& what) const {
    throw KernelError(concat("kernel ", kernel_, ", block ", index_, ", thread ", thread, " ", what, " (", place.file,
                             ":", place.line, ")"));
  }

 private:
  struct Cancelled {};
  enum class State : std::uint8_t { ready, at_barrier, in_shuffle, done };
  struct Thread {
    State state = State::ready;
    Place place;  // where it waits
  };
  // A lane can be one exchange ahead of another, so values of two exchanges are kept.
  struct Warp {
    std::uint64_t values[2][warp_size];
    unsigned arrived = 0, generation = 0;
    Place place;
  };

  static void enter(void* self, unsigned thread) {
    auto& block = *static_cast<Block*>(self);
    try {
      block.run_thread(thread);
    } catch (const Cancelled&) {
    } catch (...) {
      const Quiet quiet;
      block.error_ = std::current_exception();
    }
    sanitizer::release(&block.live_);
    const Quiet quiet;
    block.threads_[thread].state = State::done;
    --block.live_;
  }
  void run_thread(unsigned thread) {
    Body body = nullptr;
    void* argument = nullptr;
    {
      const Quiet quiet;
      if (cancelled_) return;
      body = body_;
      argument = argument_;
    }
    body(argument, *this, thread);
  }
  void park(unsigned thread, State state, Place place, void* key) {
    const Quiet quiet;
    threads_[thread].state = state;
    threads_[thread].place = place;
    sanitizer::release(key);
    wait();
    sanitizer::acquire(key);
  }
  void wait() {
    fibers_.yield();
    if (cancelled_) throw Cancelled{};
  }
  // After an error: the other threads leave their stacks in order.
  void cancel() {
    cancelled_ = true;
    for (unsigned i = 0; i < threads_.size(); ++i) {
      if (threads_[i].state != State::done) fibers_.resume(i);
    }
  }

  // Every thread that can go on does, up to where it waits next.
  bool run_ready_threads() {
    if (schedule_.order == Order::shuffled) std::shuffle(order_.begin(), order_.end(), random_);
    bool moved = false;
    for (const unsigned i : order_) {
      if (threads_[i].state != State::ready) continue;
      moved = true;
      fibers_.resume(i);
      if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    }
    return moved;
  }
  // Opens the barrier if all threads stand at it.
  bool release_barrier() {
    const Thread* first = nullptr;
    for (const Thread& thread : threads_) {
      if (thread.state != State::at_barrier && thread.state != State::done) return false;
      if (first == nullptr && thread.state == State::at_barrier) first = &thread;
    }
    for (unsigned i = 0; i < threads_.size(); ++i) {
      if (threads_[i].state == State::done) fail(i, first->place, "has ended before a barrier that others wait at");
      if (threads_[i].place.line != first->place.line) {
        fail(i, threads_[i].place, concat("waits at a barrier, others at that of line ", first->place.line));
      }
      threads_[i].state = State::ready;
    }
    return true;
  }
  [[noreturn]] void report_deadlock() const {
    for (unsigned i = 0; i < threads_.size(); ++i) {
      if (threads_[i].state == State::in_shuffle) {
        fail(i, threads_[i].place, "waits in a shuffle that not all lanes of its warp reach");
      }
    }
    fail(0, {}, "waits for ever");
  }
  Fibers& fibers_;
  const char* kernel_;
  Grid grid_;
  std::size_t shared_bytes_;
  Schedule schedule_;
  GlobalMemory* checked_;  // nullptr: accesses are counted only
  Traffic& traffic_;
  std::mt19937 random_;
  std::vector<Thread> threads_;
  std::vector<Warp> warps_;
  std::vector<unsigned> order_;  // of the threads
  std::unique_ptr<unsigned char[]> shared_;
  std::uint64_t index_ = 0;
  Body body_ = nullptr;
  void* argument_ = nullptr;
  unsigned live_ = 0;
  bool cancelled_ = false;
  std::exception_ptr error_;
};

}  // namespace litestage::kernels::emulator
