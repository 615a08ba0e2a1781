// Small kernels with one bug each, which the emulator must detect in the way that is stated for it. Without its bug the
// same kernel has the expected bits in every schedule.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
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
using kernels::warp_sum;

namespace {

constexpr unsigned threads = 64;

// in[i] = i + 1. Nothing else has been written, except that the counter is 0.
struct Params {
  const float* in = nullptr;
  float* out = nullptr;
  float* partial = nullptr;  // [64]
  int* counter = nullptr;    // [1]
  unsigned n = 0;
};
struct Setting {
  unsigned n = threads, inputs = threads, outputs = threads;
  Grid grid = {};
  unsigned launches = 1;  // results and partial sums are NaN before each
};

// How a bug is detected in at least one schedule.
struct Caught {
  enum class By { error, nan, schedules, result } by;
  const char* words = "";  // of the error
};
constexpr Caught nan_in_result{Caught::By::nan};  // where none is expected
constexpr Caught differs_by_schedule{Caught::By::schedules};
constexpr Caught wrong_result{Caught::By::result};  // the same wrong result in every schedule
constexpr Caught error(const char* words) {
  return {Caught::By::error, words};
}

struct Bug {
  using Launch = void (*)(Emulator&, Grid, const Params&);
  using Expected = unsigned (*)(unsigned index);
  std::string what;
  Caught caught;
  Setting setting;
  Expected expected;
  Launch planted, corrected;
};

// A closure without captures made a kernel: body(t, params, planted).
template <class Body, bool planted>
struct KernelOf {
  static constexpr const char* name = planted ? "planted" : "corrected";
  static constexpr unsigned threads = ::threads;
  using Params = ::Params;
  static std::size_t shared_bytes(const Params&) { return threads * sizeof(float); }
  template <kernels::ThreadContext C>
  void operator()(C& t, const Params& p) const {
    Body{}(t, p, std::bool_constant<planted>{});
  }
};

template <class Kernel>
void launch(Emulator& emulator, Grid grid, const Params& params) {
  emulator.launch<Kernel>(grid, params);
}
template <class Body>
Bug bug(const char* what, Caught caught, const Setting& setting, Bug::Expected expected, Body) {
  return {what, caught, setting, expected, &launch<KernelOf<Body, true>>, &launch<KernelOf<Body, false>>};
}

template <class C>
float* numbers(C& t) {
  return t.template shared<float>(0);
}
// What kernels give.
unsigned same(unsigned i) {
  return i + 1;
}  // in[i]
unsigned reversed(unsigned i) {
  return 64 - i;
}  // in[63 - i]
unsigned sum_to(unsigned n) {
  return n * (n + 1) / 2;
}

std::vector<Bug> barriers() {
  return {
      bug("no barrier after a write to shared memory", nan_in_result, {}, reversed,
          [](auto& t, const Params& p, auto planted) {
            numbers(t)[t.thread()] = t.load(p.in + t.thread());
            if (!planted) t.sync();
            t.store(p.out + t.thread(), numbers(t)[63 - t.thread()]);
          }),
      bug(
          "no barrier before shared memory is used again", differs_by_schedule, {.inputs = 128},
          [](unsigned i) { return 64 - i + 128 - i; },
          [](auto& t, const Params& p, auto planted) {
            float sum = 0;
            for (unsigned round = 0; round < 2; ++round) {
              if (!planted) t.sync();
              numbers(t)[t.thread()] = t.load(p.in + round * threads + t.thread());
              t.sync();
              sum += numbers(t)[63 - t.thread()];
            }
            t.store(p.out + t.thread(), sum);
          }),
      bug("a barrier in a divergent branch", error("has ended before a barrier that others wait at"), {}, reversed,
          [](auto& t, const Params& p, auto planted) {
            numbers(t)[t.thread()] = t.load(p.in + t.thread());
            if (!planted || t.thread() < 40) t.sync();
            t.store(p.out + t.thread(), numbers(t)[63 - t.thread()]);
          }),
      bug(
          "a barrier after part of the block has returned", error("has ended before a barrier that others wait at"),
          {.n = 40, .outputs = 40}, [](unsigned i) { return 40 - i; },
          [](auto& t, const Params& p, auto planted) {
            if (planted && t.thread() >= p.n) return;
            if (t.thread() < p.n) numbers(t)[t.thread()] = t.load(p.in + t.thread());
            t.sync();
            if (t.thread() < p.n) t.store(p.out + t.thread(), numbers(t)[p.n - 1 - t.thread()]);
          }),
      bug("two barriers, one in each branch of an if",
          error("waits at a barrier, while other threads wait at the one in line"), {}, reversed,
          [](auto& t, const Params& p, auto planted) {
            numbers(t)[t.thread()] = t.load(p.in + t.thread());
            if (planted && t.thread() % 2 == 0) {  // NOLINT(bugprone-branch-clone): two places in the program
              t.sync();
            } else {
              t.sync();
            }
            t.store(p.out + t.thread(), numbers(t)[63 - t.thread()]);
          }),
      bug("a barrier in a loop that some threads leave earlier", error("has ended before a barrier"),
          {.n = 100, .inputs = 100, .outputs = 100}, same,
          [](auto& t, const Params& p, auto planted) {
            for (unsigned j = t.thread(); j < (planted ? p.n : 128); j += threads) {
              if (j < p.n) t.store(p.out + j, t.load(p.in + j));
              t.sync();
            }
          }),
  };
}

std::vector<Bug> shuffles() {
  constexpr auto first_sum = [](unsigned) { return sum_to(32); };
  return {
      bug("a shuffle in a divergent branch", error("waits in a shuffle that not all lanes of its warp reach"),
          {.outputs = 16}, first_sum,
          [](auto& t, const Params& p, auto planted) {
            float sum = t.load(p.in + t.thread());
            if (!planted || lane(t) < 16) sum = warp_sum(t, sum);
            if (t.thread() < 16) t.store(p.out + t.thread(), sum);
          }),
      bug(
          "a shuffle that lanes reach at different lines", error("shuffles, while other lanes shuffle at line"), {},
          [](unsigned i) { return (i ^ 1) + 1; },
          [](auto& t, const Params& p, auto planted) {
            float value = t.load(p.in + t.thread());
            if (planted && lane(t) < 16) {  // NOLINT(bugprone-branch-clone): two places in the program
              value = t.shfl_xor(value, 1);
            } else {
              value = t.shfl_xor(value, 1);
            }
            t.store(p.out + t.thread(), value);
          }),
      bug(
          "a shuffle after part of the warp has returned", error("waits in a shuffle that not all lanes"),
          {.n = 20, .outputs = 1}, [](unsigned) { return sum_to(20); },
          [](auto& t, const Params& p, auto planted) {
            if (planted && t.thread() >= p.n) return;
            const float sum = warp_sum(t, t.thread() < p.n ? t.load(p.in + t.thread()) : 0.0f);
            if (t.thread() == 0) t.store(p.out, sum);
          }),
      bug("a butterfly that is wider than a warp", error("which does not exist"), {.outputs = 1}, first_sum,
          [](auto& t, const Params& p, auto planted) {
            const float sum = warp_sum < planted ? 64 : 32 > (t, t.load(p.in + t.thread()));
            if (t.thread() == 0) t.store(p.out, sum);
          }),
      bug("a butterfly that stops a step too early", wrong_result, {.outputs = 1}, first_sum,
          [](auto& t, const Params& p, auto planted) {
            float sum = t.load(p.in + t.thread());
            for (unsigned mask = 16; mask > (planted ? 1 : 0); mask /= 2) sum += t.shfl_xor(sum, mask);
            if (t.thread() == 0) t.store(p.out, sum);
          }),
  };
}

std::vector<Bug> uninitialised() {
  return {
      bug("shared memory taken for zero", nan_in_result, {}, same,
          [](auto& t, const Params& p, auto planted) {
            if (!planted) numbers(t)[t.thread()] = 0;
            numbers(t)[t.thread()] += t.load(p.in + t.thread());
            t.store(p.out + t.thread(), numbers(t)[t.thread()]);
          }),
      bug(
          "shared memory taken for what the block before left there", nan_in_result, {.outputs = 128, .grid = {2}},
          [](unsigned i) { return i % 64 + 1; },
          [](auto& t, const Params& p, auto planted) {
            if (!planted || t.block().x == 0) numbers(t)[t.thread()] = t.load(p.in + t.thread());
            t.store(p.out + t.block().x * threads + t.thread(), numbers(t)[t.thread()]);
          }),
      bug(
          "one thread too few initialises", nan_in_result, {.n = 50, .outputs = 1}, [](unsigned) { return sum_to(50); },
          [](auto& t, const Params& p, auto planted) {
            if (t.thread() < p.n - (planted ? 1 : 0)) numbers(t)[t.thread()] = t.load(p.in + t.thread());
            t.sync();
            float sum = 0;
            for (unsigned j = 0; j < p.n; ++j) sum += numbers(t)[j];
            if (t.thread() == 0) t.store(p.out, sum);
          }),
      bug(
          "a reduction that assumes a full block", nan_in_result, {.n = 32, .inputs = 32, .outputs = 1},
          [](unsigned) { return sum_to(32); },
          [](auto& t, const Params& p, auto planted) {
            const float sum = warp_sum(t, t.thread() < p.n ? t.load(p.in + t.thread()) : 0.0f);
            if (t.thread() < p.n && lane(t) == 0) numbers(t)[warp(t)] = sum;
            t.sync();
            float total = 0;
            for (unsigned k = 0; k < (planted ? threads : p.n) / 32; ++k) total += numbers(t)[k];
            if (t.thread() == 0) t.store(p.out, total);
          }),
      bug("global memory taken for zero", nan_in_result, {}, same,
          [](auto& t, const Params& p, auto planted) {
            const float before = planted ? t.load_fresh(p.partial + t.thread()) : 0;
            t.store(p.out + t.thread(), before + t.load(p.in + t.thread()));
          }),
  };
}

std::vector<Bug> addresses() {
  return {
    bug(
        "a load past the end", error("loads outside of every allocation"), {.n = 63, .outputs = 63},
        [](unsigned i) { return i + 2; },
        [](auto& t, const Params& p, auto planted) {
          const float next = planted || t.thread() < p.n ? t.load(p.in + t.thread() + 1) : 0.0f;
          if (t.thread() < p.n) t.store(p.out + t.thread(), next);
        }),
        bug("a store past the end", error("stores outside of every allocation"), {.n = 40, .outputs = 40}, same,
            [](auto& t, const Params& p, auto planted) {
              if (t.thread() < p.n + (planted ? 1 : 0)) t.store(p.out + t.thread(), t.load(p.in + t.thread()));
            }),
        bug("the row before the first", error("loads outside of every allocation"),
            {.inputs = 128, .outputs = 128, .grid = {2}}, same,
            [](auto& t, const Params& p, auto planted) {
              const unsigned at = t.block().x * threads + t.thread();
              t.store(p.out + at, t.load(p.in + (planted ? at - threads : at)));
            }),
        bug(
            "the row before its own", wrong_result, {.inputs = 128}, [](unsigned i) { return i + 65; },
            [](auto& t, const Params& p, auto planted) {
              t.store(p.out + t.thread(), t.load(p.in + (planted ? 0 : threads) + t.thread()));
            }),
        bug(
            "columns past the end of a row are loaded with it", wrong_result,
            {.n = 50, .inputs = 164, .outputs = 3, .grid = {3}},
            [](unsigned row) { return sum_to(50) + row * 50 * 50; },
            [](auto& t, const Params& p, auto planted) {
              const bool in_row = planted || t.thread() < p.n;
              const float sum = warp_sum(t, in_row ? t.load(p.in + t.block().x * p.n + t.thread()) : 0.0f);
              if (lane(t) == 0) numbers(t)[warp(t)] = sum;
              t.sync();
              if (t.thread() == 0) t.store(p.out + t.block().x, numbers(t)[0] + numbers(t)[1]);
            }),
        bug("columns past the end of a row are stored with it", error("stores to a word that another block has stored"),
            {.n = 50, .inputs = 114, .outputs = 100, .grid = {2}}, same,
            [](auto& t, const Params& p, auto planted) {
              const unsigned at = t.block().x * p.n + t.thread();
              if (planted || t.thread() < p.n) t.store(p.out + at, t.load(p.in + at));
            }),
        bug("rows at the wrong stride", wrong_result, {.n = 50, .inputs = 114, .outputs = 100, .grid = {2}}, same,
            [](auto& t, const Params& p, auto planted) {
              if (t.thread() >= p.n) return;
              const float value = t.load(p.in + t.block().x * (planted ? threads : p.n) + t.thread());
              t.store(p.out + t.block().x * p.n + t.thread(), value);
            }),
        bug("16 bytes from an address that is no multiple of 16", error("loads from a misaligned address"),
            {.outputs = 4}, same,
            [](auto& t, const Params& p, auto planted) {
              if (t.thread() != 0) return;
              const Vector16 bits = t.load(reinterpret_cast<const Vector16*>(p.in + (planted ? 1 : 0)));
              t.store(reinterpret_cast<Vector16*>(p.out), bits);
            }),
        bug(
            "the last 16 bytes of a row that ends within them", error("loads outside of every allocation"),
            {.n = 50, .inputs = 50, .outputs = 1}, [](unsigned) { return sum_to(50); },
            [](auto& t, const Params& p, auto planted) {
              float sum = 0;
              for (unsigned j = 4 * t.thread(); j < p.n && t.thread() < 32; j += 4 * 32) {
                if (planted || j + 4 <= p.n) {
                  const Vector16 bits = t.load(reinterpret_cast<const Vector16*>(p.in + j));
                  for (const std::uint32_t word : bits.word) sum += std::bit_cast<float>(word);
                } else {
                  for (unsigned k = j; k < p.n; ++k) sum += t.load(p.in + k);
                }
              }
              sum = warp_sum(t, sum);
              if (t.thread() == 0) t.store(p.out, sum);
            }),
        bug("two blocks store to one place", error("stores to a word that another block has stored"),
            {.inputs = 128, .outputs = 128, .grid = {2}}, same,
            [](auto& t, const Params& p, auto planted) {
              const unsigned at = t.block().x * threads + t.thread();
              t.store(p.out + (planted ? t.thread() : at), t.load(p.in + at));
            }),
        bug("x and y of the grid exchanged", error("stores to a word that another block has stored"),
            {.inputs = 384, .outputs = 384, .grid = {2, 3}}, same,
            [](auto& t, const Params& p, auto planted) {
              const Grid b = t.block();
              const unsigned at = (planted ? b.x * 2 + b.y : b.y * 2 + b.x) * threads + t.thread();
              t.store(p.out + at, t.load(p.in + at));
            }),
        bug("more shared memory than there is", error("takes shared memory from byte 256 of 256"), {}, reversed,
            [](auto& t, const Params& p, auto planted) {
              float* mine = t.template shared<float>((t.thread() + (planted ? 1 : 0)) * sizeof(float));
              *mine = t.load(p.in + t.thread());
              t.sync();
              t.store(p.out + t.thread(), numbers(t)[63 - t.thread()]);
            }),
        bug("shared memory at a misaligned byte", error("takes shared memory from a misaligned byte, 4"),
            {.outputs = 4}, same,
            [](auto& t, const Params& p, auto planted) {
              Vector16* vector = t.template shared<Vector16>(planted ? 4 : 0);
              if (t.thread() != 0) return;
              *vector = t.load(reinterpret_cast<const Vector16*>(p.in));
              t.store(reinterpret_cast<Vector16*>(p.out), *vector);
            }),
#if !defined(LITESTAGE_EMULATOR_ASAN)  // AddressSanitizer detects this bug, names the line and ends the program
        bug("a shared array that is one element too long", error("wrote past its shared memory"), {}, same,
            [](auto& t, const Params& p, auto planted) {
              numbers(t)[t.thread() + (planted ? 1 : 0)] = t.load(p.in + t.thread());
              t.store(p.out + t.thread(), numbers(t)[t.thread() + (planted ? 1 : 0)]);
            }),
#endif
  };
}

// Blocks that share a sum: each stores the partial sums of its two warps, and the last one to finish adds them all.
enum class Flaw {
  none,
  no_fence,
  no_fence_before,
  no_fence_after,
  no_barrier,
  constant_load,
  first_merges,
  compares_with_n,
  not_reset,
  load_and_store,
};
template <class C>
bool takes_last_ticket(C& t, const Params& p, Flaw flaw) {
  const int n = static_cast<int>(t.grid().x);
  int ticket = 0;
  if (flaw == Flaw::load_and_store) {
    ticket = t.load_fresh(p.counter);
    t.store(p.counter, ticket + 1);
  } else {
    ticket = t.atomic_add(p.counter, 1);
  }
  const bool last = ticket == (flaw == Flaw::first_merges ? 0 : flaw == Flaw::compares_with_n ? n : n - 1);
  if (last && flaw != Flaw::not_reset) t.atomic_add(p.counter, -n);
  return last;
}
template <class C>
void sum_of_all_blocks(C& t, const Params& p, Flaw flaw) {
  const float sum = warp_sum(t, t.load(p.in + t.block().x * threads + t.thread()));
  if (lane(t) == 0) t.store(p.partial + t.block().x * 2 + warp(t), sum);
  if (flaw != Flaw::no_barrier) t.sync();
  if (t.thread() == 0) {
    if (flaw != Flaw::no_fence && flaw != Flaw::no_fence_before) t.fence();
    numbers(t)[0] = takes_last_ticket(t, p, flaw) ? 1.0f : 0.0f;
    if (flaw != Flaw::no_fence && flaw != Flaw::no_fence_after) t.fence();
  }
  t.sync();
  if (numbers(t)[0] == 0 || t.thread() != 0) return;
  float total = 0;
  for (unsigned i = 0; i < t.grid().x * 2; ++i) {
    total += flaw == Flaw::constant_load ? t.load(p.partial + i) : t.load_fresh(p.partial + i);
  }
  t.store(p.out, total);
}
template <Flaw flaw>
Bug ticket_bug(const char* what, Caught caught) {
  return bug(
      what, caught, {.inputs = 192, .outputs = 1, .grid = {3}, .launches = 2}, [](unsigned) { return sum_to(192); },
      [](auto& t, const Params& p, auto planted) { sum_of_all_blocks(t, p, planted ? flaw : Flaw::none); });
}

std::vector<Bug> between_blocks() {
  return {
      ticket_bug<Flaw::no_fence>("another block's partial sums without a fence",
                                 error("loads a word that another block stored without fence and atomic operation")),
      ticket_bug<Flaw::no_fence_before>(
          "a fence that comes after the ticket only",
          error("loads a word that another block stored without fence and atomic operation")),
      ticket_bug<Flaw::no_fence_after>("no fence between the ticket and what others stored",
                                       error("without a fence after the atomic operation that shows it is stored")),
      ticket_bug<Flaw::no_barrier>("a fence before all threads of the block have stored",
                                   error("loads a word that another block stored without fence and atomic operation")),
      ticket_bug<Flaw::constant_load>("another block's partial sums through the read-only path",
                                      error("loads as constant a word that this launch stores")),
      ticket_bug<Flaw::first_merges>("the first block merges, not the last", nan_in_result),
      ticket_bug<Flaw::compares_with_n>("the ticket is compared with n, not n - 1", nan_in_result),
      ticket_bug<Flaw::not_reset>("the ticket is not reset, and the next launch goes wrong", nan_in_result),
      ticket_bug<Flaw::load_and_store>(
          "a ticket of load and store, not atomic",
          error("loads a word that another block stored without fence and atomic operation")),
      bug("a place that depends on which block comes first", differs_by_schedule,
          {.inputs = 8, .outputs = 8, .grid = {8}}, same,
          [](auto& t, const Params& p, auto planted) {
            if (t.thread() != 0) return;
            const auto ticket = static_cast<unsigned>(t.atomic_add(p.counter, 1));
            t.store(p.out + (planted ? ticket : t.block().x), t.load(p.in + t.block().x));
          }),
      bug(
          "the first block clears what all blocks add to", nan_in_result, {.inputs = 8, .outputs = 1, .grid = {8}},
          [](unsigned) { return 8u; },
          [](auto& t, const Params& p, auto planted) {
            if (t.thread() != 0) return;
            if (planted && t.block().x == 0) t.store(p.counter, 0);
            if (t.atomic_add(p.counter, 1) == 7) t.store(p.out, 8.0f);
          }),
      bug(
          "an update in place, loaded through the read-only path", error("stores what this launch loads as constant"),
          {.outputs = 64}, [](unsigned i) { return 2 * (i + 1); },
          [](auto& t, const Params& p, auto planted) {
            float* x = p.partial + t.thread();
            if (!planted) t.store(x, t.load(p.in + t.thread()));
            const float value = planted ? t.load(x) : t.load_fresh(x);
            t.store(x, 2 * value);
            t.store(p.out + t.thread(), 2 * value);
          }),
  };
}

std::vector<float> results(Emulator& emulator, Bug::Launch launch, const Setting& setting) {
  std::vector<float> numbers(setting.inputs);
  for (unsigned i = 0; i < setting.inputs; ++i) numbers[i] = static_cast<float>(i + 1);
  const DeviceBuffer<float> in = to_device(emulator, numbers), out(emulator, setting.outputs), partial(emulator, 64);
  const DeviceBuffer<int> counter = to_device(emulator, std::vector<int>{0});
  for (unsigned i = 0; i < setting.launches; ++i) {
    for (const DeviceBuffer<float>* buffer : {&out, &partial}) {
      std::fill(buffer->data(), buffer->data() + buffer->size(), NAN);
    }
    launch(emulator, setting.grid, {in.data(), out.data(), partial.data(), counter.data(), setting.n});
  }
  return to_host(out);
}

struct Outcome {
  std::string error;
  std::vector<float> result;
};
bool has_nan(const Outcome& o) {
  return std::any_of(o.result.begin(), o.result.end(), [](float x) { return std::isnan(x); });
}
std::vector<Outcome> in_every_schedule(Bug::Launch launch, const Setting& setting) {
  std::vector<Outcome> outcomes;
  for (const Schedule& schedule : schedules) {
    Emulator emulator(schedule);
    try {
      outcomes.push_back({"", results(emulator, launch, setting)});
    } catch (const KernelError& e) {
      outcomes.push_back({e.what(), {}});
    }
  }
  return outcomes;
}

bool is_caught(const Bug& bug, const std::vector<Outcome>& outcomes, const std::vector<float>& expected) {
  const auto any = [&](const auto& holds) { return std::any_of(outcomes.begin(), outcomes.end(), holds); };
  if (bug.caught.by == Caught::By::error) {
    return any([&](const Outcome& o) { return o.error.find(bug.caught.words) != std::string::npos; });
  }
  if (any([](const Outcome& o) { return !o.error.empty(); })) return false;
  if (bug.caught.by == Caught::By::nan) return any(has_nan);
  const auto differs = [&](const Outcome& o) { return !same_bits(o.result, outcomes[0].result); };
  if (bug.caught.by == Caught::By::schedules) return any(differs);
  return !any(differs) && !any(has_nan) && !same_bits(outcomes[0].result, expected);
}

void check(const std::vector<Bug>& bugs) {
  for (const Bug& bug : bugs) {
    CAPTURE(bug.what);
    std::vector<float> expected;
    for (unsigned i = 0; i < bug.setting.outputs; ++i) expected.push_back(static_cast<float>(bug.expected(i)));
    for (const Outcome& o : in_every_schedule(bug.corrected, bug.setting)) {
      CHECK(o.error == "");
      CHECK(same_bits(o.result, expected));
    }
    const std::vector<Outcome> outcomes = in_every_schedule(bug.planted, bug.setting);
    std::string errors;
    for (const Outcome& o : outcomes) errors += o.error + "\n";
    CAPTURE(errors);
    CHECK(is_caught(bug, outcomes, expected));
  }
}

}  // namespace

TEST_CASE("planted bugs: barriers") {
  check(barriers());
}
TEST_CASE("planted bugs: shuffles") {
  check(shuffles());
}
TEST_CASE("planted bugs: what nobody wrote") {
  check(uninitialised());
}
TEST_CASE("planted bugs: addresses") {
  check(addresses());
}
TEST_CASE("planted bugs: between blocks") {
  check(between_blocks());
}

// The emulator cannot detect:
//
// 1. Wrong visibility of stores: stores become visible in program order; only the fences around a ticket are checked.
//
// 2. Two threads of a block that change the same number in global memory without a barrier between them, if no schedule
// separates load and store. ThreadSanitizer reports it.
//
// 3. Warps that reach a helper's shuffle (`warp_sum`) from different places of a kernel: the line is the helper's.
//
// 4. A block that waits for a different block: blocks run one after the other, so it waits forever.
//
// 5. Bank conflicts, accesses that do not coalesce, registers and their spilling, and time.
