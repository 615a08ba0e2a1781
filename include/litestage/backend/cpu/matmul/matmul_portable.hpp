// Plain C++ on the same panels, for any CPU. Each row has the same operations as in the vector kernels, to the bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "litestage/backend/cpu/matmul/panel_job.hpp"

namespace litestage::cpu {

namespace detail {

// The code of vector v, byte i (panel_format.hpp).
template <int bits>
[[nodiscard]] inline int code_at(const std::uint8_t* block, int v, int i) {
  if constexpr (bits == 8) return block[v * 64 + i];
  if constexpr (bits == 3) {
    const int byte = block[v / 3 * 64 + i];
    return v % 3 != 2 ? (byte >> (v % 3 * 3)) & 7 : (byte >> 6) | ((block[2 * 64 + i] >> (6 + v / 3)) & 1) << 2;
  }
  int code = 0, part = 0;
  if constexpr (bits == 5) {
    code = ((block[i] >> v) & 1) << 4;
    part = 1;
  }
  if constexpr (bits == 6 || bits == 2) {
    code |= ((block[(part + v / 4) * 64 + i] >> (v % 4 * 2)) & 3) << (bits == 6 ? 4 : 0);
    part += 2;
  }
  if constexpr (bits >= 4) {
    const int byte = block[(part + v % 4) * 64 + i];
    code |= v < 4 ? byte & 15 : byte >> 4;
  }
  return code;
}
// The unsigned number that this code stands for.
template <DType type>
[[nodiscard]] inline std::uint8_t number_at(const std::uint8_t* block, int v, int i) {
  const int code = code_at<panel_traits<type>.code_bits>(block, v, i);
  if constexpr (panel_traits<type>.has_table) return panel_table<type>[code];
  return static_cast<std::uint8_t>(code);
}

[[nodiscard]] inline float f16_at(const std::byte* p, std::size_t i) {
  f16 h;
  std::memcpy(&h, p + 2 * i, sizeof(h));
  return to_float(h);
}

// Scale and minimum of row r in sub-block s of a group. The products are exact: 11 bits times at most 8.
struct RowFactors {
  float scale, min;
};
template <DType type>
[[nodiscard]] inline RowFactors factors_at(const std::byte* group, std::size_t s, std::size_t r) {
  constexpr PanelTraits traits = panel_traits<type>;
  RowFactors f{0, traits.has_min ? f16_at(group + 32, r) : 0.0f};
  if constexpr (traits.power_scale) {
    f.scale = scale_of(BlockMXFP4{static_cast<std::uint8_t>(group[r]), {}});
  } else {
    f.scale = f16_at(group, r);
  }
  if constexpr (traits.super_blocks) {
    const auto sub = static_cast<std::uint8_t>(group[traits.sub_scales_at() + s * panel_rows + r]);
    if constexpr (traits.paired_subs()) {
      f.scale *= static_cast<float>(sub & 15);
      f.min *= -static_cast<float>(sub >> 4);
    } else if constexpr (traits.has_min) {
      f.scale *= static_cast<float>(sub);
      f.min *= -static_cast<float>(static_cast<std::uint8_t>(group[traits.sub_mins_at() + s * panel_rows + r]));
    } else {
      f.scale *= static_cast<float>(static_cast<std::int8_t>(sub));
    }
  }
  return f;
}

}  // namespace detail

// The tiles of `run_tiles`. Those of four inputs share the unpacked codes of a block. The number of inputs is a
// run-time value, so that there is one function per weight type.
struct PortablePanels {
  template <DType type>
  static void run(const PanelJob& job) {
    run_tiles<PortablePanels, type>(job);
  }

  static constexpr int largest_tile = 4;

  template <DType type, int n>
  static void tile(const PanelJob& job, std::size_t token) {
    tile_of<type>(job, token, n);
  }

 private:
  template <DType type>
  static void tile_of(const PanelJob& job, std::size_t token, std::size_t n) {
    float acc[largest_tile][panel_rows] = {};
    if constexpr (is_float(type)) {
      float_tile<type>(job, token, n, acc);
    } else {
      quantised_tile<type>(job, token, n, acc);
    }
    store(job, token, n, acc[0]);
  }
  __attribute__((noinline)) static void store(const PanelJob& job, std::size_t token, std::size_t n, float* v) {
    store_rows(job, token, n, v);
  }

  // The integer sums of vectors first .. last - 1 for 16 rows.
  template <int n_vectors>
  static void dot(const std::uint8_t (&w)[8][64], const ActivationBlock& x, int first, std::int32_t start,
                  std::int32_t (&sum)[panel_rows]) {
    for (std::int32_t& s : sum) s = start;
    for (int v = first; v < first + n_vectors; ++v) {
      for (std::size_t r = 0; r < panel_rows; ++r) {
        for (std::size_t j = 0; j < 4; ++j) sum[r] += w[v][r * 4 + j] * x.codes[static_cast<std::size_t>(v) * 4 + j];
      }
    }
  }

  // Adds block b of `group` to acc, for each row: scale * (numbers . x) of each section with a scale of its own, then
  // minimum * (sum of x) of each for types with minimums.
  template <DType type>
  static void add_block(const std::byte* group, std::size_t b, const std::uint8_t (&w)[8][64], const ActivationBlock& x,
                        float (&acc)[panel_rows]) {
    constexpr PanelTraits traits = panel_traits<type>;
    constexpr std::size_t subs = sections<type>;
    constexpr std::int32_t offset = traits.offset_shift < 0 ? 0 : 1 << (traits.offset_shift & 31);
    const std::int32_t negative[2] = {subs == 2 ? x.negative_half(0) : x.negative_sum, x.negative_half(1)};
    for (std::size_t s = 0; s < subs; ++s) {
      std::int32_t sum[panel_rows];
      dot<static_cast<int>(8 / subs)>(w, x, static_cast<int>(s) * 4, offset * negative[s], sum);
      for (std::size_t r = 0; r < panel_rows; ++r) {
        const float scale = detail::factors_at<type>(group, b * subs + s, r).scale;
        acc[r] = __builtin_fmaf(scale * x.scale, static_cast<float>(sum[r]), acc[r]);
      }
    }
    if constexpr (traits.has_min) {
      for (std::size_t s = 0; s < subs; ++s) {
        const float x_sum = subs == 1 ? x.scaled_sum : x.scaled_half(s);
        for (std::size_t r = 0; r < panel_rows; ++r) {
          acc[r] = __builtin_fmaf(detail::factors_at<type>(group, b * subs + s, r).min, x_sum, acc[r]);
        }
      }
    }
  }

  template <DType type>
  static void quantised_tile(const PanelJob& job, std::size_t token, std::size_t n,
                             float (&acc)[largest_tile][panel_rows]) {
    constexpr PanelTraits traits = panel_traits<type>;
    const std::byte* group = job.panel;
    for (std::size_t g = 0; g < job.inputs->columns() / traits.group_columns(); ++g, group += traits.group_bytes()) {
      for (std::size_t b = 0; b < traits.group_blocks(); ++b) {
        const std::byte* block = group + traits.codes_at() + b * traits.code_bytes();
        std::uint8_t w[8][64];
        for (int v = 0; v < 8; ++v) {
          for (int i = 0; i < 64; ++i) {
            w[v][i] = detail::number_at<type>(reinterpret_cast<const std::uint8_t*>(block), v, i);
          }
        }
        for (std::size_t t = 0; t < n; ++t) {
          const ActivationBlock* x = job.inputs->blocks(token + t);
          add_block<type>(group, b, w, x[g * traits.group_blocks() + b], acc[t]);
        }
      }
    }
  }

  template <DType type>
  [[nodiscard]] static float weight_at(const std::byte* panel, std::size_t i) {
    if constexpr (type == DType::f16) return detail::f16_at(panel, i);
    if constexpr (type == DType::f32) {
      float value;
      std::memcpy(&value, panel + 4 * i, sizeof(value));
      return value;
    }
    bf16 value;
    std::memcpy(&value, panel + 2 * i, sizeof(value));
    return to_float(value);
  }

  // Even and odd columns are two independent sums, added at the end.
  template <DType type>
  static void float_tile(const PanelJob& job, std::size_t token, std::size_t n,
                         float (&acc)[largest_tile][panel_rows]) {
    for (std::size_t t = 0; t < n; ++t) {
      const float* x = job.inputs->floats(token + t);
      float odd[panel_rows] = {};
      for (std::size_t k = 0; k < job.inputs->columns(); ++k) {
        float* chain = k % 2 == 0 ? acc[t] : odd;
        for (std::size_t r = 0; r < panel_rows; ++r) {
          chain[r] = __builtin_fmaf(weight_at<type>(job.panel, k * panel_rows + r), x[k], chain[r]);
        }
      }
      for (std::size_t r = 0; r < panel_rows; ++r) acc[t][r] += odd[r];
    }
  }
};

}  // namespace litestage::cpu
