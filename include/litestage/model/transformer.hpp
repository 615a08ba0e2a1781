// The transformer. It has the only layer loop, and `residual` is the only place that skips a sub-layer. It knows
// neither policies nor phases: prefill, decode, parallel branches and batches of questions are all one ragged step.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/model/kv_cache.hpp"
#include "litestage/model/model.hpp"
#include "litestage/model/profile.hpp"
#include "litestage/model/rope.hpp"
#include "litestage/model/step_plan.hpp"

namespace litestage {

template <Backend B>
class Transformer {
 public:
  using Real = typename B::Real;

  // Handles positions 0..capacity-1. `backend`, `model` and `profile` (which may be null) outlive this object.
  Transformer(B& backend, const Model<B>& model, std::size_t capacity, Profile* profile = nullptr)
      : backend_(&backend), model_(&model), profile_(profile), shape_(model.attention_shape()) {
    for (int l = 0; l < model.config.n_layers; ++l) {
      const RopeConfig* rope = model.config.rope_of(l);
      Rotation& rotation = rotations_[static_cast<std::size_t>(model.config.kinds()[l].rope)];
      if (rope != nullptr && rotation.table.cos.empty()) load_angles(rotation, *rope, capacity);
    }
  }

  // Runs one step. Afterwards logits() holds the requested rows, and moments() and layer_moments() describe how each
  // row changed, if the plan asks for statistics.
  void forward(const StepPlan& plan, KvCache<B>& cache) {
    reserve(plan);
    ints_ = backend_->upload(std::span<const int>(plan.ints));
    factors_ = backend_->upload(std::span<const float>(plan.factors));
    run_step(
        *backend_, [&] { return shape_of(plan, cache); }, [&] { run(plan, cache); });
    n_logits_ = plan.n_logit_rows;
    n_moments_ = plan.measures_sublayers() ? plan.n_rows : 0;
    n_layer_moments_ = plan.measures_layers() ? plan.n_rows : 0;
  }

  // [requested rows, vocab] of the last step, in the backend's memory.
  [[nodiscard]] View<const Real, 2> logits() const { return View<const Real, 2>(logits_.data(), {n_logits_, vocab()}); }
  // [2 * n_layers, rows] of the last step, in the backend's memory; the values of skipped rows are undefined.
  [[nodiscard]] View<const Moments<Real>, 2> moments() const {
    return View<const Moments<Real>, 2>(moments_.data(), {2 * model_->layers.size(), n_moments_});
  }
  // [n_layers, rows] of the last step, likewise: the change by each whole layer.
  [[nodiscard]] View<const Moments<Real>, 2> layer_moments() const {
    return View<const Moments<Real>, 2>(layer_moments_.data(), {model_->layers.size(), n_layer_moments_});
  }

 private:
  // Issues the operations of one step on the backend, from the embedding to the logits. forward() has reserved the
  // buffers and uploaded the lists.
  void run(const StepPlan& plan, KvCache<B>& cache) {
    const View<Real, 2> x(x_.data(), {plan.n_rows, hidden()});
    const Layer<B>* layer = model_->layers.data();
    profiled(profile_, Operation::embed, plan.n_rows, [&] {
      backend_->embed(x, list(plan.first_token, plan.n_rows), model_->embedding, model_->config.embedding_multiplier);
    });
    for (int l = 0; l < model_->config.n_layers; ++l, ++layer) {
      if (plan.measures_layers()) backend_->copy_rows(layer_input(plan), x);
      residual(x, plan, {Unit::attention, l}, cache,
               [&](const SublayerPlan& p) { return attention(x, p, *layer, l, cache); });
      residual(x, plan, {Unit::mlp, l}, cache, [&](const SublayerPlan& p) { return mlp(x, p, *layer); });
      if (plan.measures_layers()) backend_->measure(layer_moments_row(plan, l), layer_input(plan), x);
    }
    profiled(profile_, Operation::logits, plan.n_logit_rows, [&] {
      backend_->logits(logits_view(plan), x, list(plan.first_logit_row, plan.n_logit_rows), model_->final_norm,
                       model_->config.norm_eps, model_->head, model_->config.logit_multiplier,
                       model_->config.logit_softcap);
    });
  }

  // The final projection of a residual branch: x[rows] += weight * in, normed before the addition if there is a norm.
  struct Branch {
    View<const Real, 2> in;  // [rows that run, inputs of weight]
    const typename B::Weight* weight;
    const typename B::Vector* post_norm;  // may be empty
  };

  // The angles of one kind of RoPE; without table, heads are not turned.
  struct Rotation {
    typename B::template Memory<Real> cos, sin;  // [capacity, rotary_dim / 2]
    RopeTable<B> table;
  };
  void load_angles(Rotation& rotation, const RopeConfig& rope, std::size_t capacity) {
    const RopeAngles<Real> angles(rope, capacity);
    const typename View<const Real, 2>::Extents extents{capacity, shape_.rotary_dim / 2};
    rotation.cos = backend_->template allocate<Real>(angles.cos.size());
    rotation.sin = backend_->template allocate<Real>(angles.sin.size());
    backend_->to_device(rotation.cos.data(), angles.cos.data(), angles.cos.size());
    backend_->to_device(rotation.sin.data(), angles.sin.data(), angles.sin.size());
    rotation.table = {View<const Real, 2>(rotation.cos.data(), extents),
                      View<const Real, 2>(rotation.sin.data(), extents)};
  }

  // One residual branch of one layer, for the rows that the plan lists. All other rows keep x, or have it scaled.
  template <class Compute>
  void residual(View<Real, 2> x, const StepPlan& plan, Sublayer u, KvCache<B>& cache, Compute&& compute) {
    const SublayerPlan& p = plan.sublayers[u.index()];
    const std::span<const EntryCopy> copies(plan.copies);
    backend_->copy_entries(cache.memory(), copies.subspan(p.first_copy, p.n_copies));
    if (p.n > 0) {
      const Branch branch = compute(p);
      profiled(profile_, Operation::project_add, p.n_run, [&] {
        backend_->project_add(x, list(p.first, p.n_run), branch.in, *branch.weight, model_->config.residual_multiplier,
                              moments_row(plan, u), *branch.post_norm, model_->config.norm_eps);
      });
    }
    // Done last, because a skipped row that stores K/V must read its unscaled x first.
    backend_->scale_rows(x, list(p.first_scaled, p.n_scaled), factors(p.first_factor, p.n_scaled));
  }

  Branch attention(View<Real, 2> x, const SublayerPlan& p, const Layer<B>& layer, int l, KvCache<B>& cache) {
    const std::size_t q_dim = model_->config.q_dim();
    const View<Real, 2> q(q_.data(), {p.n_run, q_dim}), out(out_.data(), {p.n_run, q_dim});
    AttentionRows rows;
    rows.rows = list(p.first, p.n);
    rows.slots = list(p.first + p.n, p.n);
    rows.positions = list(p.first + 2 * p.n, p.n);
    rows.entries = list(p.first + 3 * p.n, p.n);
    rows.visible = list(p.first + 4 * p.n, p.n);
    if (p.windowed) rows.first = list(p.first + 5 * p.n, p.n);
    rows.n_run = p.n_run;
    const RopeTable<B>& rope = rotations_[static_cast<std::size_t>(model_->config.kinds()[l].rope)].table;
    profiled(profile_, Operation::project_qkv, p.n,
             [&] { backend_->project_qkv(q, cache.memory(), l, x, rows, layer.attention, shape_, rope); });
    profiled(profile_, Operation::attend, p.n_run, [&] { backend_->attend(out, q, cache.memory(), l, rows, shape_); });
    return {out, &layer.attention.out, &layer.attention.post_norm};
  }

  Branch mlp(View<Real, 2> x, const SublayerPlan& p, const Layer<B>& layer) {
    const View<Real, 2> h(h_.data(), {p.n_run, ffn()});
    profiled(profile_, Operation::gate_up, p.n_run, [&] {
      backend_->gate_up(h, x, list(p.first, p.n_run), layer.mlp, model_->config.norm_eps, model_->config.activation);
    });
    return {h, &layer.mlp.down, &layer.mlp.post_norm};
  }

  [[nodiscard]] StepShape shape_of(const StepPlan& plan, KvCache<B>& cache) {
    const auto address = [](const auto* at) {
      return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(at));
    };
    shape_words_ = {
        address(x_.data()), address(model_),   address(&cache),      plan.n_rows,
        plan.first_token,   plan.n_logit_rows, plan.first_logit_row, static_cast<std::uint64_t>(plan.stats)};
    StepShape shape{.rows = plan.n_rows, .copies = plan.copies.size()};
    for (std::size_t u = 0; u < plan.sublayers.size(); ++u) {
      const SublayerPlan& p = plan.sublayers[u];
      for (const std::size_t word : {p.first, p.n, p.n_run, p.first_scaled, p.n_scaled, p.first_factor}) {
        shape_words_.push_back(word);
      }
      if (u % 2 != 0) continue;  // only after an MLP
      for (std::size_t k = 0; k < p.n_run; ++k) {
        shape.longest = std::max<std::size_t>(shape.longest, plan.ints[p.first + 4 * p.n + k]);
      }
    }
    shape.words = shape_words_;
    return shape;
  }
  [[nodiscard]] std::size_t hidden() const { return model_->config.hidden; }
  [[nodiscard]] std::size_t ffn() const { return model_->config.ffn; }
  [[nodiscard]] std::size_t vocab() const { return model_->config.vocab; }
  [[nodiscard]] View<const int, 1> list(std::size_t first, std::size_t n) const { return {ints_.data() + first, {n}}; }
  [[nodiscard]] View<const float, 1> factors(std::size_t first, std::size_t n) const {
    return {factors_.data() + first, {n}};
  }
  [[nodiscard]] View<Real, 2> logits_view(const StepPlan& plan) {
    return {logits_.data(), {plan.n_logit_rows, vocab()}};
  }
  [[nodiscard]] View<Moments<Real>, 1> moments_row(const StepPlan& plan, Sublayer u) {
    if (!plan.measures_sublayers()) return {};
    return {moments_.data() + u.index() * plan.n_rows, {plan.n_rows}};
  }
  [[nodiscard]] View<Moments<Real>, 1> layer_moments_row(const StepPlan& plan, int layer) {
    return {layer_moments_.data() + layer * plan.n_rows, {plan.n_rows}};
  }
  [[nodiscard]] View<Real, 2> layer_input(const StepPlan& plan) {
    return {layer_input_.data(), {plan.n_rows, hidden()}};
  }

  template <class T>
  using Memory = typename B::template Memory<T>;

  template <class T>
  void grow(Memory<T>& memory, std::size_t n) {
    if (memory.size() < n) memory = backend_->template allocate<T>(n);
  }
  // Grows the buffers to the size of this step.
  void reserve(const StepPlan& plan) {
    const ModelConfig& c = model_->config;
    grow<Real>(x_, plan.n_rows * hidden());
    grow<Real>(q_, plan.n_rows * c.q_dim());
    grow<Real>(out_, plan.n_rows * c.q_dim());
    grow<Real>(h_, plan.n_rows * ffn());
    grow<Real>(logits_, plan.n_logit_rows * vocab());
    if (plan.measures_sublayers()) grow<Moments<Real>>(moments_, plan.sublayers.size() * plan.n_rows);
    if (!plan.measures_layers()) return;
    grow<Real>(layer_input_, plan.n_rows * hidden());
    grow<Moments<Real>>(layer_moments_, model_->layers.size() * plan.n_rows);
  }

  B* backend_;
  const Model<B>* model_;
  Profile* profile_;
  AttentionShape shape_;
  std::array<Rotation, 3> rotations_;  // by LayerRope
  View<const int, 1> ints_;            // the plan's lists, in the backend's memory
  View<const float, 1> factors_;
  Memory<Real> x_;                       // [rows, hidden] the residual stream
  Memory<Real> q_, out_;                 // [rows, q_dim]
  Memory<Real> h_;                       // [rows, ffn]
  Memory<Real> logits_;                  // [requested rows, vocab]
  Memory<Moments<Real>> moments_;        // [2 * n_layers, rows]
  Memory<Real> layer_input_;             // [rows, hidden] input of the current layer
  Memory<Moments<Real>> layer_moments_;  // [n_layers, rows]
  std::vector<std::uint64_t> shape_words_;
  std::size_t n_logits_ = 0, n_moments_ = 0, n_layer_moments_ = 0;
};

}  // namespace litestage
