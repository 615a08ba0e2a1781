// Small models of every family, written down a second time: weights as Hugging Face lays them out, the forward pass as
// plain loops in double over one sequence, with explicit masks and no cache. naive_file.hpp writes the GGUF file that a
// converter would write. Nothing here uses the library's own model code, so that both can be compared.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "common/tiny_model.hpp"
#include "litestage/model/decisions.hpp"

namespace litestage::test {

struct NaiveShape {
  std::string family = "llama";
  int layers = 6, hidden = 24, heads = 4, kv_heads = 2, head_dim = 8, ffn = 40, vocab = 29;
  int rotary_dim = 8, window = 0, original_context = 0, context = 64;
  double eps = 1e-5, base = 1e4, local_base = 1e4, softcap = 0;
  bool tied = false, biases = false;
  std::string scaling = "none";  // none, linear, yarn, llama3, freqs (a tensor with divisors), longrope
  double factor = 1, attention_factor = 1;
  int session = 48;  // positions of the session, which chooses the list of longrope
  int period = 6;    // gemma3: one layer of so many has no window
  // What only folders can say. [layers] or empty: which layers have the window, and which have no RoPE, is the
  // family's.
  std::vector<bool> windows = {}, ropeless = {};
  double query_scalar = 0;  // scores are divided by its root; 0: head_dim
};

using NaiveWeights = std::vector<float>;

struct NaiveLayer {
  NaiveWeights n1, n2, n3, n4, q_norm, k_norm;              // norms in the order in which they are used
  NaiveWeights wq, wk, wv, wo, bq, bk, bv, gate, up, down;  // [outputs, inputs]
};

struct NaiveModel {
  NaiveShape shape;
  NaiveWeights embedding, final_norm, output_head;
  NaiveWeights freqs, short_factors, long_factors;
  std::vector<NaiveLayer> layers;

  [[nodiscard]] bool is(const char* family) const { return shape.family == family; }
  [[nodiscard]] bool gemma() const { return is("gemma3"); }
  [[nodiscard]] bool head_norms() const { return is("qwen3") || gemma(); }

  NaiveModel(NaiveShape s, std::uint64_t seed) : shape(std::move(s)), random_(seed) {
    const NaiveShape& c = shape;
    embedding = matrix(c.vocab, c.hidden, 1);
    final_norm = norm(c.hidden);
    if (!c.tied) output_head = matrix(c.vocab, c.hidden, 1);
    const int pairs = c.rotary_dim / 2;
    for (int i = 0; i < pairs && c.scaling == "freqs"; ++i) freqs.push_back(1 + static_cast<float>(i));
    for (int i = 0; i < pairs && c.scaling == "llama3"; ++i) freqs.push_back(static_cast<float>(llama3_divisor(i)));
    for (int i = 0; i < pairs && c.scaling == "longrope"; ++i) {
      short_factors.push_back(1 + 0.25f * static_cast<float>(i));
      long_factors.push_back(2 + 3 * random_.uniform());
    }
    for (int l = 0; l < c.layers; ++l) layers.push_back(layer());
  }

  // The logits of every token. decisions [tokens] or empty: nothing is skipped. Without copies from lower layers.
  [[nodiscard]] std::vector<std::vector<double>> logits(const std::vector<int>& tokens,
                                                        const std::vector<Decisions>& decisions = {}) const {
    const NaiveShape& c = shape;
    const std::size_t n = tokens.size(), hidden = size(c.hidden);
    std::vector<Row> x;
    for (const int token : tokens) {
      const float* from = &embedding[size(token) * hidden];
      Row row(from, from + hidden);
      for (double& value : row) value *= gemma() ? std::sqrt(static_cast<double>(c.hidden)) : 1.0;
      x.push_back(std::move(row));
    }
    for (int l = 0; l < c.layers; ++l) {
      const NaiveLayer& w = layers[size(l)];
      const std::vector<Row> attended = attention(w, l, x, decisions);
      for (std::size_t t = 0; t < n; ++t) {
        add(x[t], attended[t], w.n2, decision(decisions, t, 2 * l));
        const SkipDecision of_mlp = decision(decisions, t, 2 * l + 1);
        add(x[t], of_mlp.skip ? Row() : mlp(w, x[t]), w.n4, of_mlp);
      }
    }
    std::vector<std::vector<double>> all;
    for (const Row& row : x) {
      Row z = multiply(c.tied ? embedding : output_head, normed(row, final_norm));
      for (double& value : z) value = c.softcap > 0 ? c.softcap * std::tanh(value / c.softcap) : value;
      all.push_back(std::move(z));
    }
    return all;
  }

 private:
  using Row = std::vector<double>;

  [[nodiscard]] static std::size_t size(int value) { return static_cast<std::size_t>(value); }
  [[nodiscard]] static SkipDecision decision(const std::vector<Decisions>& decisions, std::size_t token, int u) {
    return decisions.empty() ? SkipDecision{} : decisions[token][size(u)];
  }

  NaiveWeights matrix(int rows, int columns, float spread) {
    NaiveWeights w(size(rows) * size(columns));
    for (float& value : w) value = spread * random_.normal() / std::sqrt(static_cast<float>(columns));
    return w;
  }
  // Around the value that leaves numbers as they are: 1, or 0 in Gemma, which adds 1.
  NaiveWeights norm(int n) {
    NaiveWeights w(size(n));
    for (float& value : w) value = (gemma() ? 0.0f : 1.0f) + 0.3f * random_.normal();
    return w;
  }
  NaiveLayer layer() {
    const NaiveShape& c = shape;
    const int q_dim = c.heads * c.head_dim, kv_dim = c.kv_heads * c.head_dim;
    NaiveLayer w;
    w.n1 = norm(c.hidden);
    w.n3 = norm(c.hidden);
    if (gemma()) w.n2 = norm(c.hidden), w.n4 = norm(c.hidden);
    if (head_norms()) w.q_norm = norm(c.head_dim), w.k_norm = norm(c.head_dim);
    w.wq = matrix(q_dim, c.hidden, 1.5f), w.wk = matrix(kv_dim, c.hidden, 1.5f), w.wv = matrix(kv_dim, c.hidden, 1);
    if (c.biases) w.bq = matrix(1, q_dim, 1), w.bk = matrix(1, kv_dim, 1), w.bv = matrix(1, kv_dim, 1);
    w.wo = matrix(c.hidden, q_dim, 1);
    w.gate = matrix(c.ffn, c.hidden, 1.5f), w.up = matrix(c.ffn, c.hidden, 1), w.down = matrix(c.hidden, c.ffn, 1);
    return w;
  }

  [[nodiscard]] Row normed(const Row& x, const NaiveWeights& w) const {
    double squares = 0;
    for (const double value : x) squares += value * value;
    const double root = std::sqrt(squares / static_cast<double>(x.size()) + static_cast<double>(float(shape.eps)));
    Row y = x;
    for (std::size_t j = 0; j < y.size(); ++j) y[j] = x[j] / root * static_cast<double>(gemma() ? 1 + w[j] : w[j]);
    return y;
  }
  [[nodiscard]] static Row multiply(const NaiveWeights& w, const Row& x) {
    Row y(w.size() / x.size());
    for (std::size_t r = 0; r < y.size(); ++r) {
      for (std::size_t j = 0; j < x.size(); ++j) y[r] += static_cast<double>(w[r * x.size() + j]) * x[j];
    }
    return y;
  }
  // x += branch, with its norm if it has one, or x *= the scale of a skipped one.
  void add(Row& x, const Row& branch, const NaiveWeights& w, const SkipDecision& d) const {
    const Row y = branch.empty() || w.empty() ? branch : normed(branch, w);
    for (std::size_t j = 0; j < x.size(); ++j) x[j] = d.skip ? x[j] * static_cast<double>(d.scale) : x[j] + y[j];
  }
  [[nodiscard]] Row mlp(const NaiveLayer& w, const Row& x) const {
    const Row m = normed(x, w.n3), up = multiply(w.up, m);
    Row h = multiply(w.gate, m);
    for (std::size_t j = 0; j < h.size(); ++j) {
      const double z = h[j];
      const double gelu = 0.5 * z * (1 + std::tanh(std::sqrt(2 / 3.141592653589793) * (z + 0.044715 * z * z * z)));
      h[j] = (gemma() ? gelu : z / (1 + std::exp(-z))) * up[j];
    }
    return multiply(w.down, h);
  }

  // ---- attention ----

  [[nodiscard]] bool local(int l) const {
    return gemma() && (shape.windows.empty() ? (l + 1) % shape.period != 0 : windowed(l));
  }
  [[nodiscard]] bool windowed(int l) const {
    return shape.windows.empty() ? !gemma() || local(l) : shape.windows[size(l)];
  }
  [[nodiscard]] bool rotates(int l) const {
    return shape.ropeless.empty() ? !is("smollm3") || (l + 1) % 4 != 0 : !shape.ropeless[size(l)];
  }
  [[nodiscard]] int window_of(int l) const { return windowed(l) ? shape.window : 0; }

  // With the factors 1 and 4 for low and high frequencies.
  [[nodiscard]] double llama3_divisor(int i) const {
    const double turns = shape.original_context * std::pow(shape.base, -2.0 * i / shape.rotary_dim) / 6.283185307179586;
    const double kept = turns > 4 ? 1 : turns < 1 ? 0 : (turns - 1) / 3;
    return 1 / ((1 - kept) / shape.factor + kept);
  }

  // By what pair i's frequency is divided in layer l.
  [[nodiscard]] double divisor(int l, int i) const {
    if (local(l)) return 1;
    if (!freqs.empty()) return static_cast<double>(freqs[size(i)]);
    if (shape.scaling == "linear") return shape.factor;
    if (shape.scaling == "longrope") {
      return static_cast<double>((shape.session > shape.original_context ? long_factors : short_factors)[size(i)]);
    }
    if (shape.scaling != "yarn") return 1;
    const double original = shape.original_context != 0 ? shape.original_context : shape.context;
    const auto pair = [&](double turns) {
      return shape.rotary_dim * std::log(original / (2 * 3.141592653589793 * turns)) / (2 * std::log(shape.base));
    };
    double low = std::floor(pair(32)), high = std::ceil(pair(1));
    low = low < 0 ? 0 : low;
    high = high > shape.rotary_dim - 1 ? shape.rotary_dim - 1 : high;
    if (low == high) high += 0.001;
    double part = (i - low) / (high - low);
    part = part < 0 ? 0 : part > 1 ? 1 : part;
    return 1 / (part / shape.factor + 1 - part);
  }
  [[nodiscard]] double magnitude(int l) const {
    if (local(l)) return 1;
    return shape.attention_factor * (shape.scaling == "yarn" ? 0.1 * std::log(shape.factor) + 1 : 1);
  }
  // Norms and turns one head; pairs are halves, as in Hugging Face.
  void finish(double* head, const NaiveWeights& norm_weights, int l, std::size_t position) const {
    if (!norm_weights.empty()) {
      const Row y = normed(Row(head, head + shape.head_dim), norm_weights);
      for (std::size_t j = 0; j < y.size(); ++j) head[j] = y[j];
    }
    const int half = shape.rotary_dim / 2;
    for (int i = 0; i < half && rotates(l); ++i) {
      const double base = local(l) ? shape.local_base : shape.base;
      const double angle = static_cast<double>(position) * std::pow(base, -2.0 * i / shape.rotary_dim) / divisor(l, i);
      const double a = head[i], b = head[i + half], m = magnitude(l);
      head[i] = (a * std::cos(angle) - b * std::sin(angle)) * m;
      head[i + half] = (a * std::sin(angle) + b * std::cos(angle)) * m;
    }
  }
  [[nodiscard]] Row heads_of(const NaiveWeights& w, const NaiveWeights& bias, const NaiveWeights* norm_weights,
                             const Row& h, int l, std::size_t position) const {
    Row y = multiply(w, h);
    for (std::size_t j = 0; j < bias.size(); ++j) y[j] += static_cast<double>(bias[j]);
    if (norm_weights == nullptr) return y;  // values
    for (std::size_t j = 0; j < y.size(); j += size(shape.head_dim)) finish(&y[j], *norm_weights, l, position);
    return y;
  }
  // What the attention of every token adds; empty where it is skipped.
  [[nodiscard]] std::vector<Row> attention(const NaiveLayer& w, int l, const std::vector<Row>& x,
                                           const std::vector<Decisions>& decisions) const {
    const std::size_t dim = size(shape.head_dim), group = size(shape.heads / shape.kv_heads);
    std::vector<Row> q, k, v, out(x.size());
    std::vector<bool> stored;
    for (std::size_t t = 0; t < x.size(); ++t) {
      const Row h = normed(x[t], w.n1);
      q.push_back(heads_of(w.wq, w.bq, &w.q_norm, h, l, t));
      k.push_back(heads_of(w.wk, w.bk, &w.k_norm, h, l, t));
      v.push_back(heads_of(w.wv, w.bv, nullptr, h, l, t));
      const SkipDecision d = decision(decisions, t, 2 * l);
      stored.push_back(!d.skip || d.kv == KvOnSkip::project);
    }
    for (std::size_t t = 0; t < x.size(); ++t) {
      if (decision(decisions, t, 2 * l).skip) continue;
      Row mixed(size(shape.heads) * dim);
      for (std::size_t head = 0; head < size(shape.heads); ++head) {
        double sum = 0;
        std::vector<double> weights(t + 1);
        double largest = -std::numeric_limits<double>::infinity();
        const auto sees = [&](std::size_t key) {
          const int window = window_of(l);
          return stored[key] && (window == 0 || key + size(window) > t);
        };
        for (std::size_t key = 0; key <= t; ++key) {
          for (std::size_t j = 0; j < dim; ++j) weights[key] += q[t][head * dim + j] * k[key][head / group * dim + j];
          weights[key] /= std::sqrt(shape.query_scalar > 0 ? shape.query_scalar : static_cast<double>(dim));
          if (sees(key) && weights[key] > largest) largest = weights[key];
        }
        for (std::size_t key = 0; key <= t; ++key) {
          weights[key] = sees(key) ? std::exp(weights[key] - largest) : 0;
          sum += weights[key];
        }
        for (std::size_t key = 0; key <= t; ++key) {
          for (std::size_t j = 0; j < dim; ++j) {
            mixed[head * dim + j] += weights[key] / sum * v[key][head / group * dim + j];
          }
        }
      }
      out[t] = multiply(w.wo, mixed);
    }
    return out;
  }

  Random random_;
};

}  // namespace litestage::test
