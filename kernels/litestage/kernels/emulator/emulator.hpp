// Runs kernels on the host, thread by thread, and reports mistakes that a GPU would not detect. docs/adding-a-kernel.md
// lists what it detects and what it cannot.
//
//     emulator::Emulator emulator;
//     emulator::Buffer<float> x(emulator, 576);
//     emulator.launch<RmsNorm>(Grid{rows}, RmsNorm::Params{...});
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <random>
#include <span>
#include <type_traits>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/kernels/emulator/block.hpp"
#include "litestage/kernels/emulator/fibers.hpp"
#include "litestage/kernels/emulator/launch.hpp"
#include "litestage/kernels/emulator/memory.hpp"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels::emulator {

// The context of a kernel's thread. The default arguments capture the calling line of the kernel, for messages.
class Thread {
 public:
  Thread(Block& block, unsigned thread) : block_(&block), thread_(thread) {}

  [[nodiscard]] unsigned thread() const { return thread_; }
  [[nodiscard]] Grid block() const { return block_->index(); }
  [[nodiscard]] Grid grid() const { return block_->grid(); }
  [[nodiscard]] unsigned block_size() const { return block_->size(); }

  void sync(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    block_->barrier(thread_, {file, line});
  }
  template <class T>
  [[nodiscard]] T shfl(T value, unsigned source, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    static_assert(std::is_arithmetic_v<T> && sizeof(T) <= 8, "a GPU exchanges numbers of up to 8 bytes");
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(T));
    bits = block_->exchange(thread_, bits, source, {file, line});
    std::memcpy(&value, &bits, sizeof(T));
    return value;
  }
  template <class T>
  [[nodiscard]] T shfl_xor(T value, unsigned mask, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return shfl(value, (thread_ % warp_size) ^ mask, file, line);
  }
  template <class T>
  [[nodiscard]] T* shared(std::size_t offset, const char* file = __builtin_FILE(), int line = __builtin_LINE()) const {
    return reinterpret_cast<T*>(block_->shared(thread_, offset, sizeof(T), alignof(T), {file, line}));
  }

  template <class T>
  [[nodiscard]] T load(const T* from, const char* file = __builtin_FILE(), int line = __builtin_LINE()) const {
    static_assert(one_access<T>);
    block_->count_load(thread_, from, sizeof(T), false, {file, line});
    return *from;
  }
  template <class T>
  [[nodiscard]] T load_fresh(const T* from, const char* file = __builtin_FILE(), int line = __builtin_LINE()) const {
    static_assert(one_access<T>);
    block_->count_load(thread_, from, sizeof(T), true, {file, line});
    return *from;
  }
  template <class T>
  void store(T* to, const T& value, const char* file = __builtin_FILE(), int line = __builtin_LINE()) const {
    static_assert(one_access<T>);
    block_->count_store(thread_, to, sizeof(T), {file, line});
    *to = value;
  }
  int atomic_add(int* at, int value, const char* file = __builtin_FILE(), int line = __builtin_LINE()) const {
    block_->count_atomic(thread_, at, sizeof(int), {file, line});
    // Acquire-release is stronger than the GPU's atomic operation, which orders nothing; GlobalMemory checks that the
    // kernel has the required fences.
    return __atomic_fetch_add(at, value, __ATOMIC_ACQ_REL);
  }
  void fence() const { block_->fence(); }

 private:
  // Whether a T can be moved by one instruction.
  template <class T>
  static constexpr bool one_access = std::is_trivially_copyable_v<T> && sizeof(T) <= 16 &&
                                     (sizeof(T) & (sizeof(T) - 1)) == 0;

  Block* block_;
  unsigned thread_;
};

static_assert(ThreadContext<Thread>);

class Emulator {
 public:
  // `checks` enables checks of bounds, alignment and order for every access to global memory. All memory must then come
  // from memory().allocate() or Buffer, and a launch is several times slower.
  explicit Emulator(Schedule schedule = {}, bool checks = true) : schedule_(schedule), checks_(checks) {}

  [[nodiscard]] Schedule& schedule() { return schedule_; }
  [[nodiscard]] GlobalMemory& memory() { return memory_; }

  // Runs a kernel to completion. Throws KernelError for a mistake in the kernel, or for sizes that no GPU accepts;
  // stores made before the error remain.
  template <Kernel K>
  Traffic launch(Grid grid, const typename K::Params& params) {
    Call<K> call{params};
    return run({K::name, grid, K::threads, K::shared_bytes(params)}, &Call<K>::run, &call);
  }

 private:
  template <Kernel K>
  struct Call {
    const typename K::Params& params;
    static void run(void* self, Block& block, unsigned thread) {
      Thread context(block, thread);
      K{}(context, static_cast<Call*>(self)->params);
    }
  };

  Traffic run(const Launch& launch, Block::Body body, void* argument);
  static void check_sizes(const Launch& launch);
  [[nodiscard]] std::vector<std::uint64_t> block_order(Grid grid) const;

  Schedule schedule_;
  bool checks_;
  GlobalMemory memory_;
  Fibers fibers_;
};

inline Traffic Emulator::run(const Launch& launch, Block::Body body, void* argument) {
  check_sizes(launch);
  Traffic traffic;
  const Quiet quiet;
  if (checks_) memory_.begin_launch();
  Block block(fibers_, launch, schedule_, checks_ ? &memory_ : nullptr, traffic);
  for (const std::uint64_t index : block_order(launch.grid)) block.run(index, body, argument);
  if (checks_) memory_.end_launch(traffic);
  return traffic;
}

inline void Emulator::check_sizes(const Launch& launch) {
  constexpr std::size_t shared_limit = std::size_t{99} << 10;  // the smallest limit among devices of sm_80 to sm_89
  const Grid grid = launch.grid;
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535) {
    throw KernelError(
        concat("kernel ", launch.kernel, ": a grid of ", grid.x, " x ", grid.y, " x ", grid.z, " blocks"));
  }
  if (launch.shared_bytes > shared_limit) {
    throw KernelError(concat("kernel ", launch.kernel, ": ", launch.shared_bytes,
                             " bytes of shared memory, expected at most ", shared_limit));
  }
}

inline std::vector<std::uint64_t> Emulator::block_order(Grid grid) const {
  std::vector<std::uint64_t> order(std::uint64_t{grid.x} * grid.y * grid.z);
  std::iota(order.begin(), order.end(), std::uint64_t{0});
  if (schedule_.order == Order::descending) std::reverse(order.begin(), order.end());
  if (schedule_.order == Order::shuffled) {
    std::mt19937 random(schedule_.seed);
    std::shuffle(order.begin(), order.end(), random);
  }
  return order;
}

// An array of numbers in the emulated device's memory.
template <class T>
class Buffer {
 public:
  Buffer(Emulator& emulator, std::size_t size)
      : memory_(&emulator.memory()), size_(size), data_(static_cast<T*>(memory_->allocate(size * sizeof(T)))) {}
  Buffer(Emulator& emulator, std::span<const T> values) : Buffer(emulator, values.size()) {
    std::copy(values.begin(), values.end(), data_);
  }
  Buffer(Buffer&& other) noexcept : memory_(other.memory_), size_(other.size_), data_(other.data_) {
    other.data_ = nullptr;
  }
  Buffer& operator=(Buffer&&) = delete;
  ~Buffer() {
    if (data_ != nullptr) memory_->release(data_);
  }
  [[nodiscard]] T* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::span<T> span() const { return {data_, size_}; }

 private:
  GlobalMemory* memory_;
  std::size_t size_;
  T* data_;
};

}  // namespace litestage::kernels::emulator
