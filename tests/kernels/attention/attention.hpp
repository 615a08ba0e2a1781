// Random attentions for tests of the kernels, and their results in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "common/close.hpp"
#include "common/random_weight.hpp"
#include "kernels/device.hpp"
#include "litestage/kernels/attention/cache.cuh"
#include "litestage/kernels/attention/heads.cuh"
#include "litestage/kernels/products/project_qkv.cuh"

namespace litestage::test {

struct AttentionRow {
  int slot = 0, visible = 1;
  unsigned query = 0;  // of RandomAttention::q
  int first = 0;       // entries first .. visible - 1 are seen
};

template <class T>
struct RandomAttention {
  static constexpr unsigned slots = 3, layers = 2, layer = 1, queries = 40;

  RandomAttention(unsigned head_dim, unsigned group, unsigned n_kv_heads, unsigned entries) : capacity(entries + 2) {
    shape.n_heads = group * n_kv_heads;
    shape.n_kv_heads = n_kv_heads;
    shape.head_dim = head_dim;
    scale = 1 / std::sqrt(static_cast<float>(head_dim));
    q = random_inputs(std::size_t{queries} * shape.q_dim(), head_dim + group);
    for (std::size_t i = 0; i < q.size(); ++i) q[i] *= static_cast<float>(1 + i / shape.q_dim() % 3 * 3);
    const std::size_t numbers = std::size_t{slots} * layers * shape.kv_dim() * capacity;
    std::mt19937 random(head_dim * 8 + group);
    k = stored(random, numbers);
    v = stored(random, numbers);
  }
  // The last two entries of every head are NaN, because no row may see them.
  [[nodiscard]] std::vector<T> stored(std::mt19937& random, std::size_t numbers) const {
    std::vector<T> x(numbers);
    for (std::size_t i = 0; i < numbers; ++i) {
      const float number = static_cast<float>(random() % 65536) / 16384.0f - 2.0f;
      x[i] = kernels::to_stored<T>(i / shape.head_dim % capacity >= capacity - 2 ? NAN : number);
    }
    return x;
  }
  [[nodiscard]] std::vector<float> queries_of(const std::vector<AttentionRow>& rows) const {
    std::vector<float> of_rows;
    for (const AttentionRow& row : rows) {
      const auto first = q.begin() + row.query * shape.q_dim();
      of_rows.insert(of_rows.end(), first, first + shape.q_dim());
    }
    return of_rows;
  }

  kernels::HeadShape shape;
  unsigned capacity;
  float scale = 0;
  std::vector<float> q;  // [queries, q_dim]
  std::vector<T> k, v;
};

// A RandomAttention and rows of it in the emulated device.
template <class T>
struct DeviceAttention {
  DeviceAttention(Emulator& emulator, const RandomAttention<T>& a, const std::vector<AttentionRow>& rows)
      : q(to_device(emulator, a.queries_of(rows))),
        k(to_device(emulator, a.k)),
        v(to_device(emulator, a.v)),
        slots(numbers(emulator, rows, &AttentionRow::slot)),
        visible(numbers(emulator, rows, &AttentionRow::visible)),
        first(numbers(emulator, rows, &AttentionRow::first)),
        windowed(std::any_of(rows.begin(), rows.end(), [](const AttentionRow& row) { return row.first != 0; })),
        out(emulator, q.size()) {}
  static DeviceBuffer<int> numbers(Emulator& emulator, const std::vector<AttentionRow>& rows,
                                   int AttentionRow::*which) {
    std::vector<int> all;
    for (const AttentionRow& row : rows) all.push_back(row.*which);
    return to_device(emulator, all);
  }
  // Sets the parameters that both kernels have.
  template <class Params>
  [[nodiscard]] Params params(const RandomAttention<T>& a) const {
    Params p;
    p.q = q.data();
    p.rows.slots = slots.data();
    p.rows.visible = visible.data();
    p.rows.n_run = static_cast<unsigned>(slots.size());
    p.rows.first = windowed ? first.data() : nullptr;
    p.shape = a.shape;
    p.scale = a.scale;
    p.cache = {k.data(), v.data(), a.layers, a.shape.n_kv_heads, a.capacity, a.shape.head_dim};
    p.layer = a.layer;
    p.out = out.data();
    return p;
  }
  DeviceBuffer<float> q;
  DeviceBuffer<T> k, v;
  DeviceBuffer<int> slots, visible, first;
  bool windowed;
  DeviceBuffer<float> out;
};

// Numbers of roundings in a kernel: operations of a score, operations of the sums over entries, and exponentials whose
// product is a weight.
struct Roundings {
  double score = 0, sums = 0, exponentials = 0;
};

struct ExpectedHead {
  std::vector<double> value, bound;
};

// The result and error bound of one query head of one row. `k` and `v` are the stored numbers, so their rounding to f16
// is no error here. With u = 2^-24:
//
// Each operation of a score has an error of at most u times the sum of |q k|, and so has the scale. The relative error
// of a weight is the absolute error of its score.
//
// score - largest is computed in steps that add up to the difference, each with a relative error of u. An exponential
// has an error of at most 2 units in the last place (4 u), and its product with other factors u more. An error of the
// largest score is common to all weights and cancels.
//
// The sums of weights and of weighted values have an error of u times the sum of magnitudes per operation. The error of
// the quotient is that of the numerator, that of the denominator relative to sum w |v| / sum w, and u. Products of
// these small errors are below a hundredth of their sum.
inline ExpectedHead expected_head(const float* q, const std::vector<const double*>& k,
                                  const std::vector<const double*>& v, unsigned head_dim, double scale,
                                  const Roundings& roundings) {
  constexpr double u = 0x1p-24;
  const std::size_t n = k.size();
  std::vector<double> score(n), magnitude(n);
  for (std::size_t e = 0; e < n; ++e) {
    for (unsigned j = 0; j < head_dim; ++j) {
      score[e] += static_cast<double>(q[j]) * k[e][j] * scale;
      magnitude[e] += std::abs(static_cast<double>(q[j]) * k[e][j] * scale);
    }
  }
  const double largest = *std::max_element(score.begin(), score.end());
  ExpectedHead result{std::vector<double>(head_dim), std::vector<double>(head_dim)};
  std::vector<double> magnitudes(head_dim);
  double weights = 0, weight_errors = 0;
  for (std::size_t e = 0; e < n; ++e) {
    const double weight = std::exp(score[e] - largest);
    const double error =
        weight * u *
        ((roundings.score + 1) * magnitude[e] + largest - score[e] + 5 * roundings.exponentials + roundings.sums);
    weights += weight;
    weight_errors += error;
    for (unsigned j = 0; j < head_dim; ++j) {
      result.value[j] += weight * v[e][j];
      result.bound[j] += error * std::abs(v[e][j]);
      magnitudes[j] += weight * std::abs(v[e][j]);
    }
  }
  for (unsigned j = 0; j < head_dim; ++j) {
    result.value[j] /= weights;
    result.bound[j] = 1.01 / weights * (result.bound[j] + magnitudes[j] * (weight_errors / weights + u));
  }
  return result;
}

// The results [n, q_dim] and bounds of all rows; roundings_of(entries) gives the numbers of roundings for a row that
// sees so many.
template <class T, class F>
ExpectedHead expected_attention(const RandomAttention<T>& a, const std::vector<AttentionRow>& rows,
                                const F& roundings_of) {
  const unsigned d = a.shape.head_dim, group = a.shape.n_heads / a.shape.n_kv_heads;
  const auto in_double = [](const std::vector<T>& stored) {
    std::vector<double> x(stored.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      if constexpr (std::is_same_v<T, float>)
        x[i] = static_cast<double>(stored[i]);
      else
        x[i] = static_cast<double>(kernels::half_to_float(stored[i]));
    }
    return x;
  };
  const std::vector<double> k = in_double(a.k), v = in_double(a.v);
  ExpectedHead all;
  for (const AttentionRow& row : rows) {
    for (unsigned head = 0; head < a.shape.n_heads; ++head) {
      std::vector<const double*> keys, values;
      for (int e = row.first; e < row.visible; ++e) {
        const std::size_t in_layer = static_cast<std::size_t>(row.slot) * a.layers + a.layer;
        const std::size_t in_head = in_layer * a.shape.n_kv_heads + head / group;
        const std::size_t at = (in_head * a.capacity + static_cast<std::size_t>(e)) * d;
        keys.push_back(k.data() + at);
        values.push_back(v.data() + at);
      }
      const float* q = a.q.data() + row.query * a.shape.q_dim() + head * d;
      const ExpectedHead one =
          expected_head(q, keys, values, d, static_cast<double>(a.scale), roundings_of(row.visible - row.first));
      all.value.insert(all.value.end(), one.value.begin(), one.value.end());
      all.bound.insert(all.bound.end(), one.bound.begin(), one.bound.end());
    }
  }
  return all;
}

inline bool within_bound(const std::vector<float>& found, const ExpectedHead& expected) {
  if (found.size() != expected.value.size()) return false;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (close(found[i], expected.value[i], expected.bound[i])) continue;
    MESSAGE("number ", i, " is ", found[i], ", not ", expected.value[i], " to within ", expected.bound[i]);
    return false;
  }
  return true;
}

}  // namespace litestage::test
