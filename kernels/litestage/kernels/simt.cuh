// Defines the interface of kernels. nvcc compiles a kernel to device code; compiled by a host compiler, it runs in the
// emulator.
//
// A kernel is a struct without members:
//     static constexpr const char* name = "rms_norm";          for messages and tables
//     struct Params { ... };                                   pointers to global memory and sizes, by value
//     static constexpr unsigned threads = 128;                 threads per block, whole warps
//     static std::size_t shared_bytes(const Params&);          dynamic shared memory per block
//     template <ThreadContext C> LITESTAGE_DEVICE void operator()(C& t, const Params& p) const;
// The body uses `t` for everything outside of registers: indices, barriers, shuffles, shared and global memory. There
// are no macros for threadIdx or __shared__, so the header has the same meaning in every translation unit.
//
// Every warp of a kernel stays whole: lanes without work take part in all barriers and shuffles.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "litestage/core/host_device.hpp"

// Marks the body of a kernel and every function that it calls.
#if defined(__CUDACC__)
#define LITESTAGE_DEVICE __device__ __forceinline__
// Used before a loop that indexes an array in registers by its counter: only if unrolled does the array stay in
// registers.
#define LITESTAGE_UNROLL _Pragma("unroll")
#define LITESTAGE_PRAGMA(text) _Pragma(#text)
// Unrolls n iterations of a loop, so that their loads are in flight together.
#define LITESTAGE_UNROLL_BY(n) LITESTAGE_PRAGMA(unroll n)
#else
#define LITESTAGE_DEVICE inline
#define LITESTAGE_UNROLL
#define LITESTAGE_UNROLL_BY(n)
#endif

namespace litestage::kernels {

inline constexpr unsigned warp_size = 32;

struct Grid {
  unsigned x = 1, y = 1, z = 1;
  friend bool operator==(const Grid&, const Grid&) = default;
};

// 16 bytes, the most that a thread moves with one instruction; memory must be aligned to 16 bytes.
struct alignas(16) Vector16 {
  std::uint32_t word[4];
};

template <class C>
concept ThreadContext = requires(C& t, float f, int* counter, const Vector16* vector, Vector16* target) {
  { t.thread() } -> std::same_as<unsigned>;      // index in its block
  { t.block() } -> std::same_as<Grid>;           // index in the grid
  { t.grid() } -> std::same_as<Grid>;            // number of blocks of the launch
  { t.block_size() } -> std::same_as<unsigned>;  // threads per block
  t.sync();                                      // barrier of the block
  // Exchanges a float, int or unsigned within a warp; all 32 lanes take part.
  { t.shfl(f, 0u) } -> std::same_as<float>;      // the value of that lane
  { t.shfl_xor(f, 1u) } -> std::same_as<float>;  // the value of lane ^ mask
  // Dynamic shared memory at a byte offset, which must be a multiple of T's alignment.
  { t.template shared<float>(std::size_t{0}) } -> std::same_as<float*>;
  // Global memory. `load` is for memory that is not written during this launch. `load_fresh` may also read data that
  // this thread wrote, or that a different block wrote before a fence and an atomic operation that this block has seen.
  { t.load(vector) } -> std::same_as<Vector16>;
  { t.load_fresh(vector) } -> std::same_as<Vector16>;
  t.store(target, Vector16{});
  { t.atomic_add(counter, 1) } -> std::same_as<int>;  // returns the old value
  t.fence();  // orders the stores before it before those after it, for other blocks
};

template <class K>
concept Kernel = requires(const typename K::Params& p) {
  { K::name } -> std::convertible_to<const char*>;
  { K::threads } -> std::convertible_to<unsigned>;
  { K::shared_bytes(p) } -> std::same_as<std::size_t>;
}
&&K::threads % warp_size == 0 && K::threads <= 1024;

template <class C>
LITESTAGE_DEVICE unsigned lane(C& t) {
  return t.thread() % warp_size;
}
template <class C>
LITESTAGE_DEVICE unsigned warp(C& t) {
  return t.thread() / warp_size;
}

// Sums over `width` neighbouring lanes (a power of two) and returns the sum in every lane. The additions follow a
// butterfly, in the same order in every lane.
template <unsigned width = warp_size, class C>
LITESTAGE_DEVICE float warp_sum(C& t, float value) {
  for (unsigned mask = width / 2; mask > 0; mask /= 2) value += t.shfl_xor(value, mask);
  return value;
}
template <unsigned width = warp_size, class C>
LITESTAGE_DEVICE float warp_max(C& t, float value) {
  for (unsigned mask = width / 2; mask > 0; mask /= 2) {
    const float other = t.shfl_xor(value, mask);
    value = other > value ? other : value;
  }
  return value;
}

#if defined(__CUDACC__)

struct CudaThread {
  LITESTAGE_DEVICE unsigned thread() const { return threadIdx.x; }
  LITESTAGE_DEVICE Grid block() const { return {blockIdx.x, blockIdx.y, blockIdx.z}; }
  LITESTAGE_DEVICE Grid grid() const { return {gridDim.x, gridDim.y, gridDim.z}; }
  LITESTAGE_DEVICE unsigned block_size() const { return blockDim.x; }
  LITESTAGE_DEVICE void sync() const { __syncthreads(); }
  template <class T>
  LITESTAGE_DEVICE T shfl(T value, unsigned source) const {
    return __shfl_sync(~0u, value, static_cast<int>(source));
  }
  template <class T>
  LITESTAGE_DEVICE T shfl_xor(T value, unsigned mask) const {
    return __shfl_xor_sync(~0u, value, static_cast<int>(mask));
  }
  template <class T>
  LITESTAGE_DEVICE T* shared(std::size_t offset) const {
    extern __shared__ __align__(16) unsigned char memory[];
    return reinterpret_cast<T*>(memory + offset);
  }
  template <class T>
  LITESTAGE_DEVICE T load(const T* from) const {
    if constexpr (sizeof(T) == 16) {
      const uint4 v = __ldg(reinterpret_cast<const uint4*>(from));
      return T{{v.x, v.y, v.z, v.w}};
    } else if constexpr (std::same_as<T, std::uint16_t>) {
      return __ldg(reinterpret_cast<const unsigned short*>(from));
    } else {
      return __ldg(from);
    }
  }
  template <class T>
  LITESTAGE_DEVICE T load_fresh(const T* from) const {
    if constexpr (sizeof(T) == 16) {
      const uint4 v = __ldcg(reinterpret_cast<const uint4*>(from));
      return T{{v.x, v.y, v.z, v.w}};
    } else {
      return __ldcg(from);
    }
  }
  template <class T>
  LITESTAGE_DEVICE void store(T* to, const T& value) const {
    if constexpr (sizeof(T) == 16)
      *reinterpret_cast<uint4*>(to) = uint4{value.word[0], value.word[1], value.word[2], value.word[3]};
    else
      *to = value;
  }
  LITESTAGE_DEVICE int atomic_add(int* at, int value) const { return atomicAdd(at, value); }
  LITESTAGE_DEVICE void fence() const { __threadfence(); }
};

// The number of blocks that a multiprocessor must be able to hold, given its registers. A kernel sets it with a member
// `resident`.
template <class K>
inline constexpr unsigned resident_of = 1;
template <class K>
requires requires {
  K::resident;
}
inline constexpr unsigned resident_of<K> = K::resident;

template <Kernel K>
__global__ void __launch_bounds__(K::threads, resident_of<K>) entry(const __grid_constant__ typename K::Params params) {
  CudaThread thread;
  K{}(thread, params);
}

#endif

}  // namespace litestage::kernels
