// Every operation of CpuBackend against the reference, within what rounding allows.
// ThreadSanitizer: yes
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include "backend/loaded_backend.hpp"
#include "common/close.hpp"
#include "common/row_kernels.hpp"
#include "litestage/backend/cpu/cpu_backend.hpp"
#include "litestage/backend/reference/reference_backend.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

constexpr double rounding = 0x1p-24;  // relative rounding error of one float operation

// Largest Euclidean length of a row, and largest magnitude of an element.
struct Size {
  double row = 0, element = 0;
};
Size size_of(const RawTensor& t) {
  Size size;
  std::vector<double> row(t.columns);
  for (std::size_t r = 0; r < t.rows; ++r) {
    dequantize_row(t.type, t.row(r), row.data(), t.columns);
    double squares = 0;
    for (const double w : row) {
      squares += w * w;
      size.element = std::max(size.element, std::abs(w));
    }
    size.row = std::max(size.row, std::sqrt(squares));
  }
  return size;
}

// Both backends with the same model of float weights, and the error that a product of a normalised row may have: the
// row has at most length sqrt(hidden) * |norm|, a sum of products of k terms has an error of at most k roundings of
// |w| |h|, and the norm itself one of hidden / 32 + 6 (tests/backend/cpu/rows/norm.cpp).
struct Pair {
  explicit Pair(cpu::InstructionSet set, bool halves) : cpu({.threads = 2, .pack = true, .isa = set}) {
    config.rope.pairing = halves ? RopePairing::halves : RopePairing::interleaved;
    config.rope.rotary_dim = halves ? 16 : 12;
    config.embedding_multiplier = 1.5f;
    source = tiny_model(config, {.seed = 5, .dtype = DType::f32, .biases = true});
    fast.emplace(cpu, source, 64, KvType::f32);
    exact.emplace(reference, source, 64, KvType::f32);
  }
  [[nodiscard]] double input_length(const RawTensor& norm) const {
    return std::sqrt(static_cast<double>(config.hidden)) * size_of(norm).element;
  }
  [[nodiscard]] double product_error(const RawTensor& w, const RawTensor& norm) const {
    return (1.1 * config.hidden + 16) * rounding * size_of(w).row * input_length(norm);
  }
  [[nodiscard]] double product_size(const RawTensor& w, const RawTensor& norm) const {
    return size_of(w).row * input_length(norm);
  }

  ModelConfig config = tiny_config();
  ModelSource source;
  CpuBackend cpu;
  ReferenceBackend reference;
  std::optional<Loaded<CpuBackend>> fast;
  std::optional<Loaded<ReferenceBackend>> exact;
};

template <class F>
void with_pairs(const F& f) {
  for (const cpu::InstructionSet set : cpu::instruction_sets) {
    if (!cpu::supported(set)) continue;
    for (const bool halves : {false, true}) {
      CAPTURE(cpu::name(set));
      CAPTURE(halves);
      Pair pair(set, halves);
      f(pair);
    }
  }
}

constexpr std::size_t n_tokens = 13;
const std::vector<int> some_rows{3, 12, 0, 7, 5, 9, 1};

std::vector<float> stream_of(const Pair& p) {
  return normal_numbers(n_tokens * static_cast<std::size_t>(p.config.hidden), 77, 2);
}

// Whether the moments of some_rows are those of their change from `stream` to x, and those of other rows untouched.
void check_moments(const std::vector<Moments<float>>& moments, const std::vector<float>& stream, Matrix<float>& x,
                   std::size_t hidden) {
  for (std::size_t i = 0; i < n_tokens; ++i) {
    if (std::find(some_rows.begin(), some_rows.end(), static_cast<int>(i)) == some_rows.end()) {
      CHECK(moments[i].before == -1);
      continue;
    }
    const std::vector<float> after = x.row(i);
    Moments<double> m;
    for (std::size_t j = 0; j < hidden; ++j) {
      const double a = static_cast<double>(stream[i * hidden + j]), b = static_cast<double>(after[j]);
      m.dot += a * b;
      m.before += a * a;
      m.after += b * b;
    }
    CHECK(close(static_cast<double>(moments[i].dot), m.dot, 2 * rounding * (m.before + m.after)));
    CHECK(close(static_cast<double>(moments[i].before), m.before, 2 * rounding * m.before));
    CHECK(close(static_cast<double>(moments[i].after), m.after, 2 * rounding * m.after));
  }
}

}  // namespace

TEST_CASE("cpu: embed and scale_rows agree with the reference") {
  with_pairs([](Pair& p) {
    const auto hidden = static_cast<std::size_t>(p.config.hidden);
    const std::vector<int> tokens{0, 96, 5, 5, 41};
    Matrix<float> x(5, hidden);
    Matrix<double> y(5, hidden);
    p.cpu.embed(x.view(), view_of(tokens), p.fast->model.embedding, 1.5f);
    p.reference.embed(y.view(), view_of(tokens), p.exact->model.embedding, 1.5f);
    CHECK(all_close(x.data, y.data, rounding * 1.5 * size_of(p.source.tensors.embedding).element));

    const std::vector<int> rows{4, 1};
    const std::vector<float> factors{0.5f, 1.25f};
    const Matrix<float> before = x;
    p.cpu.scale_rows(x.view(), view_of(rows), View<const float, 1>(factors.data(), {2}));
    for (std::size_t i = 0; i < 5; ++i) {
      const float factor = i == 4 ? 0.5f : (i == 1 ? 1.25f : 1.0f);
      for (std::size_t j = 0; j < hidden; ++j) REQUIRE(x.row(i)[j] == factor * before.row(i)[j]);
    }
  });
}

TEST_CASE("cpu: project_qkv, attend and copy_entries agree with the reference") {
  with_pairs([](Pair& p) {
    const std::vector<float> stream = stream_of(p);
    const LayerTensors& t = p.source.tensors.layers[1];
    const auto hidden = static_cast<std::size_t>(p.config.hidden), q_dim = static_cast<std::size_t>(p.config.q_dim());
    RowLists lists;  // two slots; the last two rows only store
    for (std::size_t i = 0; i < some_rows.size(); ++i) {
      lists.add(some_rows[i], static_cast<int>(i % 2), static_cast<int>(i / 2));
    }
    lists.n_run = some_rows.size() - 2;
    Matrix<float> x(stream, hidden), q(n_tokens, q_dim), out(n_tokens, q_dim);
    Matrix<double> xd(stream, hidden), qd(n_tokens, q_dim), outd(n_tokens, q_dim);
    p.cpu.project_qkv(q.view(), p.fast->cache, 1, x.view(), lists.view(), p.fast->model.layers[1].attention,
                      p.fast->shape, p.fast->rope);
    p.reference.project_qkv(qd.view(), p.exact->cache, 1, xd.view(), lists.view(), p.exact->model.layers[1].attention,
                            p.exact->shape, p.exact->rope);
    // RoPE makes of two components one, with two more roundings.
    double error = 0, size = 0;
    for (const RawTensor* w : {&t.wq, &t.wk, &t.wv}) {
      error = std::max(error, p.product_error(*w, t.attention_norm));
      size = std::max(size, p.product_size(*w, t.attention_norm));
    }
    size += std::max({size_of(t.bq).element, size_of(t.bk).element, size_of(t.bv).element});
    const double tolerance = 2 * error + 8 * rounding * size;
    CHECK(all_close(q.data, qd.data, tolerance));

    const std::size_t dim = static_cast<std::size_t>(p.config.head_dim);
    double largest_k = 0, largest_v = 0, largest_q = 0;
    for (std::size_t i = 0; i < some_rows.size(); ++i) {
      const std::size_t at = p.exact->cache.at(lists.slots[i], 1, lists.entries[i]);
      const auto entry = static_cast<std::size_t>(lists.entries[i]);
      for (std::size_t j = 0; j < static_cast<std::size_t>(p.config.kv_dim()); ++j) {
        const auto stored = p.fast->cache.stream<float>(lists.slots[i], 1, j / dim);
        const double k = p.exact->cache.k[at + j], v = p.exact->cache.v[at + j];
        REQUIRE(close(static_cast<double>(stored.keys[j % dim * 16 + entry]), k, tolerance));
        REQUIRE(close(static_cast<double>(stored.values[entry * stored.width + j % dim]), v, tolerance));
        largest_k = std::max(largest_k, std::abs(k));
        largest_v = std::max(largest_v, std::abs(v));
      }
    }
    for (const double x_q : qd.data) largest_q = std::max(largest_q, std::abs(x_q));

    // The same queries for both. Scores differ by |q| times the error of keys, and by roundings.
    Matrix<float> same_q(std::vector<float>(qd.data.begin(), qd.data.end()), q_dim);
    Matrix<double> same_qd(std::vector<float>(qd.data.begin(), qd.data.end()), q_dim);
    const double n = p.config.head_dim, scale = static_cast<double>(p.fast->shape.scale);
    const double score_error = scale * n * largest_q * (tolerance + (n + 2) * rounding * largest_k);
    const double attend_tolerance = tolerance + (2 * score_error + 20 * rounding) * largest_v;
    p.cpu.attend(out.view(), same_q.view(), p.fast->cache, 1, lists.view(), p.fast->shape);
    p.reference.attend(outd.view(), same_qd.view(), p.exact->cache, 1, lists.view(), p.exact->shape);
    CHECK(all_close(out.data, outd.data, attend_tolerance));

    lists.first = {0, 0, 1, 0, 1, 2, 0};  // windows; the entries before them have no effect
    p.cpu.attend(out.view(), same_q.view(), p.fast->cache, 1, lists.view(), p.fast->shape);
    p.reference.attend(outd.view(), same_qd.view(), p.exact->cache, 1, lists.view(), p.exact->shape);
    CHECK(all_close(out.data, outd.data, attend_tolerance));

    const std::vector<EntryCopy> copies{{0, 1, 0, 1, 1, 2, 2}, {1, 1, 2, 2, 0, 20, 1}};
    p.cpu.copy_entries(p.fast->cache, copies);
    p.reference.copy_entries(p.exact->cache, copies);
    RowLists later;
    later.add(0, 1, 3);
    later.n_run = 1;
    p.cpu.attend(out.view(), same_q.view(), p.fast->cache, 1, later.view(), p.fast->shape);
    p.reference.attend(outd.view(), same_qd.view(), p.exact->cache, 1, later.view(), p.exact->shape);
    CHECK(all_close(out.row(0), outd.row(0), attend_tolerance));
  });
}

TEST_CASE("cpu: project_add agrees with the reference and measures what it did") {
  with_pairs([](Pair& p) {
    const std::vector<float> stream = stream_of(p);
    const RawTensor& w = p.source.tensors.layers[0].w_down;
    const auto hidden = static_cast<std::size_t>(p.config.hidden), ffn = static_cast<std::size_t>(p.config.ffn);
    const std::vector<float> input = normal_numbers(some_rows.size() * ffn, 78);
    Matrix<float> x(stream, hidden), plain(stream, hidden), in(input, ffn);
    Matrix<double> xd(stream, hidden), ind(input, ffn);
    std::vector<Moments<float>> moments(n_tokens, {-1, -1, -1});
    p.cpu.project_add(x.view(), view_of(some_rows), in.view(), p.fast->model.layers[0].mlp.down, 0.75f,
                      View<Moments<float>, 1>(moments.data(), {n_tokens}));
    p.cpu.project_add(plain.view(), view_of(some_rows), in.view(), p.fast->model.layers[0].mlp.down, 0.75f, {});
    p.reference.project_add(xd.view(), view_of(some_rows), ind.view(), p.exact->model.layers[0].mlp.down, 0.75f, {});
    CHECK(same_bits(x.data, plain.data));
    double length = 0, largest = 0;
    for (std::size_t i = 0; i < some_rows.size(); ++i) {
      const std::vector<double> row = ind.row(i);
      length = std::max(length, std::sqrt(std::inner_product(row.begin(), row.end(), row.begin(), 0.0)));
    }
    for (const double v : xd.data) largest = std::max(largest, std::abs(v));
    CHECK(all_close(x.data, xd.data,
                    0.75 * static_cast<double>(ffn + 8) * rounding * size_of(w).row * length + 2 * rounding * largest));
    check_moments(moments, stream, x, hidden);
  });
}

TEST_CASE("cpu: queries and keys without RoPE agree with the reference") {
  with_pairs([](Pair& p) {
    const std::vector<float> stream = stream_of(p);
    const LayerTensors& t = p.source.tensors.layers[1];
    const auto hidden = static_cast<std::size_t>(p.config.hidden), q_dim = static_cast<std::size_t>(p.config.q_dim());
    RowLists lists;
    for (std::size_t i = 0; i < some_rows.size(); ++i) lists.add(some_rows[i], 0, static_cast<int>(i));
    lists.n_run = some_rows.size();
    Matrix<float> x(stream, hidden), q(n_tokens, q_dim), turned(n_tokens, q_dim);
    Matrix<double> xd(stream, hidden), qd(n_tokens, q_dim);
    p.cpu.project_qkv(q.view(), p.fast->cache, 1, x.view(), lists.view(), p.fast->model.layers[1].attention,
                      p.fast->shape, {});
    p.reference.project_qkv(qd.view(), p.exact->cache, 1, xd.view(), lists.view(), p.exact->model.layers[1].attention,
                            p.exact->shape, {});
    const double size = p.product_size(t.wq, t.attention_norm) + size_of(t.bq).element;
    CHECK(all_close(q.data, qd.data, p.product_error(t.wq, t.attention_norm) + 4 * rounding * size));
    p.cpu.project_qkv(turned.view(), p.fast->cache, 1, x.view(), lists.view(), p.fast->model.layers[1].attention,
                      p.fast->shape, p.fast->rope);
    CHECK(same_bits(turned.row(0), q.row(0)));  // position 0
    CHECK(!same_bits(turned.row(1), q.row(1)));
  });
}

TEST_CASE("cpu: project_add with a norm agrees with the reference and measures what it did") {
  with_pairs([](Pair& p) {
    const std::vector<float> stream = stream_of(p);
    const RawTensor& w = p.source.tensors.layers[0].w_down;
    const auto hidden = static_cast<std::size_t>(p.config.hidden), ffn = static_cast<std::size_t>(p.config.ffn);
    const std::vector<float> input = normal_numbers(some_rows.size() * ffn, 78);
    Matrix<float> x(stream, hidden), plain(stream, hidden), in(input, ffn);
    Matrix<double> xd(stream, hidden), ind(input, ffn);
    std::vector<Moments<float>> moments(n_tokens, {-1, -1, -1});
    const auto& norm = p.fast->model.layers[0].mlp.norm;  // any vector of this size
    const auto& norm_d = p.exact->model.layers[0].mlp.norm;
    p.cpu.project_add(x.view(), view_of(some_rows), in.view(), p.fast->model.layers[0].mlp.down, 0.75f,
                      View<Moments<float>, 1>(moments.data(), {n_tokens}), norm, 0.25f);
    p.cpu.project_add(plain.view(), view_of(some_rows), in.view(), p.fast->model.layers[0].mlp.down, 0.75f, {}, norm,
                      0.25f);
    p.reference.project_add(xd.view(), view_of(some_rows), ind.view(), p.exact->model.layers[0].mlp.down, 0.75f, {},
                            norm_d, 0.25f);
    CHECK(same_bits(x.data, plain.data));
    // The norm divides by 0.5 or more, and its own roundings are those of the norm before a product.
    double length = 0, largest = 0;
    for (std::size_t i = 0; i < some_rows.size(); ++i) {
      const std::vector<double> row = ind.row(i);
      length = std::max(length, std::sqrt(std::inner_product(row.begin(), row.end(), row.begin(), 0.0)));
    }
    for (const double v : xd.data) largest = std::max(largest, std::abs(v));
    const double element = size_of(p.source.tensors.layers[0].mlp_norm).element;
    const double product_error = static_cast<double>(ffn + 8) * rounding * size_of(w).row * length;
    const double norm_error =
        (static_cast<double>(hidden) / 32 + 6) * rounding * std::sqrt(static_cast<double>(hidden));
    CHECK(all_close(x.data, xd.data, 0.75 * element * (4 * product_error + norm_error) + 2 * rounding * largest));
    check_moments(moments, stream, x, hidden);
  });
}

TEST_CASE("cpu: capped logits agree with the reference, and an overflow stays one") {
  with_pairs([](Pair& p) {
    const std::vector<float> stream = stream_of(p);
    const auto hidden = static_cast<std::size_t>(p.config.hidden), vocab = static_cast<std::size_t>(p.config.vocab);
    Matrix<float> x(stream, hidden), logits(some_rows.size(), vocab);
    Matrix<double> xd(stream, hidden), logits_d(some_rows.size(), vocab);
    const RawTensor& head = p.source.tensors.head;
    p.cpu.logits(logits.view(), x.view(), view_of(some_rows), p.fast->model.final_norm, 1e-5f, p.fast->model.head, 3,
                 2.5f);
    p.reference.logits(logits_d.view(), xd.view(), view_of(some_rows), p.exact->model.final_norm, 1e-5f,
                       p.exact->model.head, 3, 2.5f);
    CHECK(*std::max_element(logits_d.data.begin(), logits_d.data.end()) <= 2.5);
    CHECK(all_close(logits.data, logits_d.data,
                    3 * p.product_error(head, p.source.tensors.final_norm) +
                        6 * rounding * p.product_size(head, p.source.tensors.final_norm) + 8 * rounding));
    p.cpu.logits(logits.view(), x.view(), view_of(some_rows), p.fast->model.final_norm, 1e-5f, p.fast->model.head,
                 3e38f, 2.5f);
    CHECK(std::any_of(logits.data.begin(), logits.data.end(), [](float z) { return std::isinf(z); }));
  });
}

TEST_CASE("cpu: gate_up, logits and token_stats agree with the reference") {
  with_pairs([](Pair& p) {
    const std::vector<float> stream = stream_of(p);
    const LayerTensors& t = p.source.tensors.layers[0];
    const auto hidden = static_cast<std::size_t>(p.config.hidden), ffn = static_cast<std::size_t>(p.config.ffn);
    Matrix<float> x(stream, hidden), h(some_rows.size(), ffn);
    Matrix<double> xd(stream, hidden), hd(some_rows.size(), ffn);
    const double error = std::max(p.product_error(t.w_gate, t.mlp_norm), p.product_error(t.w_up, t.mlp_norm));
    const double size = std::max(p.product_size(t.w_gate, t.mlp_norm), p.product_size(t.w_up, t.mlp_norm));
    for (const Activation activation : {Activation::silu, Activation::gelu_tanh}) {
      p.cpu.gate_up(h.view(), x.view(), view_of(some_rows), p.fast->model.layers[0].mlp, 1e-5f, activation);
      p.reference.gate_up(hd.view(), xd.view(), view_of(some_rows), p.exact->model.layers[0].mlp, 1e-5f, activation);
      // Both activations have slopes below 1.2; the gates' own roundings: tests/backend/cpu/rows/gate.cpp
      CHECK(all_close(h.data, hd.data, 2.2 * error * size + 40 * rounding * size * size));
    }

    const auto vocab = static_cast<std::size_t>(p.config.vocab);
    Matrix<float> logits(some_rows.size(), vocab);
    Matrix<double> logits_d(some_rows.size(), vocab);
    p.cpu.logits(logits.view(), x.view(), view_of(some_rows), p.fast->model.final_norm, 1e-5f, p.fast->model.head, 3);
    p.reference.logits(logits_d.view(), xd.view(), view_of(some_rows), p.exact->model.final_norm, 1e-5f,
                       p.exact->model.head, 3);
    const RawTensor& head = p.source.tensors.head.empty() ? p.source.tensors.embedding : p.source.tensors.head;
    CHECK(all_close(logits.data, logits_d.data,
                    3 * p.product_error(head, p.source.tensors.final_norm) +
                        6 * rounding * p.product_size(head, p.source.tensors.final_norm)));

    std::vector<TokenStats> stats(some_rows.size()), stats_d(some_rows.size());
    logits_d = Matrix<double>(logits.data, vocab);
    constexpr Signal asked = Signal::max_logit | Signal::max_prob | Signal::margin | Signal::entropy |
                             Signal::top_log_probs | Signal::log_prob;
    p.cpu.token_stats(stats, logits.view(), asked);
    p.reference.token_stats(stats_d, logits_d.view(), asked);
    const auto near = [](float found, float expected) {  // tests/backend/cpu/rows/token_stats.cpp
      return close(static_cast<double>(found), static_cast<double>(expected), 24 * rounding * (1 + std::abs(expected)));
    };
    for (std::size_t i = 0; i < stats.size(); ++i) {
      CHECK(stats[i].token == stats_d[i].token);
      CHECK(stats[i].max_logit == stats_d[i].max_logit);
      CHECK(near(stats[i].max_prob, stats_d[i].max_prob));
      CHECK(near(stats[i].margin, stats_d[i].margin));
      CHECK(near(stats[i].entropy, stats_d[i].entropy));
      CHECK(near(stats[i].log_prob, stats_d[i].log_prob));
      for (std::size_t k = 0; k < TokenStats::max_top; ++k) {
        CHECK(near(stats[i].top_log_probs[k], stats_d[i].top_log_probs[k]));
      }
    }
  });
}
