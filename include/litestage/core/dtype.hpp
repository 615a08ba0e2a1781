// The element types of weights in model files: the geometry of their blocks, and what their codes mean.
// Block layouts: ggml-org/llama.cpp ggml/src/ggml-common.h (facts of the file format); ids are those of GGUF.
//
// All that backends know of a type is derived from its row in dtype_table, its block in core/quant_blocks.hpp, and the
// number of bits of its codes.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "litestage/core/error.hpp"
#include "litestage/core/host_device.hpp"

namespace litestage {

enum class DType : std::uint8_t {
  f32,
  f16,
  bf16,
  q8_0,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q4_k,
  q5_k,
  q6_k,
  q2_k,
  q3_k,
  iq4_nl,
  iq4_xs,
  mxfp4
};

// The numbers that the codes of 4 bits of some types stand for: those of IQ4_NL and IQ4_XS lie closer around zero, and
// those of MXFP4 are twice the values of E2M1, a floating-point number of 4 bits, so that they are integers.
inline constexpr std::int8_t iq4_numbers[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                1,    13,   25,  38,  53,  69,  89,  113};
inline constexpr std::int8_t doubled_e2m1[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// The integer codes of a quantised type: w = scale * number + minimum, where number = code - offset, or an entry of a
// table. In blocks of 256, scale and minimum are those of the block times a small integer for each part of it.
struct Coding {
  int bits = 0;  // of a code; 0: not quantised
  int offset = 0;
  bool has_min = false;                  // otherwise the minimum is 0
  int scale_columns = 32;                // elements with one scale
  const std::int8_t* numbers = nullptr;  // [16] the table, if there is one
  bool power_scale = false;              // the scale is a power of two, stored as its exponent; otherwise it is a half

  [[nodiscard]] constexpr int number(int code) const { return numbers != nullptr ? numbers[code] : code - offset; }
};

struct DTypeInfo {
  DType type;
  std::string_view name;    // as GGUF tools print it
  std::uint32_t gguf_id;    // ggml_type of the file format
  std::size_t block_size;   // elements per block, 1, 32 or 256; a row is a whole number of blocks
  std::size_t block_bytes;  // bytes per block
  Coding coding = {};

  [[nodiscard]] constexpr bool quantised() const { return coding.bits != 0; }
  [[nodiscard]] constexpr bool super_blocks() const { return block_size == 256; }
};

// In the order of the enumeration.
inline constexpr DTypeInfo dtype_table[] = {
    {DType::f32, "F32", 0, 1, 4},
    {DType::f16, "F16", 1, 1, 2},
    {DType::bf16, "BF16", 30, 1, 2},
    {DType::q8_0, "Q8_0", 8, 32, 34, {.bits = 8, .offset = 128}},
    {DType::q4_0, "Q4_0", 2, 32, 18, {.bits = 4, .offset = 8}},
    {DType::q4_1, "Q4_1", 3, 32, 20, {.bits = 4, .has_min = true}},
    {DType::q5_0, "Q5_0", 6, 32, 22, {.bits = 5, .offset = 16}},
    {DType::q5_1, "Q5_1", 7, 32, 24, {.bits = 5, .has_min = true}},
    {DType::q4_k, "Q4_K", 12, 256, 144, {.bits = 4, .has_min = true}},
    {DType::q5_k, "Q5_K", 13, 256, 176, {.bits = 5, .has_min = true}},
    {DType::q6_k, "Q6_K", 14, 256, 210, {.bits = 6, .offset = 32, .scale_columns = 16}},
    {DType::q2_k, "Q2_K", 10, 256, 84, {.bits = 2, .has_min = true, .scale_columns = 16}},
    {DType::q3_k, "Q3_K", 11, 256, 110, {.bits = 3, .offset = 4, .scale_columns = 16}},
    {DType::iq4_nl, "IQ4_NL", 20, 32, 18, {.bits = 4, .numbers = iq4_numbers}},
    {DType::iq4_xs, "IQ4_XS", 23, 256, 136, {.bits = 4, .numbers = iq4_numbers}},
    {DType::mxfp4, "MXFP4", 39, 32, 17, {.bits = 4, .numbers = doubled_e2m1, .power_scale = true}},
};

[[nodiscard]] constexpr const DTypeInfo& info(DType type) {
  return dtype_table[static_cast<std::size_t>(type)];
}
[[nodiscard]] constexpr std::string_view name(DType type) {
  return info(type).name;
}

// Whether the table is in its order, and the backends have layouts for all of its codings.
[[nodiscard]] constexpr bool dtype_table_valid() {
  std::size_t index = 0;
  for (const DTypeInfo& entry : dtype_table) {
    const Coding& c = entry.coding;
    const auto offset = static_cast<unsigned>(c.offset);
    const bool bits = c.bits == 0 || (c.bits >= 2 && c.bits <= 6) || (c.bits == 8 && offset == 128);
    const bool scales = c.scale_columns == 32 || (c.scale_columns == 16 && entry.super_blocks());
    if (static_cast<std::size_t>(entry.type) != index++ || !bits || !scales) return false;
    if (offset != 0 && !std::has_single_bit(offset)) return false;
    if (c.numbers != nullptr && (c.bits != 4 || offset != 0 || c.has_min)) return false;
    if (c.power_scale && (entry.super_blocks() || c.has_min)) return false;
  }
  return true;
}
static_assert(dtype_table_valid());

// The type with this id in a GGUF file, or nothing if litestage does not support it.
[[nodiscard]] constexpr std::optional<DType> dtype_from_gguf(std::uint32_t id) {
  for (const DTypeInfo& entry : dtype_table) {
    if (entry.gguf_id == id) return entry.type;
  }
  return std::nullopt;
}

// Bytes of a row of `columns` elements. `columns` is a multiple of the block size.
[[nodiscard]] inline std::size_t row_bytes(DType type, std::size_t columns) {
  const DTypeInfo& entry = info(type);
  LITESTAGE_ASSERT(columns % entry.block_size == 0, columns, " columns in blocks of ", entry.block_size);
  return columns / entry.block_size * entry.block_bytes;
}

// Calls f.template operator()<type>(): turns a run-time type into a compile-time constant.
template <class F>
LITESTAGE_HOST_DEVICE decltype(auto) with_type(DType type, F&& f) {
  switch (type) {
    case DType::f32:
      return f.template operator()<DType::f32>();
    case DType::f16:
      return f.template operator()<DType::f16>();
    case DType::bf16:
      return f.template operator()<DType::bf16>();
    case DType::q8_0:
      return f.template operator()<DType::q8_0>();
    case DType::q4_0:
      return f.template operator()<DType::q4_0>();
    case DType::q4_1:
      return f.template operator()<DType::q4_1>();
    case DType::q5_0:
      return f.template operator()<DType::q5_0>();
    case DType::q5_1:
      return f.template operator()<DType::q5_1>();
    case DType::q4_k:
      return f.template operator()<DType::q4_k>();
    case DType::q5_k:
      return f.template operator()<DType::q5_k>();
    case DType::q6_k:
      return f.template operator()<DType::q6_k>();
    case DType::q2_k:
      return f.template operator()<DType::q2_k>();
    case DType::q3_k:
      return f.template operator()<DType::q3_k>();
    case DType::iq4_nl:
      return f.template operator()<DType::iq4_nl>();
    case DType::iq4_xs:
      return f.template operator()<DType::iq4_xs>();
    case DType::mxfp4:
      break;
  }
  return f.template operator()<DType::mxfp4>();  // only mxfp4: a new type without a case above is a compiler warning
}

}  // namespace litestage
