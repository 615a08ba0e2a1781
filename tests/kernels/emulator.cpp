// Tests of the emulator: what threads see of each other and of memory, their order, the counts of accesses, and the
// state after an error. planted_bugs.cpp tests which mistakes in kernels it detects.
#include "litestage/kernels/emulator/emulator.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/close.hpp"
#include "kernels/device.hpp"
#include "litestage/kernels/simt.cuh"

using namespace litestage;
using namespace litestage::test;
using kernels::lane;
using kernels::Vector16;
using kernels::warp;
using kernels::emulator::Traffic;

namespace {

// A closure without captures made a kernel of a launch with one array of T: body(t, array, n).
template <class T>
struct Array {
  T* at = nullptr;
  unsigned n = 0;
  unsigned shared = 0;  // bytes
};
template <class Body, class T, unsigned block_threads>
struct KernelOf {
  static constexpr const char* name = "test";
  static constexpr unsigned threads = block_threads;
  using Params = Array<T>;
  static std::size_t shared_bytes(const Params& p) { return p.shared; }
  template <kernels::ThreadContext C>
  void operator()(C& t, const Params& p) const {
    Body{}(t, p.at, p.n);
  }
};

template <unsigned threads, class T, class Body>
Traffic launch(Emulator& emulator, Grid grid, const DeviceBuffer<T>& array, unsigned shared, Body) {
  return emulator.launch<KernelOf<Body, T, threads>>(grid, {array.data(), static_cast<unsigned>(array.size()), shared});
}

template <class F>
std::string error_of(const F& call) {
  try {
    call();
  } catch (const KernelError& e) {
    return e.what();
  }
  return "no error";
}
bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

// Array [0] counts; what follows is the order in which threads passed, first before a barrier and then after it.
constexpr unsigned order_threads = 64, order_blocks = 3, order_size = order_threads * order_blocks;
std::vector<int> order_of_threads(Schedule schedule) {
  Emulator emulator(schedule);
  const DeviceBuffer<int> array(emulator, 1 + 2 * order_size);
  array.data()[0] = 0;
  launch<order_threads>(emulator, {order_blocks}, array, 0, [](auto& t, int* a, unsigned) {
    for (int phase = 0; phase < 2; ++phase) {
      const int at = t.atomic_add(a, 1);
      t.store(a + 1 + at, static_cast<int>(t.block().x * t.block_size() + t.thread()));
      t.sync();
    }
  });
  return std::vector<int>(array.data() + 1, array.data() + array.size());
}
// The same for a block's threads: [first, first + 64) of that order, sorted.
std::vector<int> sorted_part(const std::vector<int>& order, std::size_t first) {
  std::vector<int> part(order.begin() + static_cast<std::ptrdiff_t>(first),
                        order.begin() + static_cast<std::ptrdiff_t>(first + order_threads));
  std::sort(part.begin(), part.end());
  return part;
}

// Every lane reads every other lane, one after the other.
template <class T>
void check_shuffles() {
  for (const Schedule& schedule : schedules) {
    Emulator emulator(schedule);
    const DeviceBuffer<T> array(emulator, 2 * 32 * 96);
    launch<96>(emulator, {}, array, 0, [](auto& t, T* a, unsigned) {
      for (unsigned k = 0; k < 32; ++k) {
        const T mine = static_cast<T>(t.thread() * 100 + k);
        const T direct = t.shfl(mine, (lane(t) + k) % 32), crossed = t.shfl_xor(mine, k);
        t.store(a + k * 96 + t.thread(), direct);
        t.store(a + (32 + k) * 96 + t.thread(), crossed);
      }
    });
    bool right = true;
    for (unsigned k = 0; k < 32; ++k) {
      for (unsigned i = 0; i < 96; ++i) {
        const unsigned first = i / 32 * 32, direct = first + (i + k) % 32, crossed = first + ((i % 32) ^ k);
        right = right && array.data()[k * 96 + i] == static_cast<T>(direct * 100 + k);
        right = right && array.data()[(32 + k) * 96 + i] == static_cast<T>(crossed * 100 + k);
      }
    }
    CHECK(right);
  }
}

// Each of `rounds` rotates a row of numbers by one place.
template <unsigned threads>
void check_barriers() {
  constexpr unsigned rounds = 7;
  for (const Schedule& schedule : schedules) {
    Emulator emulator(schedule);
    const DeviceBuffer<unsigned> array(emulator, threads);
    launch<threads>(emulator, {}, array, threads * 4, [](auto& t, unsigned* a, unsigned n) {
      unsigned* row = t.template shared<unsigned>(0);
      row[t.thread()] = t.thread();
      for (unsigned round = 0; round < rounds; ++round) {
        t.sync();
        const unsigned left = row[(t.thread() + n - 1) % n];
        t.sync();
        row[t.thread()] = left;
      }
      t.store(a + t.thread(), row[t.thread()]);
    });
    bool right = true;
    for (unsigned i = 0; i < threads; ++i) right = right && array.data()[i] == (i + threads - rounds) % threads;
    CHECK(right);
  }
}

int alive = 0;
struct Counted {
  Counted() { ++alive; }
  ~Counted() { --alive; }
  Counted(const Counted&) = delete;
};

}  // namespace

TEST_CASE("emulator: shuffles of 4 and 8 bytes reach every lane") {
  check_shuffles<float>();
  check_shuffles<int>();
  check_shuffles<double>();
  check_shuffles<std::uint64_t>();
}

TEST_CASE("emulator: sums and maxima of a warp, and of parts of it") {
  Emulator emulator;
  const DeviceBuffer<float> array(emulator, 3 * 32);
  launch<32>(emulator, {}, array, 0, [](auto& t, float* a, unsigned) {
    const float mine = static_cast<float>(t.thread() * 5 % 32);
    t.store(a + t.thread(), kernels::warp_sum(t, mine));
    t.store(a + 32 + t.thread(), kernels::warp_sum<8>(t, mine));
    t.store(a + 64 + t.thread(), kernels::warp_max<4>(t, mine));
  });
  for (unsigned i = 0; i < 32; ++i) {
    float eight = 0, largest = 0;
    for (unsigned j = i / 8 * 8; j < i / 8 * 8 + 8; ++j) eight += static_cast<float>(j * 5 % 32);
    for (unsigned j = i / 4 * 4; j < i / 4 * 4 + 4; ++j) largest = std::max(largest, static_cast<float>(j * 5 % 32));
    CHECK(array.data()[i] == 496.0f);
    CHECK(array.data()[32 + i] == eight);
    CHECK(array.data()[64 + i] == largest);
  }
}

TEST_CASE("emulator: barriers in a loop, in blocks of every size") {
  check_barriers<32>();
  check_barriers<64>();
  check_barriers<96>();
  check_barriers<256>();
  check_barriers<1024>();
}

TEST_CASE("emulator: warps may shuffle a different number of times between barriers") {
  for (const Schedule& schedule : schedules) {
    Emulator emulator(schedule);
    const DeviceBuffer<unsigned> array(emulator, 256);
    launch<256>(emulator, {}, array, 0, [](auto& t, unsigned* a, unsigned) {
      unsigned sum = 1;
      for (unsigned k = 0; k < warp(t); ++k) sum += t.shfl_xor(sum, 1u << k % 5);
      t.sync();
      sum += t.shfl(sum, 31);
      t.store(a + t.thread(), sum);
    });
    for (unsigned i = 0; i < 256; ++i) CHECK(array.data()[i] == 2u << i / 32);
  }
}

TEST_CASE("emulator: a grid has three dimensions") {
  for (const Schedule& schedule : schedules) {
    Emulator emulator(schedule);
    const DeviceBuffer<unsigned> array(emulator, 24);
    launch<64>(emulator, {2, 3, 4}, array, 0, [](auto& t, unsigned* a, unsigned) {
      const Grid b = t.block(), g = t.grid();
      if (t.thread() == t.block_size() - 1) t.store(a + (b.z * g.y + b.y) * g.x + b.x, b.x + 10 * b.y + 100 * b.z);
    });
    for (unsigned i = 0; i < 24; ++i) CHECK(array.data()[i] == i % 2 + i / 2 % 3 * 10 + i / 6 * 100);
  }
}

TEST_CASE("emulator: threads and blocks run in the order of the schedule") {
  const std::vector<int> ascending = order_of_threads({Order::ascending, 0});
  for (unsigned b = 0; b < order_blocks; ++b) {
    for (unsigned i = 0; i < 2 * order_threads; ++i) {
      CHECK(ascending[b * 2 * order_threads + i] == static_cast<int>(b * order_threads + i % order_threads));
    }
  }
  // The last block first and its last thread first, but a barrier is a barrier.
  const std::vector<int> descending = order_of_threads({Order::descending, 0});
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    CHECK(descending[i] == static_cast<int>(order_size) - 1 - ascending[i]);
  }
}

TEST_CASE("emulator: a shuffled schedule is repeated by its seed, and by no other") {
  const std::vector<int> first = order_of_threads({Order::shuffled, 1});
  CHECK(order_of_threads({Order::shuffled, 1}) == first);
  CHECK(order_of_threads({Order::shuffled, 2}) != first);
  CHECK(!std::is_sorted(first.begin(), first.begin() + order_threads));
  // All threads of a block run before its barrier, and again after it in a different order.
  for (unsigned b = 0; b < order_blocks; ++b) {
    const std::size_t at = std::size_t{b} * 2 * order_threads;
    CHECK(sorted_part(first, at) == sorted_part(first, at + order_threads));
    CHECK(!std::equal(first.begin() + static_cast<std::ptrdiff_t>(at),
                      first.begin() + static_cast<std::ptrdiff_t>(at + order_threads),
                      first.begin() + static_cast<std::ptrdiff_t>(at + order_threads)));
  }
  bool moved = false;  // another block comes first
  for (const unsigned seed : {1u, 2u, 3u}) {
    const std::vector<int> order = order_of_threads({Order::shuffled, seed});
    moved = moved || order[0] / static_cast<int>(order_threads) != 0;
  }
  CHECK(moved);
}

TEST_CASE("emulator: shared memory is NaN at the start of every block, to its last byte") {
  Emulator emulator;
  const DeviceBuffer<int> array(emulator, std::size_t{2} * 3 * 33);
  const auto look = [](auto& t, int* a, unsigned) {
    if (t.thread() >= 33) return;
    float* shared = t.template shared<float>(0);
    t.store(a + t.block().x * 33 + t.thread(), std::isnan(shared[t.thread()]) ? 1 : 0);
    shared[t.thread()] = 0;
  };
  for (int repeat = 0; repeat < 2; ++repeat) {
    std::fill(array.data(), array.data() + array.size(), 0);
    launch<64>(emulator, {3}, array, 33 * 4, look);
    CHECK(std::accumulate(array.data(), array.data() + array.size(), 0) == 3 * 33);
  }
}

TEST_CASE("emulator: global memory is NaN until it is written, and given back with its buffer") {
  Emulator emulator;
  {
    const DeviceBuffer<float> numbers(emulator, 5);
    for (const float x : numbers.span()) CHECK(std::isnan(x));
    DeviceBuffer<int> first(emulator, 3);
    CHECK(first.data()[2] == -1);
    CHECK(reinterpret_cast<std::uintptr_t>(first.data()) % 256 == 0);
    int* const data = first.data();
    const DeviceBuffer<int> second(std::move(first));
    CHECK(second.data() == data);
    CHECK(emulator.memory().allocated() == 5 * 4 + 3 * 4);
  }
  CHECK(emulator.memory().allocated() == 0);
}

TEST_CASE("emulator: a buffer ends at its last byte") {
  Emulator emulator;
  const DeviceBuffer<std::uint8_t> bytes = to_device(emulator, std::vector<std::uint8_t>(21, 1));
  const auto last = [](auto& t, std::uint8_t* a, unsigned n) {
    if (t.thread() == 0) t.store(a, t.load_fresh(a + n - 1));
  };
  CHECK(error_of([&] { launch<32>(emulator, {}, bytes, 0, last); }) == "no error");
  const auto past = [](auto& t, std::uint8_t* a, unsigned n) {
    if (t.block().x == 1 && t.thread() == 3) t.store(a, t.load_fresh(a + n));
  };
  const std::string error = error_of([&] { launch<32>(emulator, {2}, bytes, 0, past); });
  CHECK(contains(error, "kernel test, block 1, thread 3 loads outside of every allocation ("));
  CHECK(contains(error, "emulator.cpp:"));
  const auto wide = [](auto& t, std::uint8_t* a, unsigned) { (void)t.load(reinterpret_cast<Vector16*>(a + 16)); };
  CHECK(contains(error_of([&] { launch<32>(emulator, {}, bytes, 0, wide); }), "loads outside of every allocation"));
  const auto before = [](auto& t, std::uint8_t* a, unsigned) { t.store(a - 1, std::uint8_t{0}); };
  CHECK(contains(error_of([&] { launch<32>(emulator, {}, bytes, 0, before); }), "stores outside"));
  const auto nothing = [](auto& t, std::uint8_t*, unsigned) { (void)t.load(static_cast<int*>(nullptr)); };
  CHECK(contains(error_of([&] { launch<32>(emulator, {}, bytes, 0, nothing); }), "loads outside"));
  const auto odd = [](auto& t, std::uint8_t* a, unsigned) {
    t.store(reinterpret_cast<std::uint16_t*>(a + 1), std::uint16_t{0});
  };
  CHECK(contains(error_of([&] { launch<32>(emulator, {}, bytes, 0, odd); }), "stores to a misaligned address"));
}

TEST_CASE("emulator: traffic is counted by width, and once a sector") {
  for (const bool checks : {true, false}) {
    Emulator emulator({}, checks);
    const DeviceBuffer<unsigned> array = to_device(emulator, std::vector<unsigned>(256, 0));
    const Traffic traffic = launch<32>(emulator, {2}, array, 0, [](auto& t, unsigned* a, unsigned) {
      auto* bytes = reinterpret_cast<std::uint8_t*>(a);
      (void)t.load(bytes + t.thread());                                              // 1 sector
      (void)t.load(reinterpret_cast<std::uint16_t*>(a) + t.thread());                // 2
      (void)t.load(a + t.thread() * 2);                                              // 8
      (void)t.load_fresh(reinterpret_cast<std::uint64_t*>(a));                       // 1
      (void)t.load(reinterpret_cast<Vector16*>(a) + t.thread());                     // 16
      if (t.thread() < 3) t.store(a + 128 + t.block().x * 64 + t.thread() * 8, 1u);  // 3 in each block
      if (t.thread() == 0) t.atomic_add(reinterpret_cast<int*>(a + 255), 1);
    });
    CHECK(traffic.loaded == std::array<std::uint64_t, 5>{64, 128, 256, 512, 1024});
    CHECK(traffic.stored == std::array<std::uint64_t, 5>{0, 0, 24, 0, 0});
    CHECK(traffic.atomics == 2);
    CHECK(traffic.distinct_loaded == (checks ? 16 * 32 : 0));
    CHECK(traffic.distinct_stored == (checks ? 7 * 32 : 0));
    Traffic twice = traffic;
    twice += traffic;
    CHECK(twice.all_loaded() == 2 * 1984);
    CHECK(twice.all_stored() == 48);
    CHECK(twice.atomics == 4);
    CHECK(twice.distinct_loaded == 2 * traffic.distinct_loaded);
    CHECK(twice.distinct_stored == 2 * traffic.distinct_stored);
  }
}

TEST_CASE("emulator: atomic additions give the value before, to every thread another") {
  for (const Schedule& schedule : schedules) {
    Emulator emulator(schedule);
    const DeviceBuffer<int> array(emulator, 1 + 128);
    array.data()[0] = 7;
    launch<64>(emulator, {2}, array, 0, [](auto& t, int* a, unsigned) {
      const int before = t.atomic_add(a, 2);
      t.store(a + 1 + (before - 7) / 2, before);
    });
    CHECK(array.data()[0] == 7 + 2 * 128);
    for (int i = 0; i < 128; ++i) CHECK(array.data()[1 + i] == 7 + 2 * i);
  }
}

TEST_CASE("emulator: another block's word may be loaded after fence, ticket, ticket, fence; it may not be stored to") {
  const auto pass_on = [](auto tickets) {  // each block takes so many
    return [](auto& t, int* a, unsigned) {
      constexpr int n = decltype(tickets)::value;
      if (t.thread() != 0) return;
      const int i = static_cast<int>(t.block().x);
      if (n > 1) t.atomic_add(a + (n > 2 ? 4 : 3), 1);
      t.fence();
      t.store(a + i, i == 0 ? 5 : t.load_fresh(a + i - 1) + 1);
      t.fence();
      if (n > 0) t.atomic_add(a + 3, 1);
    };
  };
  const auto two = pass_on(std::integral_constant<int, 2>{});
  const auto after = pass_on(std::integral_constant<int, 1>{});
  const auto none = pass_on(std::integral_constant<int, 0>{});
  const auto another = pass_on(std::integral_constant<int, 3>{});  // the first is one of another counter
  Emulator emulator;
  const DeviceBuffer<int> array = to_device(emulator, std::vector<int>{0, 0, 0, 0, 0});
  CHECK(error_of([&] { launch<32>(emulator, {3}, array, 0, two); }) == "no error");
  CHECK(to_host(array) == std::vector<int>{5, 6, 7, 6, 0});
  CHECK(contains(error_of([&] { launch<32>(emulator, {3}, array, 0, after); }),
                 "without a fence after the atomic operation"));
  CHECK(contains(error_of([&] { launch<32>(emulator, {3}, array, 0, another); }),
                 "without a fence after the atomic operation"));
  CHECK(contains(error_of([&] { launch<32>(emulator, {3}, array, 0, none); }), "without fence and atomic operation"));
  const auto overwrite = [](auto& t, int* a, unsigned) {
    if (t.thread() == 0) t.store(a, 1);
    t.fence();
  };
  CHECK(contains(error_of([&] { launch<32>(emulator, {2}, array, 0, overwrite); }),
                 "stores to a word that another block"));
  const auto add = [](auto& t, int* a, unsigned) {
    if (t.thread() != 0) return;
    if (t.block().x == 0)
      t.store(a, 0);
    else
      t.atomic_add(a, 1);
  };
  CHECK(contains(error_of([&] { launch<32>(emulator, {2}, array, 0, add); }),
                 "adds to a word that another block stored"));
  const auto counter_as_constant = [](auto& t, int* a, unsigned) {
    if (t.thread() != 0) return;
    t.atomic_add(a, 1);
    t.store(a + 1, t.load(a));
  };
  CHECK(
      contains(error_of([&] { launch<32>(emulator, {}, array, 0, counter_as_constant); }), "loads as constant a word"));
}

TEST_CASE("emulator: two blocks may store the halves of a word") {
  for (const Schedule& schedule : schedules) {
    Emulator emulator(schedule);
    const DeviceBuffer<std::uint16_t> array(emulator, 2);
    launch<32>(emulator, {2}, array, 0, [](auto& t, std::uint16_t* a, unsigned) {
      if (t.thread() == 0) t.store(a + t.block().x, static_cast<std::uint16_t>(t.block().x + 1));
    });
    CHECK(to_host(array) == std::vector<std::uint16_t>{1, 2});
  }
}

TEST_CASE("emulator: launches of different sizes share their stacks") {
  Emulator emulator({Order::shuffled, 4});
  for (int repeat = 0; repeat < 3; ++repeat) {
    const DeviceBuffer<float> few(emulator, 32), many(emulator, 1024);
    const auto sum = [](auto& t, float* a, unsigned n) {
      float* shared = t.template shared<float>(0);
      shared[t.thread()] = kernels::warp_sum(t, 1.0f);
      t.sync();
      float total = 0;
      for (unsigned k = 0; k < n; k += 32) total += shared[k];
      t.store(a + t.thread(), total);
    };
    launch<32>(emulator, {}, few, 32 * 4, sum);
    launch<1024>(emulator, {}, many, 1024 * 4, sum);
    CHECK(to_host(few) == std::vector<float>(32, 32.0f));
    CHECK(to_host(many) == std::vector<float>(1024, 1024.0f));
  }
}

TEST_CASE("emulator: what a kernel throws comes out as it is, and all threads leave what they had") {
  for (const Schedule& schedule : schedules) {
    Emulator emulator(schedule);
    const DeviceBuffer<int> array(emulator, 1);
    const auto throwing = [](auto& t, int*, unsigned) {
      const Counted counted;
      if (t.block().x == 1 && t.thread() >= 40) throw std::invalid_argument("thrown in the kernel");
      t.sync();
      (void)t.shfl(1.0f, 0);
      t.sync();
    };
    CHECK_THROWS_WITH_AS(launch<64>(emulator, {3}, array, 0, throwing), "thrown in the kernel", std::invalid_argument);
    CHECK(alive == 0);
    const auto stuck = [](auto& t, int*, unsigned) {
      const Counted counted;
      if (t.thread() != 9) (void)t.shfl(1.0f, 0);
      t.sync();
    };
    CHECK(contains(error_of([&] { launch<64>(emulator, {}, array, 0, stuck); }), "waits in a shuffle"));
    CHECK(alive == 0);
  }
}

TEST_CASE("emulator: an error leaves an emulator that works") {
  Emulator emulator;
  const DeviceBuffer<int> array = to_device(emulator, std::vector<int>{1, 2, 3});
  const auto fails = [](auto& t, int* a, unsigned n) {
    t.store(a, 4);
    (void)t.load(a + n);
  };
  CHECK(contains(error_of([&] { launch<32>(emulator, {}, array, 0, fails); }), "loads outside"));
  CHECK(array.data()[0] == 4);  // what was stored stays
  // The stores of that launch are forgotten.
  const auto works = [](auto& t, int* a, unsigned) {
    t.fence();
    const int value = t.load(a);
    t.sync();
    if (t.thread() == 0) t.store(a + 1, value);
  };
  CHECK(error_of([&] { launch<32>(emulator, {}, array, 0, works); }) == "no error");
  CHECK(to_host(array) == std::vector<int>{4, 4, 3});
}

TEST_CASE("emulator: launches that no GPU accepts") {
  Emulator emulator;
  const DeviceBuffer<int> array(emulator, 1);
  const auto nothing = [](auto&, int*, unsigned) {};
  for (const Grid grid : {Grid{0}, Grid{1, 0}, Grid{1, 1, 0}, Grid{1, 65536}, Grid{1, 1, 65536}, Grid{1u << 31}}) {
    CHECK(contains(error_of([&] { launch<32>(emulator, grid, array, 0, nothing); }), "kernel test: a grid of "));
  }
  CHECK(error_of([&] { launch<32>(emulator, {3, 2, 1}, array, 99 << 10, nothing); }) == "no error");
  CHECK(error_of([&] { launch<32>(emulator, {}, array, (99 << 10) + 1, nothing); }) ==
        "kernel test: 101377 bytes of shared memory, expected at most 101376");
}
