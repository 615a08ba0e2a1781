// Kernels whose threads wait for each other, with shapes small enough for ThreadSanitizer, which sees every thread of a
// block as a thread. Other tests of kernels have too many threads for it.
// ThreadSanitizer: yes
#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <vector>

#include "common/close.hpp"
#include "common/random_weight.hpp"
#include "kernels/attention/attention_rows.hpp"
#include "kernels/device.hpp"
#include "kernels/products/products.hpp"
#include "litestage/kernels/attention/attend.cuh"
#include "litestage/kernels/attention/attend_tiled.cuh"
#include "litestage/kernels/products/gate_up.cuh"
#include "litestage/kernels/products/logits.cuh"
#include "litestage/kernels/products/project_add.cuh"
#include "litestage/kernels/products/project_qkv.cuh"
#include "litestage/kernels/rows/moments.cuh"
#include "litestage/kernels/rows/post_norm.cuh"
#include "litestage/kernels/rows/rms_norm.cuh"
#include "litestage/kernels/rows/token_stats.cuh"

using namespace litestage;
using namespace litestage::test;
using kernels::InputRows;

namespace {

// One schedule of each order, because a race is reported in every schedule.
constexpr Schedule orders[] = {{Order::ascending, 0}, {Order::descending, 0}, {Order::shuffled, 1}};

// The result of run(emulator), which must have the same bits in every order.
template <class Run>
std::vector<float> in_every_order(const Run& run) {
  std::vector<float> first;
  for (const Schedule& schedule : orders) {
    Emulator emulator(schedule);
    const std::vector<float> found = run(emulator);
    if (first.empty()) first = found;
    CHECK(same_bits(found, first));
  }
  return first;
}

enum class Race { none, no_barrier, no_second_barrier, no_second_shuffle, in_a_block, between_blocks };
template <Race race>
struct Racing {
  static constexpr const char* name = "racing";
  static constexpr unsigned threads = 64;
  struct Params {
    float* out = nullptr;
    int* counter = nullptr;
  };
  static std::size_t shared_bytes(const Params&) { return threads * sizeof(float); }
  template <kernels::ThreadContext C>
  void operator()(C& t, const Params& p) const {
    float* shared = t.template shared<float>(0);
    const unsigned i = t.thread();
    float sum = 0;
    for (unsigned round = 0; round < 2; ++round) {
      shared[i] = 1;
      if (race != Race::no_barrier) t.sync();
      sum += shared[threads - 1 - i];
      if (race != Race::no_barrier && race != Race::no_second_barrier) t.sync();
    }
    t.sync();
    for (unsigned round = 0; round < 2; ++round) {
      shared[i] = 2;
      sum += t.shfl_xor(1.0f, 1);
      sum += shared[i ^ 1];
      if (race != Race::no_second_shuffle) sum += t.shfl_xor(1.0f, 1);
    }
    if (race == Race::between_blocks && i == 0) t.store(p.out, sum);
    if (race != Race::between_blocks) t.store(p.out + t.block().x * threads + i, sum);
    t.sync();
    if (race == Race::in_a_block && i < 2) t.store(p.counter, t.load_fresh(p.counter) + 1);
    if (race == Race::none) t.atomic_add(p.counter, 1);
  }
};
template <Race race>
void run_racing(Schedule schedule) {
  Emulator emulator(schedule, false);  // without checks, which would report some of the races themselves
  const DeviceBuffer<float> out(emulator, 2 * Racing<race>::threads);
  const DeviceBuffer<int> counter = to_device(emulator, std::vector<int>{0});
  emulator.launch<Racing<race>>(Grid{2}, {out.data(), counter.data()});
}
// Whether ThreadSanitizer reports a race, by the exit status of a child process.
template <Race race>
bool reported(Schedule schedule) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (std::freopen("/dev/null", "w", stderr) == nullptr) ::_exit(1);
    run_racing<race>(schedule);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status) != 0;
}

}  // namespace

TEST_CASE("synchronising: ThreadSanitizer sees what orders the threads of a GPU, and nothing else") {
#if defined(LITESTAGE_EMULATOR_TSAN)
  constexpr bool on = true;
#else
  constexpr bool on = false;
#endif
  for (const Schedule& schedule : {orders[0], orders[2]}) {
    CHECK(!reported<Race::none>(schedule));
    CHECK(reported<Race::no_barrier>(schedule) == on);
    CHECK(reported<Race::no_second_barrier>(schedule) == on);
    CHECK(reported<Race::no_second_shuffle>(schedule) == on);
    CHECK(reported<Race::in_a_block>(schedule) == on);
    CHECK(reported<Race::between_blocks>(schedule) == on);
  }
}

TEST_CASE("synchronising: a product of quantised weights, of two blocks") {
  constexpr unsigned rows = 37, columns = 64;
  const RandomWeight weight(DType::q8_0, rows, columns, 1);
  const std::vector<float> x = random_inputs(columns, 2);
  const std::vector<float> y = in_every_order([&](Emulator& emulator) {
    const DeviceMatrix w(emulator, weight.raw);
    const DeviceBuffer<float> in = to_device(emulator, x), sum = to_device(emulator, std::vector<float>(rows, 0.0f));
    const DeviceBuffer<int> zero = to_device(emulator, std::vector<int>{0});
    using Kernel = kernels::ProjectAdd<DType::q8_0, 1>;
    Kernel::Params p;
    p.w = w.matrix;
    p.in = {in.data(), columns, nullptr, 1, columns, nullptr, 0};
    p.x = sum.data();
    p.stride = rows;
    p.rows = zero.data();
    const Grid grid = Kernel::grid(p, 2);
    CHECK(grid.x == 2);
    emulator.launch<Kernel>(grid, p);
    return to_host(sum);
  });
  std::vector<double> w(columns);
  for (unsigned r = 0; r < rows; ++r) {
    dequantize_row(DType::q8_0, weight.raw.row(r), w.data(), columns);
    double expected = 0, magnitude = 0;
    for (unsigned j = 0; j < columns; ++j) {
      expected += w[j] * static_cast<double>(x[j]);
      magnitude += std::abs(w[j]);
    }
    CHECK(close(y[r], expected, magnitude * 0.02));  // inputs are rounded to 8 bits
  }
}

TEST_CASE("synchronising: products whose inputs the block norms, of two rows") {
  constexpr unsigned ffn = 9, hidden = 64, n = 2;
  const RandomWeight gate(DType::q8_0, ffn, hidden, 5), up(DType::q8_0, ffn, hidden, 6);
  const NormedRows rows(n, hidden, 7);
  const std::vector<float> h = in_every_order([&](Emulator& emulator) {
    const DeviceMatrix wg(emulator, gate.raw), wu(emulator, up.raw);
    const DeviceRows in(emulator, rows, 0, n);
    const DeviceBuffer<float> out = to_device(emulator, std::vector<float>(n * ffn, untouched));
    using Kernel = kernels::GateUp<DType::q8_0, 4>;
    Kernel::Params p;
    p.gate = wg.matrix;
    p.up = wu.matrix;
    p.in = in.in;
    p.h = out.data();
    p.stride = ffn;
    emulator.launch<Kernel>(Kernel::grid(p, 2), p);
    return to_host(out);
  });
  for (unsigned i = 0; i < n; ++i) {
    for (unsigned j = 0; j < ffn; ++j) {
      const Expected g = expected_product(gate.raw, j, rows.normed(i)), u = expected_product(up.raw, j, rows.normed(i));
      const Expected gated = expected_gate(g, u, Activation::silu);
      CHECK(close(static_cast<double>(h[i * ffn + j]), gated.value, gated.bound));
    }
  }
}

TEST_CASE("synchronising: the output head") {
  constexpr unsigned vocab = 9, hidden = 256;
  const RandomWeight head(DType::q6_k, vocab, hidden, 5);
  const NormedRows rows(1, hidden, 7);
  const std::vector<float> logits = in_every_order([&](Emulator& emulator) {
    const DeviceMatrix w(emulator, head.raw);
    const DeviceRows in(emulator, rows, 0, 1);
    const DeviceBuffer<float> out = to_device(emulator, std::vector<float>(vocab, untouched));
    using Kernel = kernels::Logits<DType::q6_k, 1>;
    Kernel::Params p;
    p.head = w.matrix;
    p.in = in.in;
    p.logits = out.data();
    emulator.launch<Kernel>(Kernel::grid(p, 2), p);
    return to_host(out);
  });
  for (unsigned j = 0; j < vocab; ++j) {
    const Expected product = expected_product(head.raw, j, rows.normed(0));
    CHECK(close(static_cast<double>(logits[j]), product.value, product.bound));
  }
}

TEST_CASE("synchronising: queries, keys and values of two types, of two rows") {
  constexpr unsigned hidden = 64, n = 2;
  const AttentionSetting s({2, 1, 8, 8, true}, n, n, true, false);
  const RandomWeight q(DType::q8_0, s.dim(0), hidden, 1), k(DType::f16, s.dim(1), hidden, 2),
      v(DType::q8_0, s.dim(2), hidden, 3);
  const NormedRows rows(n, hidden, 7);
  AttentionResult<float> result;
  static_cast<void>(in_every_order([&](Emulator& emulator) {
    const DeviceMatrix wq(emulator, q.raw), wk(emulator, k.raw), wv(emulator, v.raw);
    const DeviceRows in(emulator, rows, 0, n);
    const DeviceSetting<float> device(emulator, s);
    using Kernel = kernels::ProjectQkv<2, float>;
    Kernel::Params p;
    device.put(p, s);
    p.w[0] = wq.matrix;
    p.w[1] = wk.matrix;
    p.w[2] = wv.matrix;
    p.in = in.in;
    const Grid grid = Kernel::grid(p, 4);
    CHECK(grid.x >= 3);  // a block at least for each matrix
    emulator.launch<Kernel>(grid, p);
    result = device.result();
    std::vector<float> all = result.q;
    all.insert(all.end(), result.k.begin(), result.k.end());
    all.insert(all.end(), result.v.begin(), result.v.end());
    return all;
  }));
  const RawTensor* const weights[] = {&q.raw, &k.raw, &v.raw};
  const auto sum = [&](unsigned m, unsigned i, unsigned r) { return expected_product(*weights[m], r, rows.normed(i)); };
  check_attention(result, s, sum, 0x1p-24);
}

TEST_CASE("synchronising: norms of rows") {
  constexpr unsigned columns = 70, n = 2;
  const std::vector<float> x = random_inputs(n * columns, 3), norm = random_inputs(columns, 4);
  const std::vector<float> h = in_every_order([&](Emulator& emulator) {
    const DeviceBuffer<float> in = to_device(emulator, x), weight = to_device(emulator, norm);
    const DeviceBuffer<float> out(emulator, n * columns);
    using Kernel = kernels::RmsNorm<kernels::GemmType::f32>;
    const Kernel::Params p{{in.data(), columns, nullptr, n, columns, weight.data(), 1e-5f}, out.data()};
    emulator.launch<Kernel>(Kernel::grid(p), p);
    return to_host(out);
  });
  for (unsigned i = 0; i < n; ++i) {
    double squares = 0;
    for (unsigned j = 0; j < columns; ++j) squares += std::pow(static_cast<double>(x[i * columns + j]), 2);
    const double factor = 1 / std::sqrt(squares / columns + 1e-5);
    for (unsigned j = 0; j < columns; ++j) {
      const double expected = static_cast<double>(x[i * columns + j]) * factor * static_cast<double>(norm[j]);
      CHECK(close(h[i * columns + j], expected, 1e-5 * std::abs(expected)));
    }
  }
}

TEST_CASE("synchronising: the last of two blocks merges the summaries of a row of logits") {
  constexpr unsigned vocab = kernels::TokenSummary::chunk + 31, best = kernels::TokenSummary::chunk + 7;
  std::vector<float> logits(vocab, -1.0f);
  logits[best] = 5.0f;
  logits[3] = 4.0f;
  const std::vector<float> found = in_every_order([&](Emulator& emulator) {
    const DeviceBuffer<float> in = to_device(emulator, logits);
    const DeviceBuffer<kernels::LogitSummary> partial(emulator, 2), summary(emulator, 1);
    const DeviceBuffer<int> finished = to_device(emulator, std::vector<int>{0});
    const kernels::TokenSummary::Params p{in.data(), 1, vocab, partial.data(), finished.data(), summary.data()};
    emulator.launch<kernels::TokenSummary>(kernels::TokenSummary::grid(p), p);
    CHECK(finished.data()[0] == 0);
    const kernels::LogitSummary& s = summary.data()[0];
    return std::vector<float>{s.largest, s.second, s.sum, s.weighted, static_cast<float>(s.token)};
  });
  CHECK(found[0] == 5.0f);
  CHECK(found[1] == 4.0f);
  CHECK(close(found[2], 1 + std::exp(-1.0) + (vocab - 2) * std::exp(-6.0), 1e-4));
  CHECK(found[4] == best);
}

TEST_CASE("synchronising: moments of rows") {
  constexpr unsigned columns = 67;
  const std::vector<float> before = random_inputs(columns, 5), after = random_inputs(columns, 6);
  const std::vector<float> moments = in_every_order([&](Emulator& emulator) {
    const DeviceBuffer<float> x = to_device(emulator, before), y = to_device(emulator, after);
    const DeviceBuffer<float> out(emulator, 3);
    const kernels::MeasureRows::Params p{x.data(), y.data(), nullptr, columns, 1, out.data()};
    emulator.launch<kernels::MeasureRows>(kernels::MeasureRows::grid(p), p);
    return to_host(out);
  });
  double xy = 0, xx = 0, yy = 0;
  for (unsigned j = 0; j < columns; ++j) {
    const auto a = static_cast<double>(before[j]), b = static_cast<double>(after[j]);
    xy += a * b;
    xx += a * a;
    yy += b * b;
  }
  CHECK(close(moments[0], xy, 1e-5 * std::sqrt(xx * yy)));
  CHECK(close(moments[1], xx, 1e-5 * xx));
  CHECK(close(moments[2], yy, 1e-5 * yy));
}

TEST_CASE("synchronising: a norm between a product and the stream") {
  constexpr unsigned columns = 67;
  const std::vector<float> stream = random_inputs(columns, 5), branch = random_inputs(columns, 6);
  const std::vector<float> norm = random_inputs(columns, 7);
  const std::vector<float> found = in_every_order([&](Emulator& emulator) {
    const DeviceBuffer<float> x = to_device(emulator, stream), y = to_device(emulator, branch);
    const DeviceBuffer<float> w = to_device(emulator, norm);
    const DeviceBuffer<int> row = to_device(emulator, std::vector<int>{0});
    const kernels::AddNormedRows::Params p{x.data(), y.data(), row.data(), w.data(), columns, 1, 0.5f, 0.25f};
    emulator.launch<kernels::AddNormedRows>(kernels::AddNormedRows::grid(p), p);
    return to_host(x);
  });
  double squares = 0;
  for (const float value : branch) squares += static_cast<double>(value) * static_cast<double>(value);
  for (unsigned j = 0; j < columns; ++j) {
    const double added = 0.5 * static_cast<double>(branch[j]) / std::sqrt(squares / columns + 0.25);
    CHECK(close(found[j], static_cast<double>(stream[j]) + added * static_cast<double>(norm[j]), 1e-5));
  }
}

TEST_CASE("synchronising: the largest logits of a row, one after the other") {
  constexpr unsigned vocab = 37, count = 3;
  std::vector<float> logits = random_inputs(vocab, 10);
  const std::vector<float> found = in_every_order([&](Emulator& emulator) {
    const DeviceBuffer<float> in = to_device(emulator, logits), top(emulator, count);
    const kernels::TopLogits::Params p{in.data(), 1, vocab, count, top.data()};
    emulator.launch<kernels::TopLogits>(kernels::TopLogits::grid(p), p);
    return to_host(top);
  });
  std::sort(logits.begin(), logits.end(), std::greater<>());
  CHECK(same_bits(found, std::vector<float>(logits.begin(), logits.begin() + count)));
}

namespace {

// Rows of two query heads that share the keys and values of one slot; row i sees all entries but the last n - 1 - i.
struct SmallAttention {
  static constexpr unsigned head_dim = 8;
  SmallAttention(unsigned rows, unsigned all)
      : n(rows),
        entries(all),
        q(random_inputs(rows * 2 * head_dim, 7)),
        k(random_inputs(all * head_dim, 8)),
        v(random_inputs(all * head_dim, 9)) {
    for (unsigned i = 0; i < n; ++i) visible.push_back(static_cast<int>(entries - (n - 1 - i)));
  }

  // finish(p) sets the parameters that only this kernel has.
  template <class Kernel, class Finish>
  [[nodiscard]] std::vector<float> run(Emulator& emulator, const Finish& finish) const {
    const DeviceBuffer<float> queries = to_device(emulator, q), out(emulator, q.size());
    const DeviceBuffer<float> keys = to_device(emulator, k), values = to_device(emulator, v);
    const DeviceBuffer<int> zeros = to_device(emulator, std::vector<int>(n, 0)), seen = to_device(emulator, visible);
    typename Kernel::Params p;
    p.q = queries.data();
    p.rows = {zeros.data(), zeros.data(), zeros.data(), seen.data(), n};
    p.shape.n_heads = 2;
    p.shape.n_kv_heads = 1;
    p.shape.head_dim = head_dim;
    p.scale = 0.5f;
    p.cache = {keys.data(), values.data(), 1, 1, entries, head_dim};
    p.out = out.data();
    finish(p);
    emulator.launch<Kernel>(Kernel::grid(p), p);
    return to_host(out);
  }

  void check(const std::vector<float>& found) const {
    for (unsigned i = 0; i < 2 * n; ++i) {  // row i / 2, head i % 2
      std::vector<double> expected(head_dim, 0.0);
      double sum = 0;
      for (std::size_t e = 0; e < static_cast<std::size_t>(visible[i / 2]); ++e) {
        double dot = 0;
        for (unsigned j = 0; j < head_dim; ++j) {
          dot += static_cast<double>(q[i * head_dim + j]) * static_cast<double>(k[e * head_dim + j]);
        }
        const double weight = std::exp(0.5 * dot);
        sum += weight;
        for (unsigned j = 0; j < head_dim; ++j) expected[j] += weight * static_cast<double>(v[e * head_dim + j]);
      }
      for (unsigned j = 0; j < head_dim; ++j) CHECK(close(found[i * head_dim + j], expected[j] / sum, 1e-4));
    }
  }

  unsigned n, entries;
  std::vector<float> q, k, v;
  std::vector<int> visible;
};

}  // namespace

TEST_CASE("synchronising: attention over two chunks of a context") {
  using Kernel = kernels::Attend<float, 2>;
  const SmallAttention a(1, Kernel::chunk + 5);
  a.check(in_every_order([&](Emulator& emulator) {
    const DeviceBuffer<float> partial(emulator, std::size_t{2} * 2 * (SmallAttention::head_dim + 2));
    const DeviceBuffer<int> finished = to_device(emulator, std::vector<int>{0});
    std::vector<float> out = a.run<Kernel>(emulator, [&](Kernel::Params& p) {
      p.max_chunks = 2;
      p.partial = partial.data();
      p.finished = finished.data();
    });
    CHECK(finished.data()[0] == 0);
    return out;
  }));
}

TEST_CASE("synchronising: attention of several rows over three tiles of a context") {
  using Kernel = kernels::AttendTiled<float, 64>;
  const SmallAttention a(3, 2 * Kernel::tile_entries + 5);
  a.check(in_every_order([&](Emulator& emulator) {
    const DeviceBuffer<int> tiles = to_device(emulator, std::vector<int>{0, 3});
    return a.run<Kernel>(emulator, [&](Kernel::Params& p) {
      p.tiles = tiles.data();
      p.n_tiles = 1;
    });
  }));
}
