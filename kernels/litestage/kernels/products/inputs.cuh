// The inputs of a matrix-vector product in shared memory. Every block prepares its own copy: normalised if a norm is
// given, and for quantised weights rounded to 8 bits in blocks of 32, as on the CPU, so that one instruction multiplies
// and adds four of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "litestage/kernels/products/weights.cuh"
#include "litestage/kernels/rows/four.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

// Rows of a matrix of floats in global memory.
struct InputRows {
  const float* x = nullptr;  // rows at `stride`
  unsigned stride = 0;
  const int* rows = nullptr;  // [n] input i is row rows[i]; nullptr: row i
  unsigned n = 0;             // number of inputs
  unsigned columns = 0;
  const float* norm = nullptr;  // [columns] of RMSNorm: h_j = x_j norm_j / sqrt(mean(x^2) + eps); nullptr: x unchanged
  float eps = 0;

  template <class C>
  LITESTAGE_DEVICE const float* row(C& t, unsigned i) const {
    return x + static_cast<std::size_t>(rows == nullptr ? i : static_cast<unsigned>(t.load(rows + i))) * stride;
  }
  friend bool operator==(const InputRows&, const InputRows&) = default;
};

// Bytes of shared memory that a block needs for n inputs.
LITESTAGE_HOST_DEVICE constexpr std::size_t staged_bytes(const Format& f, unsigned n, unsigned columns,
                                                         unsigned threads) {
  const std::size_t units = (columns + f.unit_columns - 1) / f.unit_columns;
  const std::size_t blocks = f.quantised() ? units * f.unit_blocks() : 0;
  const std::size_t numbers = units * f.unit_columns * (f.quantised() ? 1 : sizeof(float));
  return n * (numbers + blocks * 8 + threads / warp_size * sizeof(float));
}

// Up to N inputs in shared memory, for products with weights of type `type`.
//     codes (or floats) [N][planes][units] of 16 bytes: a thread that takes unit u reads one vector of each plane, and
//                       its neighbours the next ones, so that there are no bank conflicts. Plane p holds columns 16 p
//                       to 16 p + 15 of every unit as bytes, or 4 p to 4 p + 3 as floats.
//     scales            [N][blocks] float
//     sums              [N][blocks] two 16-bit sums of codes, of the first 16 columns and of the second
//     partial sums      [N][warps] of the norm
template <DType type, unsigned N>
class StagedInputs {
 public:
  static constexpr Format f = format_of(type);
  static constexpr unsigned planes = f.quantised() ? 2 * f.unit_blocks() : f.unit_columns / 4;

  LITESTAGE_HOST_DEVICE explicit StagedInputs(unsigned columns)
      : units_((columns + f.unit_columns - 1) / f.unit_columns) {}

  LITESTAGE_HOST_DEVICE unsigned units() const { return units_; }

  // Prepares the inputs. All threads of a block must call this; afterwards they may read all inputs.
  template <class C>
  LITESTAGE_DEVICE void fill(C& t, const InputRows& in) const {
    measure(t, in);
    LITESTAGE_UNROLL_BY(1)  // keeps the code small
    for (unsigned i = 0; i < N; ++i) {
      if constexpr (f.quantised())
        fill_codes(t, in, i, factor(t, in, i));
      else
        fill_floats(t, in, i, factor(t, in, i));
    }
    t.sync();
  }

  template <class C>
  LITESTAGE_DEVICE const Vector16& vector(C& t, unsigned i, unsigned plane, unsigned unit) const {
    return t.template shared<Vector16>(0)[(i * planes + plane) * units_ + unit];
  }
  template <class C>
  LITESTAGE_DEVICE float& scale(C& t, unsigned i, unsigned block) const {
    return t.template shared<float>(scales_at())[i * blocks() + block];
  }
  template <class C>
  LITESTAGE_DEVICE std::uint32_t& sums(C& t, unsigned i, unsigned block) const {
    return t.template shared<std::uint32_t>(sums_at())[i * blocks() + block];
  }

 private:
  LITESTAGE_HOST_DEVICE unsigned blocks() const { return f.quantised() ? units_ * f.unit_blocks() : 0; }
  LITESTAGE_HOST_DEVICE std::size_t scales_at() const { return std::size_t{N} * planes * units_ * 16; }
  LITESTAGE_HOST_DEVICE std::size_t sums_at() const { return scales_at() + std::size_t{N} * blocks() * 4; }

  template <class C>
  LITESTAGE_DEVICE float* partial(C& t, unsigned i) const {
    return t.template shared<float>(sums_at() + std::size_t{N} * blocks() * 4) + i * (t.block_size() / warp_size);
  }
  // Computes each warp's sum of squares, if there is a norm. The order of a sum does not depend on N.
  template <class C>
  LITESTAGE_DEVICE void measure(C& t, const InputRows& in) const {
    if (in.norm == nullptr) return;
    for (unsigned i = 0; i < in.n; ++i) {
      const float* x = in.row(t, i);
      float squares = 0;
      for (unsigned v = t.thread(); 4 * v < in.columns; v += t.block_size()) {
        const Four four = load_four(t, x, v, in.columns);
        LITESTAGE_UNROLL
        for (unsigned j = 0; j < 4; ++j) squares = fmaf(four.value[j], four.value[j], squares);
      }
      squares = warp_sum(t, squares);
      if (lane(t) == 0) partial(t, i)[warp(t)] = squares;
    }
    t.sync();
  }
  // 1 / sqrt(mean(x^2) + eps) of input i, 1 without a norm.
  template <class C>
  LITESTAGE_DEVICE float factor(C& t, const InputRows& in, unsigned i) const {
    if (in.norm == nullptr || i >= in.n) return 1;
    float squares = 0;
    for (unsigned k = 0; k < t.block_size() / warp_size; ++k) squares += partial(t, i)[k];
    return norm_factor(squares / static_cast<float>(in.columns) + in.eps);
  }

  // Columns 4 v to 4 v + 3 of input i; zero past the end of the row and for i past the last input.
  template <class C>
  LITESTAGE_DEVICE static Four input(C& t, const InputRows& in, unsigned i, unsigned v, float factor) {
    if (i >= in.n) return {};
    Four four = load_four(t, in.row(t, i), v, in.columns);
    if (in.norm == nullptr) return four;
    const Four norm = load_four(t, in.norm, v, in.columns);
    LITESTAGE_UNROLL
    for (unsigned j = 0; j < 4; ++j) four.value[j] = four.value[j] * factor * norm.value[j];
    return four;
  }

  template <class C>
  LITESTAGE_DEVICE void fill_floats(C& t, const InputRows& in, unsigned i, float factor) const {
    for (unsigned v = t.thread(); v < planes * units_; v += t.block_size()) {
      const Four four = input(t, in, i, v, factor);
      t.template shared<Vector16>(0)[(i * planes + v % planes) * units_ + v / planes] = vector_of(four.value);
    }
  }

  // Eight lanes round one block, four columns each: code = x 127 / max, rounded once to nearest even; scale = max /
  // 127. A NaN or infinity in a block makes its scale, and so every result, NaN; a block below 2^-120 counts as zero.
  template <class C>
  LITESTAGE_DEVICE void fill_codes(C& t, const InputRows& in, unsigned i, float factor) const {
    for (unsigned first = 0; first < blocks(); first += t.block_size() / 8) {
      const unsigned block = first + t.thread() / 8, part = t.thread() % 8;
      const Four four = block < blocks() ? input(t, in, i, block * 8 + part, factor) : Four{};
      std::uint32_t largest = 0;  // magnitudes of floats are ordered like their bits, and NaN is above infinity
      LITESTAGE_UNROLL
      for (unsigned j = 0; j < 4; ++j) {
        const std::uint32_t magnitude = bits_of(four.value[j]) & 0x7fffffffu;
        largest = magnitude > largest ? magnitude : largest;
      }
      LITESTAGE_UNROLL
      for (unsigned mask = 4; mask > 0; mask /= 2) {
        const std::uint32_t other = t.shfl_xor(largest, mask);
        largest = other > largest ? other : largest;
      }
      const bool finite = largest < 0x7f800000u;
      const float max = float_of_bits(largest);
      const float inverse = finite && max >= 7.5231638e-37f ? 127.0f / max : 0.0f;
      std::uint32_t word = 0;
      int sum = 0;
      LITESTAGE_UNROLL
      for (unsigned j = 0; j < 4; ++j) {
        const int code = inverse == 0.0f ? 0 : nearest_code(four.value[j], inverse);
        word |= (static_cast<std::uint32_t>(code) & 0xffu) << (8 * j);
        sum += code;
      }
      sum += t.shfl_xor(sum, 1);
      sum += t.shfl_xor(sum, 2);  // over 16 columns
      const int other_sum = t.shfl_xor(sum, 4);
      if (block >= blocks()) continue;
      const unsigned plane = block % f.unit_blocks() * 2 + part / 4;
      t.template shared<std::uint32_t>(0)[((i * planes + plane) * units_ + block / f.unit_blocks()) * 4 + part % 4] =
          word;
      if (part != 0) continue;
      scale(t, i, block) = !finite ? float_of_bits(0x7fc00000u) : inverse == 0.0f ? 0.0f : max / 127.0f;
      sums(t, i, block) = (static_cast<std::uint32_t>(sum) & 0xffffu) | (static_cast<std::uint32_t>(other_sum) << 16);
    }
  }
  LITESTAGE_DEVICE static int nearest_code(float x, float inverse) {
    constexpr float magic = 12582912.0f;  // 1.5 * 2^23: adding it leaves the rounded integer in the low bits
    return static_cast<int>(bits_of(fmaf(x, inverse, magic))) - static_cast<int>(0x4b400000u);
  }

  unsigned units_;  // per row; the last one is padded with zeros
};

}  // namespace litestage::kernels
