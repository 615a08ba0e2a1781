// Whole forward passes of `cpu` and `reference` against a transformer written out here in double, for every weight
// type.
//
// The bound on their errors follows from the numbers that they round, not from measured errors:
//  * where weights are quantised, `cpu` rounds their inputs to 8 bits in blocks of 32 with the step max|h| / 127; an
//    error is then anywhere in +-half a step;
//  * its sums in float err by at most (n + 16) 2^-24 |w| |h|, with n terms, rows w and inputs h;
//  * both round keys and values to float, by at most 2^-24 of each.
// The transformer below runs 24 times with random errors of these sizes at all these places. The length of a sum of
// thousands of independent errors hardly varies, so only a wrong number can exceed twice the longest distance of these
// runs. That is 3 % of the logits for quantised weights, and 1e-4 for others.
#include <doctest/doctest.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>
#include <vector>

#include "common/sequences.hpp"
#include "litestage/backend/cpu/matmul/panel_format.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;
using Index = Eigen::Index;

constexpr double unit = 0x1p-24;  // relative error of one float operation

struct Projection {
  explicit Projection(const RawTensor& raw)
      : w(static_cast<Index>(raw.columns), static_cast<Index>(raw.rows)), quantised(!cpu::is_float(raw.type)) {
    for (std::size_t r = 0; r < raw.rows; ++r) {  // a row of the tensor is a column here, which is contiguous
      dequantize_row(raw.type, raw.row(r), w.data() + r * raw.columns, raw.columns);
    }
  }
  Matrix w;  // transposed
  bool quantised;
};

[[nodiscard]] Vector vector_of(const RawTensor& raw) {
  return Projection(raw).w.col(0);
}
[[nodiscard]] Vector bias_of(const RawTensor& raw, int size) {
  return raw.empty() ? Vector::Zero(size) : vector_of(raw);
}

enum class Errors { none, of_reference, of_cpu };

class ExactTransformer {
 public:
  explicit ExactTransformer(const ModelSource& source)
      : c_(source.config),
        embedding_(source.tensors.embedding),
        head_(source.tensors.head),
        final_norm_(vector_of(source.tensors.final_norm)) {
    for (const LayerTensors& t : source.tensors.layers) {
      layers_.push_back({vector_of(t.attention_norm), vector_of(t.mlp_norm), Projection(t.wq), Projection(t.wk),
                         Projection(t.wv), Projection(t.wo), Projection(t.w_gate), Projection(t.w_up),
                         Projection(t.w_down), bias_of(t.bq, c_.q_dim()), bias_of(t.bk, c_.kv_dim()),
                         bias_of(t.bv, c_.kv_dim())});
    }
  }

  // Logits [vocab, tokens] after each token of a prompt.
  [[nodiscard]] Matrix logits(const std::vector<int>& tokens, Errors errors, std::uint64_t seed) {
    errors_ = errors;
    random_ = Random(seed);
    Matrix x(c_.hidden, static_cast<Index>(tokens.size())), result(c_.vocab, x.cols());
    for (Index t = 0; t < x.cols(); ++t) x.col(t) = embedding_.w.col(tokens[static_cast<std::size_t>(t)]);
    for (const Layer& layer : layers_) {
      attention(x, layer);
      for (Index t = 0; t < x.cols(); ++t) {
        const std::vector<Vector> y = products({&layer.gate, &layer.up}, normed(x.col(t), layer.mlp_norm));
        const Vector h = y[0].binaryExpr(y[1], [](double g, double u) { return g / (1 + std::exp(-g)) * u; });
        x.col(t) += products({&layer.down}, h)[0];
      }
    }
    for (Index t = 0; t < x.cols(); ++t) result.col(t) = products({&head_}, normed(x.col(t), final_norm_))[0];
    return result;
  }

 private:
  struct Layer {
    Vector attention_norm, mlp_norm;
    Projection q, k, v, out, gate, up, down;
    Vector q_bias, k_bias, v_bias;
  };

  [[nodiscard]] double error() { return 2 * static_cast<double>(random_.uniform()) - 1; }  // in +-1

  // Several matrices get the same rounded input.
  [[nodiscard]] std::vector<Vector> products(const std::vector<const Projection*>& projections, const Vector& h) {
    Vector rounded = h;
    for (Index b = 0; b < h.size() && errors_ == Errors::of_cpu; b += 32) {
      const double half_step = h.segment(b, 32).cwiseAbs().maxCoeff() / 127 / 2;
      for (Index j = b; j < b + 32; ++j) rounded[j] += error() * half_step;
    }
    std::vector<Vector> results;
    for (const Projection* p : projections) {
      results.emplace_back(p->w.transpose() * (p->quantised ? rounded : h));
      for (Index r = 0; r < p->w.cols() && errors_ == Errors::of_cpu; ++r) {
        results.back()[r] += error() * static_cast<double>(h.size() + 16) * unit * p->w.col(r).norm() * h.norm();
      }
    }
    return results;
  }
  [[nodiscard]] Vector normed(const Vector& x, const Vector& norm) const {
    const double mean = x.squaredNorm() / static_cast<double>(x.size());
    return x.cwiseProduct(norm) / std::sqrt(mean + static_cast<double>(c_.norm_eps));
  }
  void turn(Vector& row, Index position) const {
    for (Index h = 0; h < row.size(); h += c_.head_dim) {
      for (int i = 0; i < c_.head_dim / 2; ++i) {
        const double angle = static_cast<double>(position) * std::pow(c_.rope.base, -2.0 * i / c_.head_dim);
        const bool halves = c_.rope.pairing == RopePairing::halves;
        const Index first = h + (halves ? i : 2 * i), second = first + (halves ? c_.head_dim / 2 : 1);
        const double a = row[first], b = row[second];
        row[first] = a * std::cos(angle) - b * std::sin(angle);
        row[second] = a * std::sin(angle) + b * std::cos(angle);
      }
    }
  }
  void attention(Matrix& x, const Layer& layer) {
    const Index d = c_.head_dim, group = c_.n_heads / c_.n_kv_heads;
    Matrix k(c_.kv_dim(), x.cols()), v(c_.kv_dim(), x.cols());
    for (Index t = 0; t < x.cols(); ++t) {
      std::vector<Vector> qkv = products({&layer.q, &layer.k, &layer.v}, normed(x.col(t), layer.attention_norm));
      qkv[0] += layer.q_bias;
      qkv[1] += layer.k_bias;
      qkv[2] += layer.v_bias;
      turn(qkv[0], t);
      turn(qkv[1], t);
      for (Index j = 0; j < k.rows() && errors_ != Errors::none; ++j) {
        qkv[1][j] *= 1 + error() * unit;
        qkv[2][j] *= 1 + error() * unit;
      }
      k.col(t) = qkv[1];
      v.col(t) = qkv[2];
      Vector out(c_.q_dim());
      for (Index h = 0; h < c_.n_heads; ++h) {
        const Index first = h / group * d;
        Vector weights = k.block(first, 0, d, t + 1).transpose() * qkv[0].segment(h * d, d);
        weights = (weights / std::sqrt(c_.head_dim)).array().exp();
        out.segment(h * d, d) = v.block(first, 0, d, t + 1) * weights / weights.sum();
      }
      x.col(t) += products({&layer.out}, out)[0];
    }
  }

  const ModelConfig& c_;
  Projection embedding_, head_;
  Vector final_norm_;
  std::vector<Layer> layers_;
  Errors errors_ = Errors::none;
  Random random_{0};
};

// Distances of the logits of each token from the exact ones; the longest of 24 runs with errors.
[[nodiscard]] Vector longest(ExactTransformer& transformer, const std::vector<int>& tokens, const Matrix& exact,
                             Errors errors) {
  Vector distance = Vector::Zero(exact.cols());
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    const Matrix off = transformer.logits(tokens, errors, seed) - exact;
    distance = distance.cwiseMax(off.colwise().norm().transpose());
  }
  return distance;
}

// As qwen2: rotated in halves, with biases; else as llama.
void check_logits(DType type, bool qwen2) {
  ModelConfig config = tiny_config(type);
  config.n_layers = 2;
  if (qwen2) config.rope.pairing = RopePairing::halves;
  const ModelSource source = tiny_model(config, {.seed = 70, .dtype = type, .biases = qwen2});
  const std::vector<int> tokens{1, 17, 96, 17, 40};
  ExactTransformer transformer(source);
  const Matrix exact = transformer.logits(tokens, Errors::none, 0);
  const Vector of_reference = longest(transformer, tokens, exact, Errors::of_reference);
  const Vector of_cpu = longest(transformer, tokens, exact, Errors::of_cpu);
  with_backends([&](const auto& make, const std::string& name) {
    CAPTURE(name);
    using B = decltype(make(1, true));
    B backend = make(1, true);
    const Model<B> model = load(backend, source);
    Session<B> session(backend, model, {1, 16, KvType::f32});
    const std::vector<Sequence> sequences{under(Decisions(4), tokens)};
    const Results<B> found = run(session, sequences, in_chunks(sequences, 16), false);
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      CAPTURE(t);
      Vector row(config.vocab);
      for (Index i = 0; i < row.size(); ++i) row[i] = static_cast<double>(found[0][t][static_cast<std::size_t>(i)]);
      const auto at = static_cast<Index>(t);
      const double distance = (row - exact.col(at)).norm(), length = exact.col(at).norm();
      // 1e-11: the difference of sums in double in a different order.
      const bool is_reference = std::is_same_v<B, ReferenceBackend>;
      CHECK(distance <= 2 * (is_reference ? of_reference : of_cpu)[at] + 1e-11 * length);
      CHECK(of_cpu[at] < (cpu::is_float(type) ? 1e-4 : 0.05) * length);  // otherwise the check is too weak
    }
  });
}

// The logits of all tokens, one after the other.
template <class B>
std::vector<double> all_logits(B backend, const ModelSource& source, const std::vector<int>& tokens, KvType kv) {
  const Model<B> model = load(backend, source);
  Session<B> session(backend, model, {1, tokens.size(), kv});
  const std::vector<Sequence> sequences{under(Decisions(4), tokens)};
  const Results<B> results = run(session, sequences, in_chunks(sequences, 7), false);
  std::vector<double> all;
  for (const RowResults<B>& row : results[0]) {
    for (int i = 0; i < source.config.vocab; ++i) {
      all.push_back(static_cast<double>(row[static_cast<std::size_t>(i)]));
    }
  }
  return all;
}

[[nodiscard]] double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) squares += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(squares);
}

}  // namespace

// Both round the same numbers to 8 bits, but for those so near to the middle of two codes that float decides otherwise.
TEST_CASE("cpu with K/V in Q8_0 is much nearer to the reference with K/V in Q8_0 than to that with F32") {
  for (const int head_dim : {16, 40}) {
    CAPTURE(head_dim);
    ModelConfig config = tiny_config(DType::f32);
    config.n_layers = 2;
    config.head_dim = head_dim;
    const ModelSource source = tiny_model(config, {.seed = 71, .dtype = DType::f32, .biases = true});
    std::vector<int> tokens;
    for (int t = 0; t < 40; ++t) tokens.push_back(t * 29 % config.vocab);
    const std::vector<double> exact = all_logits(ReferenceBackend(), source, tokens, KvType::f32);
    const std::vector<double> rounded = all_logits(ReferenceBackend(), source, tokens, KvType::q8_0);
    const double of_rounding = distance(rounded, exact);
    CHECK(of_rounding > 1e-4 * distance(exact, std::vector<double>(exact.size())));
    for (const cpu::InstructionSet set : cpu::instruction_sets) {
      if (!cpu::supported(set)) continue;
      CAPTURE(cpu::name(set));
      const std::vector<double> found = all_logits(CpuBackend({1, true, set}), source, tokens, KvType::q8_0);
      CHECK(distance(found, rounded) < 0.2 * of_rounding);
    }
  }
}

TEST_CASE("cpu and reference: logits of every weight type are those of a transformer in double") {
  for (const DTypeInfo& type : dtype_table) {
    CAPTURE(std::string(type.name));
    check_logits(type.type, false);
  }
}

TEST_CASE("cpu and reference: so are those of a model with biases, rotated in halves") {
  for (const DType type : {DType::f32, DType::q8_0, DType::q4_k}) {
    CAPTURE(name(type));
    check_logits(type, true);
  }
}
