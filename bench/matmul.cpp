// Matrix products of the cpu backend by one thread: a weight type, a shape, a number of inputs.
// Bytes count packed weights read; a multiply-add is 2 operations. The matrices of a decode case total more than 100
// MB, so that every product reads memory, as in a model's forward pass. Results are checked against double before
// timing.
#include "litestage/backend/cpu/matmul/matmul.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <stdexcept>
#include <vector>

#include "litestage/backend/cpu/matmul/pack.hpp"
#include "litestage/core/threads/thread_team.hpp"

namespace {

using namespace litestage;

// The scales of a quantised block: small and positive.
template <class Block>
void set_scales(std::byte* data) {
  Block block;
  std::memcpy(&block, data, sizeof(block));
  if constexpr (requires { block.e; }) block.e = 122;
  if constexpr (requires { block.d; }) block.d = to_f16(0.01f);
  if constexpr (requires { block.m; }) block.m = to_f16(0.003f);
  if constexpr (requires { block.dmin; }) block.dmin = to_f16(0.003f);
  std::memcpy(data, &block, sizeof(block));
}

// Random codes.
std::vector<std::byte> random_weight(DType type, std::size_t rows, std::size_t columns) {
  std::mt19937 random(1);
  std::vector<std::byte> data(rows * row_bytes(type, columns));
  for (std::byte& b : data) b = static_cast<std::byte>(random() & 255);
  for (std::size_t at = 0; at < data.size(); at += info(type).block_bytes) {
    const float value = static_cast<float>(random() % 2001) / 1000 - 1;
    const f16 half = to_f16(value);
    const bf16 upper = to_bf16(value);
    with_type(type, [&]<DType t>() {
      if constexpr (t == DType::f32)
        std::memcpy(data.data() + at, &value, 4);
      else if constexpr (t == DType::f16)
        std::memcpy(data.data() + at, &half, 2);
      else if constexpr (t == DType::bf16)
        std::memcpy(data.data() + at, &upper, 2);
      else
        set_scales<typename DiskBlock<t>::Type>(data.data() + at);
    });
  }
  return data;
}

void verify(const RawTensor& raw, const std::vector<float>& x, const std::vector<float>& y) {
  std::vector<double> w(raw.columns);
  for (std::size_t r = 0; r < raw.rows; r += 7) {
    dequantize_row(raw.type, raw.row(r), w.data(), raw.columns);
    double value = 0, squares = 0;
    for (std::size_t k = 0; k < raw.columns; ++k) {
      value += w[k] * x[k];
      squares += w[k] * w[k];
    }
    // The bound: rounding inputs in [-1, 1] to steps of 1/127 moves each by at most half a step, at random; 8
    // deviations.
    if (!(std::abs(value - y[r]) <= 8 * std::sqrt(squares) / 127 / std::sqrt(12.0) + 1e-3)) {
      throw std::runtime_error(concat("row ", r, " is ", y[r], ", expected ", value));
    }
  }
}

void product(benchmark::State& state, DType type, std::size_t rows, std::size_t columns, std::size_t n) {
  const cpu::InstructionSet set = cpu::choose_instruction_set();
  const std::vector<std::byte> data = random_weight(type, rows, columns);
  const RawTensor raw{"weight", type, rows, columns, data.data()};
  ThreadTeam team(1);
  const std::size_t wanted = n < 16 ? std::size_t{110} << 20 : 1;
  std::vector<cpu::PackedMatrix> matrices;
  cpu::PanelMemory memory;
  for (std::size_t bytes = 0; bytes < wanted; bytes += matrices.back().bytes())
    matrices.emplace_back(raw, team, memory);
  std::mt19937 random(2);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> x(n * columns), y(n * rows);
  for (float& v : x) v = uniform(random);
  cpu::Activations a(set);
  a.reshape(n, columns, cpu::forms_for(type));
  a.set_rows(View<const float, 2>(x.data(), {n, columns}), Range{0, n});
  cpu::PanelScratch scratch;
  const auto multiply = [&](const cpu::PackedMatrix& w) {
    cpu::matmul(View<float, 2>(y.data(), {n, rows}), a, w, Range{0, w.panels()}, scratch);
  };
  multiply(matrices[0]);
  verify(raw, x, y);
  std::size_t next = 0;
  for (auto _ : state) {
    multiply(matrices[next]);
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
    next = next + 1 == matrices.size() ? 0 : next + 1;
  }
  const auto turns = static_cast<double>(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(matrices[0].stream_bytes()));
  state.counters["operations"] = benchmark::Counter(turns * 2 * static_cast<double>(n * rows * columns),
                                                    benchmark::Counter::kIsRate, benchmark::Counter::kIs1000);
  state.counters["weights"] = benchmark::Counter(turns * static_cast<double>(rows * columns),
                                                 benchmark::Counter::kIsRate, benchmark::Counter::kIs1000);
  state.SetLabel(std::string(cpu::name(set)));
}

// Rounding one row of inputs to 8 bits.
void quantise_row(benchmark::State& state) {
  const auto columns = static_cast<std::size_t>(state.range(0));
  const cpu::InstructionSet set = cpu::choose_instruction_set();
  const std::vector<float> x(columns, 0.3f);
  cpu::Activations a(set);
  a.reshape(1, columns, {.codes = true});
  for (auto _ : state) {
    a.set_row(0, x.data());
    benchmark::ClobberMemory();
  }
  if (a.blocks(0)[0].codes[0] != 127) throw std::runtime_error("the largest input must be code 127");
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(columns * sizeof(float)));
}
BENCHMARK(quantise_row)->Arg(576)->Arg(1536)->Arg(8960);

// Packing one panel of 16 rows, as in loading and, with --no-pack, in every product.
void pack(benchmark::State& state, DType type) {
  const std::vector<std::byte> data = random_weight(type, 16, 1536);
  const RawTensor raw{"weight", type, 16, 1536, data.data()};
  std::vector<std::byte> panel(cpu::panel_bytes(type, 1536));
  for (auto _ : state) {
    cpu::pack_panel(raw, 0, panel.data());
    benchmark::DoNotOptimize(panel.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(data.size()));
}

struct Shape {
  std::size_t rows, columns;
};

const bool registered = [] {
  for (const DTypeInfo& entry : dtype_table) {
    const std::string type(entry.name);
    for (const Shape shape : {Shape{1536, 576}, Shape{4864, 896}, Shape{8960, 1536}, Shape{1536, 8960}}) {
      if (shape.columns % entry.block_size != 0) continue;
      for (std::size_t n : {1, 2, 4, 8, 128}) {
        const std::string name = concat("product/", type, "/", shape.rows, "x", shape.columns, "/inputs:", n);
        benchmark::RegisterBenchmark(name.c_str(), product, entry.type, shape.rows, shape.columns, n);
      }
    }
    benchmark::RegisterBenchmark(concat("pack/", type).c_str(), pack, entry.type);
  }
  return true;
}();

}  // namespace
