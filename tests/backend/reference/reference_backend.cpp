// The reference backend: each operation is compared with a formula in double in this file. Sums have at most a few
// hundred terms, so that relative errors stay below 1e-12 in any order.
#include "litestage/backend/reference/reference_backend.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "common/close.hpp"
#include "common/tiny_model.hpp"
#include "litestage/backend/reference/row_operations.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

using Doubles = std::vector<double>;

[[nodiscard]] Doubles numbers(std::size_t n, std::uint64_t seed) {
  Random random(seed);
  Doubles x(n);
  for (double& v : x) v = static_cast<double>(random.normal());
  return x;
}
[[nodiscard]] View<double, 2> matrix(Doubles& x, std::size_t columns) {
  return {x.data(), {x.size() / columns, columns}};
}
[[nodiscard]] View<const int, 1> list(const std::vector<int>& x) {
  return {x.data(), {x.size()}};
}
// A tensor of F32 and the numbers in it.
struct Weights {
  Weights(std::size_t rows, std::size_t columns, std::uint64_t seed, double spread = 1) : values(rows * columns) {
    const Doubles x = numbers(values.size(), seed);
    for (std::size_t i = 0; i < x.size(); ++i) values[i] = static_cast<float>(spread * x[i]);
    raw = {"w", DType::f32, rows, columns, reinterpret_cast<const std::byte*>(values.data())};
  }
  [[nodiscard]] double at(std::size_t r, std::size_t c) const {
    return static_cast<double>(values[r * raw.columns + c]);
  }
  // Row r times x.
  [[nodiscard]] double dot(std::size_t r, const double* x) const {
    double sum = 0;
    for (std::size_t j = 0; j < raw.columns; ++j) sum += at(r, j) * x[j];
    return sum;
  }
  std::vector<float> values;
  RawTensor raw;
};
[[nodiscard]] Doubles normed(const double* x, const Weights& norm, double eps) {
  const std::size_t n = norm.raw.columns;
  double squares = 0;
  for (std::size_t j = 0; j < n; ++j) squares += x[j] * x[j];
  Doubles h;
  for (std::size_t j = 0; j < n; ++j)
    h.push_back(x[j] * norm.at(0, j) / std::sqrt(squares / static_cast<double>(n) + eps));
  return h;
}

constexpr double tolerance = 1e-12;

}  // namespace

TEST_CASE("reference: embedding and scaling") {
  ReferenceBackend b;
  const Weights table(5, 3, 1);
  Doubles x(6);
  b.embed(matrix(x, 3), list({4, 1}), b.load_table(table.raw), 1.5f);
  for (std::size_t j = 0; j < 3; ++j) {
    CHECK(x[j] == 1.5 * table.at(4, j));
    CHECK(x[3 + j] == 1.5 * table.at(1, j));
  }
  const Doubles before = x;
  const std::vector<float> factor{0.25f};
  b.scale_rows(matrix(x, 3), list({1}), {factor.data(), {1}});
  for (std::size_t j = 0; j < 3; ++j) {
    CHECK(x[j] == before[j]);
    CHECK(x[3 + j] == 0.25 * before[3 + j]);
  }
}

TEST_CASE("reference: project_add, and what it measures") {
  ReferenceBackend b(2);
  const Weights w(7, 13, 2);
  Doubles x = numbers(4 * 7, 3), in = numbers(2 * 13, 4);
  const Doubles before = x;
  std::vector<Moments<double>> moments(4, {-1, -1, -1});
  b.project_add(matrix(x, 7), list({3, 0}), matrix(in, 13), w.raw, 0.5f, {moments.data(), {4}});
  for (std::size_t row = 0; row < 4; ++row) {
    Moments<double> m{-1, -1, -1};
    if (row == 3 || row == 0) m = {};
    for (std::size_t j = 0; j < 7; ++j) {
      const double old = before[row * 7 + j];
      const double y = row == 3 || row == 0 ? old + 0.5 * w.dot(j, &in[row == 3 ? 0 : 13]) : old;
      CHECK(close(x[row * 7 + j], y, tolerance));
      if (row == 1 || row == 2) continue;
      m.dot += old * y;
      m.before += old * old;
      m.after += y * y;
    }
    CHECK(close(moments[row].dot, m.dot, 10 * tolerance));
    CHECK(close(moments[row].before, m.before, 10 * tolerance));
    CHECK(close(moments[row].after, m.after, 10 * tolerance));
  }
}

TEST_CASE("reference: project_add with a norm between product and addition") {
  ReferenceBackend b;
  const Weights w(7, 13, 2), norm(1, 7, 31);
  Doubles x = numbers(4 * 7, 3), in = numbers(2 * 13, 4);
  const Doubles before = x;
  b.project_add(matrix(x, 7), list({3, 0}), matrix(in, 13), w.raw, 0.5f, {}, b.load_vector(norm.raw), 0.5f);
  for (std::size_t row = 0; row < 4; ++row) {
    Doubles y(7);
    for (std::size_t j = 0; j < 7 && row % 3 == 0; ++j) y[j] = w.dot(j, &in[row == 3 ? 0 : 13]);
    const Doubles added = normed(y.data(), norm, 0.5);
    for (std::size_t j = 0; j < 7; ++j) CHECK(close(x[row * 7 + j], before[row * 7 + j] + 0.5 * added[j], tolerance));
  }
}

TEST_CASE("reference: the gated MLP with both activations, and logits") {
  ReferenceBackend b;
  const Weights gate(6, 9, 5), up(6, 9, 6), norm(1, 9, 7), head(11, 9, 8);
  Doubles x = numbers(3 * 9, 9), h(2 * 6), logits(2 * 11);
  const MlpWeights<ReferenceBackend> w{b.load_vector(norm.raw), gate.raw, up.raw, {}};
  const std::vector<int> rows{2, 0};
  for (const bool silu : {true, false}) {
    b.gate_up(matrix(h, 6), matrix(x, 9), list(rows), w, 0.01f, silu ? Activation::silu : Activation::gelu_tanh);
    for (std::size_t i = 0; i < 2; ++i) {
      const Doubles m = normed(&x[static_cast<std::size_t>(rows[i]) * 9], norm, static_cast<double>(0.01f));
      for (std::size_t j = 0; j < 6; ++j) {
        const double z = gate.dot(j, m.data());
        // tanh(t) = 1 - 2 / (exp(2 t) + 1)
        const double t = std::sqrt(2 / 3.14159265358979323846) * (z + 0.044715 * z * z * z);
        const double gelu = 0.5 * z * (2 - 2 / (std::exp(2 * t) + 1));
        CHECK(close(h[i * 6 + j], (silu ? z / (1 + std::exp(-z)) : gelu) * up.dot(j, m.data()), 10 * tolerance));
      }
    }
  }
  b.logits(matrix(logits, 11), matrix(x, 9), list(rows), b.load_vector(norm.raw), 0.01f, head.raw, 3);
  for (std::size_t i = 0; i < 2; ++i) {
    const Doubles m = normed(&x[static_cast<std::size_t>(rows[i]) * 9], norm, static_cast<double>(0.01f));
    for (std::size_t j = 0; j < 11; ++j) CHECK(close(logits[i * 11 + j], 3 * head.dot(j, m.data()), 10 * tolerance));
  }
  const Doubles plain = logits;
  b.logits(matrix(logits, 11), matrix(x, 9), list(rows), b.load_vector(norm.raw), 0.01f, head.raw, 3, 0.5f);
  for (std::size_t i = 0; i < plain.size(); ++i) {  // tanh(t) = 1 - 2 / (exp(2 t) + 1)
    CHECK(close(logits[i], 0.5 * (1 - 2 / (std::exp(2 * plain[i] / 0.5) + 1)), 10 * tolerance));
  }
}

TEST_CASE("reference: a query of 1e4 selects one value, of its group's head, among what it may see") {
  // Keys are the unit vectors in turn, so that a query 1e4 e_t scores 1e4 on entry t and 0 on others: exp(-1e4) is 0.
  ReferenceBackend b;
  AttentionShape shape;
  shape.n_heads = 6;
  shape.n_kv_heads = 2;
  shape.head_dim = 4;
  shape.scale = 1;
  ReferenceBackend::Cache cache = b.make_cache({2, 3, 5, 2, 4, KvType::f32});
  const std::vector<int> slot{1}, position{0}, visible{4};
  const auto entry_of = [&](int t) { return cache.at(1, 2, t); };
  for (int t = 0; t < 5; ++t) {
    for (std::size_t g = 0; g < 2; ++g) {
      for (std::size_t j = 0; j < 4; ++j) {
        const std::size_t at = entry_of(t) + g * 4 + j;
        cache.k[at] = j == static_cast<std::size_t>(t % 4) ? 1 : 0;
        cache.v[at] = 100 * t + 10 * static_cast<double>(g) + static_cast<double>(j);
      }
    }
  }
  for (std::size_t j = 0; j < 8; ++j) cache.k[entry_of(4) + j] = 100;  // not visible, and would outdo all
  Doubles q(24), out(24);
  const AttentionRows rows{list(position), list(slot), list(position), list(position), list(visible), 1};
  for (std::size_t t = 0; t < 4; ++t) {
    std::fill(q.begin(), q.end(), 0.0);
    for (std::size_t head = 0; head < 6; ++head) q[head * 4 + (t + head) % 4] = 1e4;
    b.attend(matrix(out, 24), matrix(q, 24), cache, 2, rows, shape);
    for (std::size_t head = 0; head < 6; ++head) {
      for (std::size_t j = 0; j < 4; ++j) {
        const std::size_t group = head / 3;  // heads 0 to 2 share K/V head 0
        CHECK(out[head * 4 + j] == static_cast<double>(100 * ((t + head) % 4) + 10 * group + j));
      }
    }
  }
}

TEST_CASE("reference: attention is the softmax of scaled products") {
  ReferenceBackend b;
  AttentionShape shape;
  shape.n_heads = shape.n_kv_heads = 1;
  shape.head_dim = 3;
  shape.scale = 0.7f;
  ReferenceBackend::Cache cache = b.make_cache({1, 1, 9, 1, 3, KvType::f32});
  const Doubles k = numbers(27, 10), v = numbers(27, 11);
  std::copy(k.begin(), k.end(), cache.k.data());
  std::copy(v.begin(), v.end(), cache.v.data());
  Doubles q = numbers(3, 12), out(3);
  for (const int n : {1, 2, 9}) {
    const std::vector<int> zero{0}, visible{n};
    b.attend(matrix(out, 3), matrix(q, 3), cache, 0, {list(zero), list(zero), list(zero), list(zero), list(visible), 1},
             shape);
    Doubles sums(3);
    double total = 0;
    for (std::size_t t = 0; t < static_cast<std::size_t>(n); ++t) {
      const double score = q[0] * k[3 * t] + q[1] * k[3 * t + 1] + q[2] * k[3 * t + 2];
      const double weight = std::exp(static_cast<double>(0.7f) * score);
      total += weight;
      for (std::size_t j = 0; j < 3; ++j) sums[j] += weight * v[3 * t + j];
    }
    for (std::size_t j = 0; j < 3; ++j) CHECK(close(out[j], sums[j] / total, tolerance));
  }
  // A window of entries 4 to 8: what lies before it has no effect, not even NaN.
  std::fill_n(cache.k.data(), 12, std::nan(""));
  std::fill_n(cache.v.data(), 12, std::nan(""));
  const std::vector<int> zero{0}, visible{9}, first{4};
  b.attend(matrix(out, 3), matrix(q, 3), cache, 0,
           {list(zero), list(zero), list(zero), list(zero), list(visible), 1, list(first)}, shape);
  Doubles sums(3);
  double total = 0;
  for (std::size_t t = 4; t < 9; ++t) {
    const double weight =
        std::exp(static_cast<double>(0.7f) * (q[0] * k[3 * t] + q[1] * k[3 * t + 1] + q[2] * k[3 * t + 2]));
    total += weight;
    for (std::size_t j = 0; j < 3; ++j) sums[j] += weight * v[3 * t + j];
  }
  for (std::size_t j = 0; j < 3; ++j) CHECK(close(out[j], sums[j] / total, tolerance));
}

TEST_CASE("reference: queries, keys and values with biases, head norms, RoPE and the cache's rounding") {
  ReferenceBackend b(2);
  constexpr std::size_t hidden = 11, heads = 4, kv_heads = 2, half = 2;
  constexpr std::size_t dim = 38;  // in Q8_0 a block of 32 and one of 6
  const Weights wq(heads * dim, hidden, 13), wk(kv_heads * dim, hidden, 14), wv(kv_heads * dim, hidden, 15);
  const Weights bq(1, heads * dim, 16), bk(1, kv_heads * dim, 17), bv(1, kv_heads * dim, 18);
  const Weights norm(1, hidden, 19), q_norm(1, dim, 20), k_norm(1, dim, 21), offsets(2, kv_heads * dim, 26, 100);
  Doubles x = numbers(3 * hidden, 22), cos = numbers(5 * half, 23), sin = numbers(5 * half, 24);
  for (std::size_t i = 0; i < cos.size(); ++i) {
    const double angle = sin[i];
    cos[i] = std::cos(angle);
    sin[i] = std::sin(angle);
  }
  const RopeTable<ReferenceBackend> rope{matrix(cos, half), matrix(sin, half)};
  for (const bool halves : {false, true}) {
    for (const bool extras : {false, true}) {
      for (const KvType type : {KvType::f16, KvType::f32, KvType::q8_0}) {
        AttentionWeights<ReferenceBackend> w{b.load_vector(norm.raw), wq.raw, wk.raw, wv.raw, {}, {}, {}, {}, {}, {}};
        if (extras) {
          w.q_bias = b.load_vector(bq.raw), w.k_bias = b.load_vector(bk.raw), w.v_bias = b.load_vector(bv.raw);
          w.q_norm = b.load_vector(q_norm.raw), w.k_norm = b.load_vector(k_norm.raw);
        }
        AttentionShape shape{heads, kv_heads, dim, 2 * half, halves, 0.001f, 1};
        CacheShape cache_shape{2, 2, 4, kv_heads, dim, type};
        if (extras) cache_shape.key_offsets = {offsets.values.data(), {2, kv_heads * dim}};
        ReferenceBackend::Cache cache = b.make_cache(cache_shape);
        const std::vector<int> rows{2, 0}, slots{1, 0}, positions{4, 1}, entries{3, 0}, visible{4, 1};
        Doubles q(2 * heads * dim, -9);
        b.project_qkv(matrix(q, heads * dim), cache, 1, matrix(x, hidden),
                      {list(rows), list(slots), list(positions), list(entries), list(visible), 1}, w, shape, rope);
        const double eps = static_cast<double>(0.001f);
        // Component j of a head of W h + bias, normed and turned.
        const auto head_of = [&](const Weights& m, const Weights& bias, const Weights& head_norm, std::size_t i,
                                 std::size_t head) {
          const Doubles h = normed(&x[static_cast<std::size_t>(rows[i]) * hidden], norm, eps);
          Doubles y;
          for (std::size_t j = 0; j < dim; ++j) {
            y.push_back(m.dot(head * dim + j, h.data()) + (extras ? bias.at(0, head * dim + j) : 0));
          }
          if (extras) y = normed(y.data(), head_norm, eps);
          const Doubles z = y;
          for (std::size_t p = 0; p < half; ++p) {  // components from 4 on do not turn
            const std::size_t first = halves ? p : 2 * p, second = halves ? p + half : 2 * p + 1;
            const double c = cos[static_cast<std::size_t>(positions[i]) * half + p];
            const double s = sin[static_cast<std::size_t>(positions[i]) * half + p];
            y[first] = z[first] * c - z[second] * s;
            y[second] = z[first] * s + z[second] * c;
          }
          return y;
        };
        // Half a unit in the last place of what is stored: 2^-12 of the value in half precision, 2^-25 in single; in
        // Q8_0 half of a step, which is 1/127 of the block's largest magnitude and is itself rounded to half precision.
        const auto bound = [&](std::size_t j, const Doubles& head) {
          double largest = 0;
          for (std::size_t k = j / 32 * 32; k < std::min(dim, j / 32 * 32 + 32); ++k) {
            largest = std::max(largest, std::abs(head[k]));
          }
          if (type == KvType::q8_0) return largest * (0.5 / 127 + 0x1p-11);
          return (type == KvType::f16 ? 0x1p-11 : 0x1p-24) * std::abs(head[j]) + 0x1p-24;
        };
        for (std::size_t i = 0; i < 2; ++i) {
          const Doubles h = normed(&x[static_cast<std::size_t>(rows[i]) * hidden], norm, eps);
          for (std::size_t head = 0; head < heads; ++head) {
            const Doubles expected = head_of(wq, bq, q_norm, i, head);
            for (std::size_t j = 0; j < dim; ++j) {
              const double found = q[i * heads * dim + head * dim + j];
              CHECK(close(found, i == 0 ? expected[j] : -9, 100 * tolerance));  // row 1 only stores
            }
          }
          for (std::size_t head = 0; head < kv_heads; ++head) {
            const Doubles key = head_of(wk, bk, k_norm, i, head);
            // Keys of Q8_0 are rounded rotated, without their offset. 2 is the largest power of two in dim, so pairs
            // become sum and difference; turned back, an error is half the sum or difference of two.
            Doubles turned(key);
            for (std::size_t j = 0; extras && j < dim; ++j) turned[j] -= offsets.at(1, head * dim + j);
            for (std::size_t j = 0; j < dim; j += 2) {
              const double first = turned[j], second = turned[j + 1];
              turned[j] = first + second;
              turned[j + 1] = first - second;
            }
            Doubles value(dim);
            for (std::size_t j = 0; j < dim; ++j) {
              value[j] = wv.dot(head * dim + j, h.data()) + (extras ? bv.at(0, head * dim + j) : 0);
            }
            for (std::size_t j = 0; j < dim; ++j) {
              const std::size_t at = cache.at(slots[i], 1, entries[i]) + head * dim + j;
              CHECK(close(cache.k[at], key[j], bound(j, type == KvType::q8_0 ? turned : key)));
              CHECK(close(cache.v[at], value[j], bound(j, value)));
              const auto single = static_cast<float>(cache.v[at]);
              CHECK(cache.v[at] == static_cast<double>(type == KvType::f16 ? to_float(to_f16(single)) : single));
            }
          }
        }
      }
    }
  }
}

TEST_CASE("reference: copies of entries") {
  ReferenceBackend b;
  ReferenceBackend::Cache cache = b.make_cache({2, 2, 4, 1, 3, KvType::f32});
  for (std::size_t i = 0; i < cache.k.size(); ++i) {
    cache.k[i] = static_cast<double>(i);
    cache.v[i] = -static_cast<double>(i);
  }
  const std::vector<EntryCopy> copies{{0, 1, 1, 1, 0, 2, 2}, {1, 0, 3, 0, 0, 0, 1}};  // the second reads the first's
  b.copy_entries(cache, copies);
  for (std::size_t j = 0; j < 6; ++j)
    CHECK(cache.k[cache.at(1, 0, 2) + j] == static_cast<double>(cache.at(0, 1, 1) + j));
  for (std::size_t j = 0; j < 3; ++j) {
    CHECK(cache.k[cache.at(0, 0, 0) + j] == static_cast<double>(cache.at(0, 1, 2) + j));
    CHECK(cache.v[cache.at(0, 0, 0) + j] == -static_cast<double>(cache.at(0, 1, 2) + j));
    CHECK(cache.k[cache.at(0, 0, 1) + j] == static_cast<double>(cache.at(0, 0, 1) + j));
  }
}

TEST_CASE("reference: keys of Q8_0 copied to a layer with another offset are rounded again, NaN excepted") {
  ReferenceBackend b;
  const std::vector<float> offsets{100, 0, -50, 0, 10, 0};
  CacheShape shape{1, 2, 4, 1, 3, KvType::q8_0};
  shape.key_offsets = {offsets.data(), {2, 3}};
  ReferenceBackend::Cache cache = b.make_cache(shape);
  const double too_large = std::bit_cast<double>(reference::too_large_bits);
  const Doubles keys{101.3, 2.2, -47.7, too_large, 1, 2};
  std::copy(keys.begin(), keys.end(), &cache.k[cache.at(0, 0, 1)]);
  b.copy_entries(cache, std::vector<EntryCopy>{{0, 0, 1, 0, 1, 2, 2}, {0, 0, 1, 0, 0, 0, 1}});
  const double step = static_cast<double>(to_float(to_f16(101.3f / 127)));  // a head of 3 is not rotated
  for (std::size_t j = 0; j < 3; ++j) {
    const double offset = j == 1 ? 10 : 0;
    CHECK(cache.k[cache.at(0, 1, 2) + j] == std::round((keys[j] - offset) / step) * step + offset);
    CHECK(cache.k[cache.at(0, 0, 0) + j] == keys[j]);
  }
  CHECK(b.kv_overflowed(cache, 0, 1, 4));
  CHECK(!b.kv_overflowed(cache, 0, 1, 3));
}

TEST_CASE("reference: token statistics") {
  ReferenceBackend b;
  Doubles logits{1, 3, -2, 3, 0.5};
  std::vector<TokenStats> stats(1);
  double sum = 0, entropy = 0;
  for (const double z : logits) sum += std::exp(z);
  for (const double z : logits) entropy -= std::exp(z) / sum * (z - std::log(sum));
  b.token_stats(stats, matrix(logits, 5), all_signals);
  const auto near = [](float found, double expected) { return close(static_cast<double>(found), expected, 0x1p-22); };
  CHECK(stats[0].token == 1);  // the first of equals
  CHECK(stats[0].max_logit == 3);
  CHECK(near(stats[0].max_prob, std::exp(3) / sum));
  CHECK(stats[0].margin == 0);
  CHECK(near(stats[0].entropy, entropy));
  CHECK(near(stats[0].log_prob, 3 - std::log(sum)));
  const Doubles sorted{3, 3, 1, 0.5, -2};
  for (std::size_t i = 0; i < 5; ++i) CHECK(near(stats[0].top_log_probs[i], sorted[i] - std::log(sum)));
  CHECK(stats[0].top_log_probs[5] == -std::numeric_limits<float>::infinity());
  b.token_stats(stats, matrix(logits, 5), Signal::none);
  CHECK(stats[0].token == 1);
  CHECK(std::isnan(stats[0].max_prob));
  CHECK(stats[0].finite);
  for (const double bad : {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
                           std::numeric_limits<double>::quiet_NaN()}) {
    for (std::size_t at = 0; at < 5; ++at) {
      Doubles broken = logits;
      broken[at] = bad;
      b.token_stats(stats, matrix(broken, 5), Signal::none);
      CHECK(!stats[0].finite);
    }
  }
  Doubles one{4};
  b.token_stats(stats, matrix(one, 1), all_signals);
  CHECK(stats[0].finite);
  CHECK(stats[0].margin == 1);
  CHECK(stats[0].entropy == 0);
}
