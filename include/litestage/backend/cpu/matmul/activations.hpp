// The inputs of matrix products, prepared once for all matrices that they are multiplied with: rounded to 8 bits in
// blocks of 32 for quantised weights, aligned rows of float for the others.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "litestage/backend/cpu/instruction_set.hpp"
#include "litestage/backend/cpu/matmul/panel_format.hpp"
#include "litestage/core/tensor.hpp"
#include "litestage/core/threads/range.hpp"

namespace litestage::cpu {

// A block of 32 activations: x[j] is about scale * codes[j].
struct ActivationBlock {
  std::int8_t codes[32];            // -127..127
  float scale;                      // max |x| / 127
  float scaled_sum;                 // scale * (sum of codes), for the minimums of weights
  std::int32_t negative_sum;        // -(sum of codes), for the offsets of weights
  std::int32_t negative_sum_first;  // -(sum of the first 16 codes)

  // -(sum of the first 16 codes, or of the last)
  [[nodiscard]] LITESTAGE_ALWAYS_INLINE std::int32_t negative_half(std::size_t half) const {
    return half == 0 ? negative_sum_first : negative_sum - negative_sum_first;
  }
  // scale * (sum of the first 16 codes, or of the last), for minimums of 16 weights
  [[nodiscard]] LITESTAGE_ALWAYS_INLINE float scaled_half(std::size_t half) const {
    return scale * static_cast<float>(-negative_half(half));
  }
};
static_assert(sizeof(ActivationBlock) == 48);

// The forms of the input that are needed by the matrices it is multiplied with.
struct ActivationForms {
  bool codes = false, floats = false;

  friend ActivationForms operator|(ActivationForms a, ActivationForms b) {
    return {a.codes || b.codes, a.floats || b.floats};
  }
};
[[nodiscard]] inline ActivationForms forms_for(DType weight) {
  return {!is_float(weight), is_float(weight)};
}

namespace detail {

// Blocks whose largest magnitude is below this count as zero: 127 / max must stay finite.
inline constexpr float smallest_scaled = 0x1p-120f;

// One function body for all instruction sets, which the compiler vectorises for each. code = x * (127 / max), rounded
// once, to nearest even: adding 1.5 * 2^23 leaves the integer in the low bits.
LITESTAGE_ALWAYS_INLINE void quantise_block(const float* x, ActivationBlock& block) {
  std::uint32_t largest = 0;  // magnitudes of floats are ordered like their bits, and NaN is above infinity
  for (int j = 0; j < 32; ++j) {
    const std::uint32_t magnitude = std::bit_cast<std::uint32_t>(x[j]) & 0x7fffffffu;
    largest = magnitude > largest ? magnitude : largest;
  }
  const bool finite = largest < 0x7f800000u;
  const float max = std::bit_cast<float>(largest);
  if (!finite || max < smallest_scaled) {
    // With NaN or infinity in a block its scale is NaN, and so is every result that uses it.
    block = ActivationBlock{};
    block.scale = block.scaled_sum = finite ? 0.0f : std::bit_cast<float>(0x7fc00000u);
    return;
  }
  const float inverse = 127.0f / max;
  constexpr float magic = 0x1.8p23f;
  std::int32_t codes[32];
  for (int j = 0; j < 32; ++j) {
    codes[j] = std::bit_cast<std::int32_t>(__builtin_fmaf(x[j], inverse, magic)) - std::bit_cast<std::int32_t>(magic);
  }
  std::int32_t first = 0, second = 0;
  for (int j = 0; j < 16; ++j) first += codes[j];
  for (int j = 16; j < 32; ++j) second += codes[j];
  for (int j = 0; j < 32; ++j) block.codes[j] = static_cast<std::int8_t>(codes[j]);
  block.scale = max / 127.0f;
  block.scaled_sum = block.scale * static_cast<float>(first + second);
  block.negative_sum = -(first + second);
  block.negative_sum_first = -first;
}

inline void quantise_portable(const float* x, ActivationBlock* blocks, std::size_t n) {
  for (std::size_t b = 0; b < n; ++b) quantise_block(x + b * block_columns, blocks[b]);
}
#if defined(__x86_64__)
LITESTAGE_TARGET_AVX2 inline void quantise_avx2(const float* x, ActivationBlock* blocks, std::size_t n) {
  for (std::size_t b = 0; b < n; ++b) quantise_block(x + b * block_columns, blocks[b]);
}
LITESTAGE_TARGET_AVX512 inline void quantise_avx512(const float* x, ActivationBlock* blocks, std::size_t n) {
  for (std::size_t b = 0; b < n; ++b) quantise_block(x + b * block_columns, blocks[b]);
}
#endif

}  // namespace detail

// Converts x[0 .. 32 n) to n blocks. A row's blocks depend on that row alone and are equal in all instruction sets.
inline void quantise(InstructionSet set, const float* x, ActivationBlock* blocks, std::size_t n) {
#if defined(__x86_64__)
  if (set == InstructionSet::avx512) return detail::quantise_avx512(x, blocks, n);
  if (set == InstructionSet::avx2 || set == InstructionSet::avxvnni) return detail::quantise_avx2(x, blocks, n);
#endif
  static_cast<void>(set);
  detail::quantise_portable(x, blocks, n);
}

class Activations {
 public:
  explicit Activations(InstructionSet set) : set_(set) {}

  // Sets the size, `rows` x `columns`, and the forms. It is called before `set_row`. It allocates only
  // if no earlier shape was as large. If codes are needed, `columns` is a multiple of 32.
  void reshape(std::size_t rows, std::size_t columns, ActivationForms forms) {
    LITESTAGE_ASSERT(!forms.codes || columns % block_columns == 0, columns, " columns in blocks of ", block_columns);
    rows_ = rows;
    columns_ = columns;
    forms_ = forms;
    const std::size_t n_blocks = forms.codes ? rows * blocks_per_row() : 0;
    if (n_blocks > blocks_.size()) blocks_ = Buffer<ActivationBlock>(n_blocks);
    const std::size_t n_floats = forms.floats ? rows * float_stride() : 0;
    if (n_floats > floats_.size()) floats_ = Buffer<float>(n_floats);
  }

  // Leaves only the first n rows.
  void keep_first(std::size_t n) {
    LITESTAGE_ASSERT(n <= rows_, n, " of ", rows_, " rows");
    rows_ = n;
  }

  // Sets row i to x [columns]. Different threads may set different rows at the same time.
  void set_row(std::size_t i, const float* x) {
    if (forms_.codes) quantise(set_, x, blocks_.data() + i * blocks_per_row(), blocks_per_row());
    if (forms_.floats) std::memcpy(floats_.data() + i * float_stride(), x, columns_ * sizeof(float));
  }
  // Sets rows [first, last) from x [rows, columns], which are one thread's share.
  void set_rows(View<const float, 2> x, Range rows) {
    for (std::size_t i = rows.first; i < rows.last; ++i) set_row(i, x.row(i));
  }

  [[nodiscard]] InstructionSet instruction_set() const { return set_; }
  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t columns() const { return columns_; }
  [[nodiscard]] ActivationForms forms() const { return forms_; }
  [[nodiscard]] std::size_t blocks_per_row() const { return columns_ / block_columns; }
  [[nodiscard]] std::size_t float_stride() const { return (columns_ + 15) / 16 * 16; }
  [[nodiscard]] const ActivationBlock* blocks(std::size_t i) const { return blocks_.data() + i * blocks_per_row(); }
  [[nodiscard]] const float* floats(std::size_t i) const { return floats_.data() + i * float_stride(); }

 private:
  InstructionSet set_;
  std::size_t rows_ = 0, columns_ = 0;
  ActivationForms forms_;
  Buffer<ActivationBlock> blocks_;  // [rows, columns / 32]
  Buffer<float> floats_;            // [rows, columns rounded up to 16]
};

}  // namespace litestage::cpu
