// The operations of one decoded token, one at a time, on any backend: to be measured, and to be compared between
// backends.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "gpu/random_blocks.hpp"
#include "litestage/backend/concept.hpp"
#include "litestage/model/model.hpp"
#include "litestage/model/rope.hpp"

namespace litestage::gpu_check {

enum class DecodeOperation { project_qkv, attend, project_out, gate_up, project_down, logits };

inline constexpr std::array<std::string_view, 6> decode_operation_names = {
    "project_qkv", "attend", "project_add (attention)", "gate_up", "project_add (MLP)", "logits"};

template <Backend B>
class DecodeOperations {
 public:
  using Real = typename B::Real;

  // The token is the one at position context - 1, and sees `context` entries: those of random rows, and its own once
  // project_qkv has run. `backend` and `model` outlive this.
  DecodeOperations(B& backend, const Model<B>& model, std::size_t context)
      : backend_(&backend),
        model_(&model),
        context_(context),
        shape_(model.attention_shape()),
        cache_(backend.make_cache({1, model.layers.size(), context, shape_.n_kv_heads, shape_.head_dim, KvType::f16})) {
    const RopeAngles<Real> angles(model.config.rope, context);
    cos_ = on_device(angles.cos);
    sin_ = on_device(angles.sin);
    SplitMix64 random(3);
    fill_cache(random);
    x_ = on_device(random_numbers(random, size(model.config.hidden)));
    q_ = backend.template allocate<Real>(size(model.config.q_dim()));
    out_ = backend.template allocate<Real>(size(model.config.q_dim()));
    h_ = backend.template allocate<Real>(size(model.config.ffn));
    logits_ = backend.template allocate<Real>(size(model.config.vocab));
    const int last = static_cast<int>(context) - 1;
    indices_ = {0, 0, last, last, static_cast<int>(context)};  // row, slot, position, entry, entries seen
    uploaded_ = backend.upload(std::span<const int>(indices_));
  }

  // Asks for the operation; each leaves what the next reads.
  void run(DecodeOperation operation, int layer) {
    const Layer<B>& l = model_->layers[size(layer)];
    const ModelConfig& c = model_->config;
    const View<Real, 2> x = row(x_), q = row(q_), out = row(out_), h = row(h_);
    switch (operation) {
      case DecodeOperation::project_qkv:
        return backend_->project_qkv(q, cache_, layer, x, rows(), l.attention, shape_, rope());
      case DecodeOperation::attend:
        return backend_->attend(out, q, cache_, layer, rows(), shape_);
      case DecodeOperation::project_out:
        return backend_->project_add(x, index(0), out, l.attention.out, c.residual_multiplier, {});
      case DecodeOperation::gate_up:
        return backend_->gate_up(h, x, index(0), l.mlp, c.norm_eps, model_->activation());
      case DecodeOperation::project_down:
        return backend_->project_add(x, index(0), h, l.mlp.down, c.residual_multiplier, {});
      case DecodeOperation::logits:
        return backend_->logits(row(logits_), x, index(0), model_->final_norm, c.norm_eps, model_->head,
                                c.logit_multiplier);
    }
  }

  // What the operation wrote, on the host; waits for it.
  [[nodiscard]] std::vector<Real> result(DecodeOperation operation) {
    switch (operation) {
      case DecodeOperation::project_qkv:
        return to_host(q_);
      case DecodeOperation::attend:
        return to_host(out_);
      case DecodeOperation::gate_up:
        return to_host(h_);
      case DecodeOperation::logits:
        return to_host(logits_);
      default:
        return to_host(x_);
    }
  }
  void wait() {
    Real number;
    backend_->to_host(&number, x_.data(), 1);
  }

  // What the operation has to move at least: weights as the backend holds them, keys and values, numbers in and out.
  [[nodiscard]] std::size_t bytes(DecodeOperation operation, int layer) const {
    const Layer<B>& l = model_->layers[size(layer)];
    const std::size_t hidden = x_.size(), kv_dim = shape_.n_kv_heads * shape_.head_dim;
    switch (operation) {
      case DecodeOperation::project_qkv:
        return l.attention.q.bytes() + l.attention.k.bytes() + l.attention.v.bytes() +
               sizeof(Real) * (2 * hidden + q_.size()) + 2 * 2 * kv_dim;
      case DecodeOperation::attend:
        return 2 * 2 * kv_dim * context_ + sizeof(Real) * (q_.size() + out_.size());
      case DecodeOperation::project_out:
        return l.attention.out.bytes() + sizeof(Real) * (out_.size() + 2 * hidden);
      case DecodeOperation::gate_up:
        return l.mlp.gate.bytes() + l.mlp.up.bytes() + sizeof(Real) * (2 * hidden + h_.size());
      case DecodeOperation::project_down:
        return l.mlp.down.bytes() + sizeof(Real) * (h_.size() + 2 * hidden);
      case DecodeOperation::logits:  // read again for their summary
        return model_->head.bytes() + sizeof(Real) * (2 * hidden + 2 * logits_.size());
    }
    return 0;
  }

 private:
  using Memory = typename B::template Memory<Real>;

  // Keys and values of `context` random rows, in every layer, few rows at a time: each backend then computes them with
  // what it decodes with.
  void fill_cache(SplitMix64& random) {
    constexpr std::size_t at_once = 16;
    const std::size_t hidden = size(model_->config.hidden);
    Memory none = backend_->template allocate<Real>(1);
    const View<Real, 2> no_queries(none.data(), {0, size(model_->config.q_dim())});
    for (std::size_t first = 0; first < context_; first += at_once) {
      const std::size_t n = std::min(at_once, context_ - first);
      std::vector<int> numbers(5 * n, 0);  // rows, slots, positions, entries, entries seen
      for (std::size_t i = 0; i < n; ++i) {
        numbers[i] = static_cast<int>(i);
        numbers[2 * n + i] = numbers[3 * n + i] = static_cast<int>(first + i);
        numbers[4 * n + i] = static_cast<int>(first + i) + 1;
      }
      const View<const int, 1> uploaded = backend_->upload(std::span<const int>(numbers));
      const auto list = [&](std::size_t i) { return View<const int, 1>(uploaded.data() + i * n, {n}); };
      const AttentionRows stored{list(0), list(1), list(2), list(3), list(4), 0};
      const Memory numbers_on_device = on_device(random_numbers(random, n * hidden));
      const View<const Real, 2> x(numbers_on_device.data(), {n, hidden});
      for (std::size_t l = 0; l < model_->layers.size(); ++l) {
        backend_->project_qkv(no_queries, cache_, static_cast<int>(l), x, stored, model_->layers[l].attention, shape_,
                              rope());
      }
    }
  }
  [[nodiscard]] static std::vector<Real> random_numbers(SplitMix64& random, std::size_t n) {
    std::vector<Real> numbers(n);
    for (Real& number : numbers) number = static_cast<Real>(roughly_normal(random));
    return numbers;
  }
  [[nodiscard]] RopeTable<B> rope() const {
    return {{cos_.data(), {context_, shape_.rotary_dim / 2}}, {sin_.data(), {context_, shape_.rotary_dim / 2}}};
  }
  template <class Int>
  [[nodiscard]] static std::size_t size(Int n) {
    return static_cast<std::size_t>(n);
  }
  [[nodiscard]] Memory on_device(const std::vector<Real>& numbers) {
    Memory memory = backend_->template allocate<Real>(numbers.size());
    backend_->to_device(memory.data(), numbers.data(), numbers.size());
    return memory;
  }
  [[nodiscard]] std::vector<Real> to_host(const Memory& memory) {
    std::vector<Real> numbers(memory.size());
    backend_->to_host(numbers.data(), memory.data(), numbers.size());
    return numbers;
  }
  [[nodiscard]] static View<Real, 2> row(Memory& memory) { return {memory.data(), {1, memory.size()}}; }
  [[nodiscard]] View<const int, 1> index(std::size_t i) const { return {uploaded_.data() + i, {1}}; }
  [[nodiscard]] AttentionRows rows() const { return {index(0), index(1), index(2), index(3), index(4), 1}; }

  B* backend_;
  const Model<B>* model_;
  std::size_t context_;
  AttentionShape shape_;
  typename B::Cache cache_;
  Memory cos_, sin_, x_, q_, out_, h_, logits_;
  std::array<int, 5> indices_{};  // where `upload` copies nothing, they are read here
  View<const int, 1> uploaded_;
};

}  // namespace litestage::gpu_check
