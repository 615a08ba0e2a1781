// Shared by tests of the kernels that run before an attention: heads of a shape, RoPE angles, rows with their places in
// a cache, and the comparison of a head's numbers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "common/close.hpp"
#include "common/random_weight.hpp"
#include "kernels/device.hpp"
#include "kernels/products/products.hpp"
#include "litestage/backend/reference/reference_backend.hpp"
#include "litestage/backend/reference/row_operations.hpp"
#include "litestage/kernels/products/project_qkv.cuh"

namespace litestage::test {

// n rows in slots of a cache of two layers; layer 1 is written.
struct AttentionSetting {
  static constexpr unsigned layers = 2, layer = 1, capacity = 24, slots = 3, positions = 40;
  kernels::HeadShape shape;
  unsigned n, n_run;
  std::vector<int> slot, position, entry;  // [n]
  std::vector<float> cos, sin;             // [positions, rotary_dim / 2]
  std::vector<float> bias[3], norm[2];     // or empty

  AttentionSetting(const kernels::HeadShape& head_shape, unsigned rows, unsigned run, bool biases, bool norms)
      : shape(head_shape), n(rows), n_run(run) {
    shape.norm_eps = 1e-6f;
    for (unsigned i = 0; i < n; ++i) {  // entries of a slot go down as its positions go up
      slot.push_back(static_cast<int>((2 * i + 1) % slots));
      position.push_back(static_cast<int>((11 * i + 5) % positions));
      entry.push_back(static_cast<int>(capacity - 1 - i));
    }
    for (unsigned at = 0; at < positions * shape.rotary_dim / 2; ++at) {
      const double angle = 0.37 * at;
      cos.push_back(static_cast<float>(std::cos(angle)));
      sin.push_back(static_cast<float>(std::sin(angle)));
    }
    for (unsigned m = 0; m < 3 && biases; ++m) bias[m] = random_inputs(dim(m), 50 + m);
    for (unsigned m = 0; m < 2 && norms; ++m) norm[m] = random_inputs(shape.head_dim, 60 + m);
  }

  [[nodiscard]] unsigned heads(unsigned m) const { return m == 0 ? shape.n_heads : shape.n_kv_heads; }
  [[nodiscard]] unsigned dim(unsigned m) const { return heads(m) * shape.head_dim; }
  [[nodiscard]] unsigned raw_dim() const { return dim(0) + dim(1) + dim(2); }
  [[nodiscard]] std::size_t cache_size() const { return std::size_t{slots} * layers * capacity * dim(1); }

  // Turns the sums of matrix m and row i into the finished numbers: bias, norm of each head, RoPE.
  void finish(double* row, unsigned m, unsigned i) const {
    const auto vector = [](const std::vector<float>& values) {
      return ReferenceBackend::Vector{std::vector<double>(values.begin(), values.end())};
    };
    if (m == 2) return reference::add_bias(row, vector(bias[2]));
    AttentionShape a;
    a.n_heads = shape.n_heads;
    a.n_kv_heads = shape.n_kv_heads;
    a.head_dim = shape.head_dim;
    a.rotary_dim = shape.rotary_dim;
    a.rope_halves = shape.halves;
    a.norm_eps = shape.norm_eps;
    const std::vector<double> c(cos.begin(), cos.end()), s(sin.begin(), sin.end());
    const std::size_t half = shape.rotary_dim / 2;
    const RopeTable<ReferenceBackend> rope{{c.data(), {positions, half}}, {s.data(), {positions, half}}};
    reference::finish_heads(row, heads(m), vector(bias[m]), vector(norm[m]), a, rope,
                            static_cast<std::size_t>(position[i]));
  }
};

// The memory after a launch: queries and the whole cache.
template <class T>
struct AttentionResult {
  std::vector<float> q;  // [n, q_dim]
  std::vector<T> k, v;   // [slots][layers][kv_heads][capacity][head_dim]
  friend bool operator==(const AttentionResult& a, const AttentionResult& b) {
    return same_bits(a.q, b.q) && same_bits(a.k, b.k) && same_bits(a.v, b.v);
  }
};

template <class T>
inline constexpr T untouched_entry = std::is_same_v<T, float> ? T(untouched) : T(0x5555);

// The rows of a setting in the emulated device, from row `first` on.
template <class T>
struct DeviceSetting {
  DeviceSetting(Emulator& emulator, const AttentionSetting& s, unsigned first = 0)
      : slots(to_device(emulator, s.slot)),
        positions(to_device(emulator, s.position)),
        entries(to_device(emulator, s.entry)),
        cos(to_device(emulator, s.cos)),
        sin(to_device(emulator, s.sin)),
        q(to_device(emulator, std::vector<float>(std::size_t{s.n} * s.dim(0), untouched))),
        k(to_device(emulator, std::vector<T>(s.cache_size(), untouched_entry<T>))),
        v(to_device(emulator, std::vector<T>(s.cache_size(), untouched_entry<T>))) {
    const std::vector<float>* const all[] = {&s.bias[0], &s.bias[1], &s.bias[2], &s.norm[0], &s.norm[1]};
    for (const std::vector<float>* values : all) vectors.push_back(to_device(emulator, *values));
    for (unsigned m = 0; m < 5; ++m) vector[m] = all[m]->empty() ? nullptr : vectors[m].data();
    rows = {slots.data() + first, positions.data() + first, entries.data() + first, nullptr,
            s.n_run > first ? s.n_run - first : 0};
    cache = {k.data(),        v.data(), AttentionSetting::layers, s.shape.n_kv_heads, AttentionSetting::capacity,
             s.shape.head_dim};
  }
  // Sets all parameters except the source of the sums.
  template <class Params>
  void put(Params& p, const AttentionSetting& s, unsigned first = 0) const {
    for (unsigned m = 0; m < 3; ++m) p.bias[m] = vector[m];
    p.rows = rows;
    p.shape = s.shape;
    p.rope = {cos.data(), sin.data()};
    p.q = q.data() + std::size_t{first} * s.dim(0);
    p.cache = cache;
    p.layer = AttentionSetting::layer;
  }
  [[nodiscard]] AttentionResult<T> result() const { return {to_host(q), to_host(k), to_host(v)}; }

  DeviceBuffer<int> slots, positions, entries;
  DeviceBuffer<float> cos, sin, q;
  DeviceBuffer<T> k, v;
  std::vector<DeviceBuffer<float>> vectors;
  const float* vector[5];  // three biases, two norms
  kernels::AttentionInputs rows;
  kernels::Cache<T> cache;
};

// The numbers [dim(m)] of matrix m and row i after a launch. They are marked as untouched in `rest`.
template <class T>
[[nodiscard]] std::vector<double> take_row(AttentionResult<T>& rest, const AttentionSetting& s, unsigned m,
                                           unsigned i) {
  std::vector<double> row;
  const unsigned d = s.shape.head_dim;
  for (unsigned j = 0; j < s.dim(m); ++j) {
    if (m == 0) {
      float& value = rest.q[std::size_t{i} * s.dim(0) + j];
      row.push_back(static_cast<double>(value));
      value = untouched;
      continue;
    }
    const kernels::Cache<T> cache{
        nullptr, nullptr, AttentionSetting::layers, s.shape.n_kv_heads, AttentionSetting::capacity, d};
    const std::size_t at =
        cache.at(static_cast<unsigned>(s.slot[i]), AttentionSetting::layer, j / d, static_cast<unsigned>(s.entry[i])) +
        j % d;
    T& value = (m == 1 ? rest.k : rest.v)[at];
    if constexpr (std::is_same_v<T, float>)
      row.push_back(static_cast<double>(value));
    else
      row.push_back(static_cast<double>(to_float(f16{value})));
    value = untouched_entry<T>;
  }
  return row;
}

// Everything of `found` against double; what has no business to be written is untouched. `sum(m, i, r)`: row r of
// matrix m times input i, and how far the kernel's sum may be off; `relative`: error of what is done to a sum before
// RoPE. RoPE gives a number the errors of both numbers of its pair, at most 2 of the larger, and three roundings of
// each; |a| + |b| is at most twice the root of 2 times the larger of the two after it.
template <class T, class Sum>
void check_attention(const AttentionResult<T>& found, const AttentionSetting& s, const Sum& sum, double relative) {
  AttentionResult<T> rest = found;
  for (unsigned i = 0; i < s.n; ++i) {
    for (unsigned m = i < s.n_run ? 0 : 1; m < 3; ++m) {
      std::vector<double> expected(s.dim(m));
      double off = 0, largest = 0;
      for (unsigned r = 0; r < s.dim(m); ++r) {
        const Expected e = sum(m, i, r);
        expected[r] = e.value;
        off = std::max(off, e.bound);
      }
      s.finish(expected.data(), m, i);
      for (const double value : expected) largest = std::max(largest, std::abs(value));
      const double bound = 2 * off + 2.83 * largest * (relative + 4 * 0x1p-24);
      const bool rounded = m != 0 && !std::is_same_v<T, float>;
      const std::vector<double> row = take_row(rest, s, m, i);
      for (unsigned r = 0; r < s.dim(m); ++r) {
        const double half_step = rounded ? std::abs(expected[r]) * 0x1p-11 + 0x1p-25 : 0;
        if (close(row[r], expected[r], bound * (1 + 0x1p-10) + half_step)) continue;
        FAIL_CHECK("matrix ", m, ", row ", i, ", number ", r, ": ", row[r], " is not ", expected[r], " to within ",
                   bound + half_step);
        return;
      }
    }
  }
  CHECK(std::all_of(rest.q.begin(), rest.q.end(), [](float value) { return value == untouched; }));
  for (const std::vector<T>* memory : {&rest.k, &rest.v}) {
    CHECK(std::all_of(memory->begin(), memory->end(), [](T value) { return value == untouched_entry<T>; }));
  }
}

}  // namespace litestage::test
