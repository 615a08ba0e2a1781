// Runs one block of a launch. Its threads are fibers that switch only at synchronisation points, so a run is
// deterministic, and between two of these points a thread runs like an ordinary function.
//
// It is deliberately stricter than CUDA: a barrier or shuffle that some threads do not reach, or reach at a different
// line of the kernel, is an error here, whereas the hardware hangs or happens to continue.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/kernels/emulator/fibers.hpp"
#include "litestage/kernels/emulator/launch.hpp"
#include "litestage/kernels/emulator/memory.hpp"
#include "litestage/kernels/emulator/sanitizers.hpp"
#include "litestage/kernels/emulator/shared_memory.hpp"
#include "litestage/kernels/emulator/traffic.hpp"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels::emulator {

class Block {
 public:
  using Body = void (*)(void* argument, Block& block, unsigned thread);

  Block(Fibers& fibers, const Launch& launch, Schedule schedule, GlobalMemory* checked, Traffic& traffic)
      : fibers_(fibers),
        launch_(launch),
        schedule_(schedule),
        checked_(checked),
        traffic_(traffic),
        random_(schedule.seed),
        threads_(launch.threads),
        order_(launch.threads),
        shared_(launch.shared_bytes) {
    std::iota(order_.begin(), order_.end(), 0u);
    if (schedule.order == Order::descending) std::reverse(order_.begin(), order_.end());
    fibers_.reserve(launch.threads);
  }

  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() { sanitizer::acquire(&live_); }  // orders the work of all threads before the code that follows

  // Runs body(argument, *this, thread) for every thread of block `index`. Rethrows an exception of a thread.
  void run(std::uint64_t index, Body body, void* argument) {
    index_ = index;
    body_ = body;
    argument_ = argument;
    live_ = static_cast<unsigned>(threads_.size());
    std::fill(threads_.begin(), threads_.end(), Thread{});
    meetings_ = std::make_unique<Meetings>(threads_.size() / warp_size);
    shared_.renew();
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
    if (!shared_.intact()) {
      throw KernelError(concat("kernel ", launch_.kernel, ", block ", index_, " wrote past its shared memory of ",
                               launch_.shared_bytes, " bytes"));
    }
    if (checked_ != nullptr) checked_->end_block(index_);
  }

  // The functions below are called by the kernel's threads, through their context.

  void barrier(unsigned thread, Place place) {
    const Quiet quiet;
    void* const key = &meetings_->barrier_keys[meetings_->barriers % 2];
    threads_[thread].state = State::at_barrier;
    threads_[thread].place = place;
    sanitizer::release(key);
    wait();
    sanitizer::acquire(key);
  }
  // A shuffle: every lane of the warp passes a value and gets the value of lane `source`.
  [[nodiscard]] std::uint64_t exchange(unsigned thread, std::uint64_t value, unsigned source, Place place) {
    const Quiet quiet;
    if (source >= warp_size) fail(thread, place, concat("shuffles with lane ", source, ", which does not exist"));
    Warp& warp = meetings_->warps[thread / warp_size];
    if (warp.arrived > 0 && warp.place != place) {
      fail(thread, place, concat("shuffles, while other lanes shuffle at line ", warp.place.line));
    }
    warp.place = place;
    std::uint64_t* const values = warp.values[warp.exchanges % 2];
    values[thread % warp_size] = value;
    sanitizer::release(values);
    if (++warp.arrived == warp_size) {
      const unsigned first = thread / warp_size * warp_size;
      for (unsigned i = first; i < first + warp_size; ++i) threads_[i].state = State::ready;
      warp.arrived = 0;
      ++warp.exchanges;
    } else {
      threads_[thread].state = State::in_shuffle;
      threads_[thread].place = place;
      wait();
    }
    sanitizer::acquire(values);
    return values[source];
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
    if (const char* wrong = checked_->atomic_add(at, bytes, index_)) fail(thread, place, wrong);
  }
  void fence() {
    const Quiet quiet;
    if (checked_ != nullptr) checked_->fence(index_);
  }

  // Shared memory at byte `offset`. Fails unless `bytes` bytes fit there and the offset is aligned.
  [[nodiscard]] unsigned char* shared(unsigned thread, std::size_t offset, std::size_t bytes, std::size_t alignment,
                                      Place place) const {
    const Quiet quiet;
    if (offset + bytes > shared_.size()) {
      fail(thread, place, concat("takes shared memory from byte ", offset, " of ", shared_.size()));
    }
    if (offset % alignment != 0) fail(thread, place, concat("takes shared memory from a misaligned byte, ", offset));
    return shared_.data() + offset;
  }
  [[nodiscard]] Grid grid() const {
    const Quiet quiet;
    return launch_.grid;
  }
  [[nodiscard]] Grid index() const {
    const Quiet quiet;
    const std::uint64_t x = launch_.grid.x, y = launch_.grid.y;
    return {static_cast<unsigned>(index_ % x), static_cast<unsigned>(index_ / x % y),
            static_cast<unsigned>(index_ / (x * y))};
  }
  [[nodiscard]] unsigned size() const {
    const Quiet quiet;
    return static_cast<unsigned>(threads_.size());
  }

  [[noreturn]] void fail(unsigned thread, Place place, const std::string& what) const {
    throw KernelError(concat("kernel ", launch_.kernel, ", block ", index_, ", thread ", thread, " ", what, " (",
                             place.file, ":", place.line, ")"));
  }

 private:
  struct Cancelled {};
  enum class State : std::uint8_t { ready, at_barrier, in_shuffle, done };
  struct Thread {
    State state = State::ready;
    Place place;  // the place at which it waits
  };
  struct Warp {
    std::uint64_t values[2][warp_size];  // of even and odd exchanges
    unsigned arrived = 0, exchanges = 0;
    Place place;
  };
  // A thread can be one exchange or barrier ahead of others, so exchanges and barriers alternate between two addresses;
  // otherwise ThreadSanitizer would order the arrival at one with the departure from the previous one. Every block has
  // its own addresses, because ThreadSanitizer identifies synchronisation objects by their address.
  struct Meetings {
    explicit Meetings(std::size_t n_warps) : warps(n_warps) {}
    std::vector<Warp> warps;
    unsigned barriers = 0;
    char barrier_keys[2] = {};
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
  void wait() {
    fibers_.yield();
    if (cancelled_) throw Cancelled{};
  }
  // Lets the other threads unwind their stacks after an error.
  void cancel() {
    cancelled_ = true;
    for (unsigned i = 0; i < threads_.size(); ++i) {
      if (threads_[i].state != State::done) fibers_.resume(i);
    }
  }

  // Runs every ready thread until it waits again or ends. Returns false if no thread was ready.
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
  // Opens the barrier if all threads are waiting at it.
  bool release_barrier() {
    const Thread* first = nullptr;
    for (const Thread& thread : threads_) {
      if (thread.state != State::at_barrier && thread.state != State::done) return false;
      if (first == nullptr && thread.state == State::at_barrier) first = &thread;
    }
    for (unsigned i = 0; i < threads_.size(); ++i) {
      if (threads_[i].state == State::done) fail(i, first->place, "has ended before a barrier that others wait at");
      if (threads_[i].place != first->place) {
        fail(i, threads_[i].place,
             concat("waits at a barrier, while other threads wait at the one in line ", first->place.line));
      }
      threads_[i].state = State::ready;
    }
    ++meetings_->barriers;
    return true;
  }
  // Reports a deadlock: no thread can continue and the barrier does not open, because some thread waits in a shuffle.
  [[noreturn]] void report_deadlock() const {
    unsigned i = 0;
    while (threads_[i].state != State::in_shuffle) ++i;
    fail(i, threads_[i].place, "waits in a shuffle that not all lanes of its warp reach");
  }

  Fibers& fibers_;
  const Launch launch_;
  Schedule schedule_;
  GlobalMemory* checked_;  // nullptr if accesses are only counted
  Traffic& traffic_;
  std::mt19937 random_;
  std::vector<Thread> threads_;
  std::unique_ptr<Meetings> meetings_;  // allocated anew for every block
  std::vector<unsigned> order_;         // execution order of the threads
  SharedMemory shared_;
  std::uint64_t index_ = 0;
  Body body_ = nullptr;
  void* argument_ = nullptr;
  unsigned live_ = 0;
  bool cancelled_ = false;
  std::exception_ptr error_;
};

}  // namespace litestage::kernels::emulator
