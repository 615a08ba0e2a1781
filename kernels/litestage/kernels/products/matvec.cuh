// Multiplies rows of a matrix with a few inputs: the common part of all projections of a few tokens.
//
// A row is summed by `lanes` neighbouring threads (8, 16 or 32 of a warp), each of which takes every `lanes`-th unit,
// and then by a butterfly. The order of the sum depends only on the shape of the matrix, not on the number of inputs or
// the grid, so the bits of a result are the same in any batch.
#pragma once

#include <cstddef>
#include <cstdint>

#include "litestage/kernels/products/inputs.cuh"
#include "litestage/kernels/products/weights.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

inline constexpr unsigned matvec_threads = 128;
// Units of a row that a thread loads before it uses the first, so that at least four vectors are in flight.
[[nodiscard]] LITESTAGE_HOST_DEVICE constexpr unsigned units_ahead(unsigned unit_vectors) {
  return unit_vectors == 1 ? 2 : 1;
}
// How many blocks of a product with n inputs a multiprocessor should hold. This limits the registers per thread to 64
// for one input and to 168 for 16. Types of which a thread loads 128 columns at a time need more registers, but have
// more loads in flight in return.
[[nodiscard]] LITESTAGE_HOST_DEVICE constexpr unsigned matvec_resident(const Format& f, unsigned n) {
  const unsigned blocks = n <= 1 ? 8 : n <= 2 ? 6 : n <= 4 ? 5 : n <= 8 ? 4 : 3;
  if (f.unit_columns * units_ahead(f.unit_vectors) < 128) return blocks;
  return n <= 1 ? 5 : n <= 2 ? 4 : blocks - 1;
}

// The number of threads that sum a row together. Short rows get fewer, because most of 32 threads would have nothing to
// read: 576 columns of Q8_0 are 18 units.
[[nodiscard]] LITESTAGE_HOST_DEVICE constexpr unsigned lanes_for(unsigned units) {
  return units >= 48 ? 32 : units >= 24 ? 16 : 8;
}
// Rows that a block works on at a time: two for each group of lanes.
[[nodiscard]] LITESTAGE_HOST_DEVICE constexpr unsigned rows_at_once(unsigned units) {
  return 2 * matvec_threads / lanes_for(units);
}
// The number of blocks of a launch: at most `resident`, the number that the device holds at a time. A block prepares
// the inputs once, and then processes every tile of rows whose number is congruent to its own modulo the number of
// blocks.
[[nodiscard]] constexpr unsigned matvec_blocks(unsigned rows, unsigned units, unsigned resident) {
  const unsigned tiles = (rows + rows_at_once(units) - 1) / rows_at_once(units);
  return tiles < resident ? tiles : resident;
}

struct RowOf {
  const Matrix& matrix;
  unsigned row;
};

// sum += the product of 32 weights and 32 inputs; exact except for the two to four roundings at the end.
template <DType type>
LITESTAGE_DEVICE void add_block(const Codes& codes, const BlockScale& scale, const Vector16& first16,
                                const Vector16& second16, float input_scale, std::uint32_t input_sums, float& sum) {
  constexpr Format f = format_of(type);
  const int sum_first = static_cast<std::int16_t>(input_sums & 0xffffu);
  const int sum_second = static_cast<std::int16_t>(input_sums >> 16);
  int first = -f.offset * sum_first, second = -f.offset * sum_second;
  LITESTAGE_UNROLL
  for (unsigned i = 0; i < 4; ++i) {
    first = dot4(codes.word[i], first16.word[i], first);
    second = dot4(codes.word[i + 4], second16.word[i], second);
  }
  if constexpr (f.half_scales) {
    sum = fmaf(input_scale * scale.first, static_cast<float>(first), sum);
    sum = fmaf(input_scale * scale.second, static_cast<float>(second), sum);
  } else {
    sum = fmaf(input_scale * scale.first, static_cast<float>(first + second), sum);
  }
  if constexpr (f.has_min && f.half_scales) {
    sum = fmaf(input_scale * scale.minimum, static_cast<float>(sum_first), sum);
    sum = fmaf(input_scale * scale.second_minimum, static_cast<float>(sum_second), sum);
  } else if constexpr (f.has_min) {
    sum = fmaf(input_scale * scale.minimum, static_cast<float>(sum_first + sum_second), sum);
  }
}

// Loads vectors [first, first + count) of unit u of both rows.
template <DType type, class C>
LITESTAGE_DEVICE void load_vectors(C& t, const RowOf (&rows)[2], unsigned units, unsigned u, unsigned first,
                                   unsigned count, Vector16 (&unit)[2][format_of(type).unit_vectors]) {
  LITESTAGE_UNROLL
  for (unsigned r = 0; r < 2; ++r) {
    const std::size_t row = static_cast<std::size_t>(rows[r].row) * format_of(type).unit_vectors * units;
    LITESTAGE_UNROLL
    for (unsigned v = first; v < first + count; ++v) unit[r][v] = t.load(rows[r].matrix.codes + row + (v * units + u));
  }
}

// sum[r][i] += the contribution of unit u to the product of row r and input i. add_blocks is for quantised weights,
// add_elements for the other types.
template <DType type, unsigned N, class C>
LITESTAGE_DEVICE void add_blocks(C& t, const RowOf (&rows)[2], const StagedInputs<type, N>& in, unsigned u,
                                 float (&sum)[2][N]) {
  constexpr Format f = format_of(type);
  // `sharing` blocks have their codes, or the low bits of them, in `of_block` vectors.
  constexpr unsigned of_block = f.code_bits == 8 ? 2 : 1, sharing = f.code_bits < 4 ? 2 : 1;
  constexpr unsigned of_all = f.unit_blocks() / sharing * of_block;
  Vector16 unit[2][f.unit_vectors];
  load_vectors<type>(t, rows, in.units(), u, of_all, f.unit_vectors - of_all, unit);
  LITESTAGE_UNROLL
  for (unsigned b = 0; b < f.unit_blocks(); ++b) {
    if (b % sharing == 0) load_vectors<type>(t, rows, in.units(), u, b / sharing * of_block, of_block, unit);
    const unsigned at = N < 16 ? u : recomputed(u);
    const unsigned block = at * f.unit_blocks() + b;
    const BlockScale scale[2] = {block_scale<type>(t, rows[0].matrix, rows[0].row, block),
                                 block_scale<type>(t, rows[1].matrix, rows[1].row, block)};
    const Codes codes[2] = {unpack<type>(unit[0], b), unpack<type>(unit[1], b)};
    LITESTAGE_UNROLL
    for (unsigned i = 0; i < N; ++i) {
      const Vector16 first = in.vector(t, i, 2 * b, at), second = in.vector(t, i, 2 * b + 1, at);
      const float input_scale = in.scale(t, i, block);
      const std::uint32_t input_sums = in.sums(t, i, block);
      LITESTAGE_UNROLL
      for (unsigned r = 0; r < 2; ++r) {
        add_block<type>(codes[r], scale[r], first, second, input_scale, input_sums, sum[r][i]);
      }
    }
  }
}

template <DType type, unsigned N, class C>
LITESTAGE_DEVICE void add_elements(C& t, const RowOf (&rows)[2], const StagedInputs<type, N>& in, unsigned u,
                                   float (&sum)[2][N]) {
  Vector16 unit[2][1];
  load_vectors<type>(t, rows, in.units(), u, 0, 1, unit);
  LITESTAGE_UNROLL
  for (unsigned i = 0; i < N; ++i) {
    LITESTAGE_UNROLL
    for (unsigned p = 0; p < in.planes; ++p) {
      const Vector16 x = in.vector(t, i, p, u);
      LITESTAGE_UNROLL
      for (unsigned j = 0; j < 4; ++j) {
        LITESTAGE_UNROLL
        for (unsigned r = 0; r < 2; ++r) {
          sum[r][i] = fmaf(element<type>(unit[r][0], 4 * p + j), float_of_bits(x.word[j]), sum[r][i]);
        }
      }
    }
  }
}

template <DType type, unsigned N, class C>
LITESTAGE_DEVICE void add_unit(C& t, const RowOf (&rows)[2], const StagedInputs<type, N>& in, unsigned u,
                               float (&sum)[2][N]) {
  if constexpr (format_of(type).quantised())
    add_blocks<type, N>(t, rows, in, u, sum);
  else
    add_elements<type, N>(t, rows, in, u, sum);
}

// sum[r][i] += the contribution of units first, first + step, ... to the product of row r and input i.
template <DType type, unsigned N, class C>
LITESTAGE_DEVICE void add_units(C& t, const RowOf (&rows)[2], const StagedInputs<type, N>& in, unsigned first,
                                unsigned step, float (&sum)[2][N]) {
  constexpr unsigned turns = units_ahead(format_of(type).unit_vectors);
  unsigned u = first;
  for (; u + (turns - 1) * step < in.units(); u += turns * step) {
    LITESTAGE_UNROLL
    for (unsigned k = 0; k < turns; ++k) add_unit<type, N>(t, rows, in, u + k * step, sum);
  }
  if constexpr (turns > 1) {
    LITESTAGE_UNROLL_BY(1)
    for (; u < in.units(); u += step) add_unit<type, N>(t, rows, in, u, sum);
  }
}

// sum[r][i] = the product of row r and input i, in every lane of the group.
template <DType type, unsigned N, class C>
LITESTAGE_DEVICE void multiply(C& t, const RowOf (&rows)[2], const StagedInputs<type, N>& in, unsigned lanes,
                               float (&sum)[2][N]) {
  LITESTAGE_UNROLL
  for (unsigned i = 0; i < N; ++i) sum[0][i] = sum[1][i] = 0;
  add_units<type, N>(t, rows, in, t.thread() % lanes, lanes, sum);
  for (unsigned mask = lanes / 2; mask > 0; mask /= 2) {
    LITESTAGE_UNROLL
    for (unsigned i = 0; i < N; ++i) {
      sum[0][i] += t.shfl_xor(sum[0][i], mask);
      sum[1][i] += t.shfl_xor(sum[1][i], mask);
    }
  }
}

// Calls f(i, sum[0][i], sum[1][i]) for the inputs i < n whose results this lane writes: lane i % lanes of a group
// writes the results of input i. The loop is not unrolled, so that the code of f exists only once.
template <unsigned N, class C, class F>
LITESTAGE_DEVICE void for_each_own(C& t, const float (&sum)[2][N], unsigned n, unsigned lanes, const F& f) {
  LITESTAGE_UNROLL_BY(1)
  for (unsigned i = t.thread() % lanes; i < n; i += lanes) {
    float first = sum[0][0], second = sum[1][0];
    LITESTAGE_UNROLL
    for (unsigned k = 1; k < N; ++k) {
      first = k == i ? sum[0][k] : first;
      second = k == i ? sum[1][k] : second;
    }
    f(i, first, second);
  }
}

// Calls finish(row, i, product) once for every row of w and every input i < n. All threads of a block call this; the
// blocks of a grid share the rows.
template <DType type, unsigned N, class C, class Finish>
LITESTAGE_DEVICE void for_each_product(C& t, const Matrix& w, const StagedInputs<type, N>& in, unsigned n,
                                       const Finish& finish) {
  const unsigned lanes = lanes_for(in.units()), step = rows_at_once(in.units());
  for (unsigned tile = t.block().x * step; tile < w.rows; tile += t.grid().x * step) {
    const unsigned row = tile + t.thread() / lanes * 2;
    // Lanes past the last row recompute the last row, so that their warp stays whole.
    const unsigned last = w.rows - 1;
    const RowOf rows[2] = {{w, row < last ? row : last}, {w, row + 1 < last ? row + 1 : last}};
    float sum[2][N];
    multiply<type, N>(t, rows, in, lanes, sum);
    for_each_own<N>(t, sum, n, lanes, [&](unsigned i, float first, float second) {
      if (row < w.rows) finish(row, i, first);
      if (row + 1 < w.rows) finish(row + 1, i, second);
    });
  }
}

}  // namespace litestage::kernels
