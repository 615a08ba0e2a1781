// One model in use: its K/V cache, its table of decision vectors, and the ragged step. This is the lowest-level
// interface of the engine: rows in, logits out.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/core/compiled.hpp"
#include "litestage/model/kv_cache.hpp"
#include "litestage/model/profile.hpp"
#include "litestage/model/step_plan.hpp"
#include "litestage/model/transformer.hpp"

namespace litestage {

struct SessionOptions {
  std::size_t slots = 1;        // sequences held at the same time
  std::size_t capacity = 1024;  // positions of one sequence
  KvType kv = KvType::f16;
  Profile* profile = nullptr;  // filled if not null; outlives the session
};

template <Backend B>
class Session {
 public:
  using Real = typename B::Real;

  // `backend` and `model` outlive the session.
  Session(B& backend, const Model<B>& model, const SessionOptions& options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] const ModelConfig& config() const { return model_->config; }
  [[nodiscard]] B& backend() { return *backend_; }
  [[nodiscard]] KvCache<B>& cache() { return cache_; }
  [[nodiscard]] DecisionTable& decisions() { return decisions_; }
  // The number of the decision vector that skips nothing.
  [[nodiscard]] int skip_nothing() { return decisions_.number_of(Decisions(config().n_sublayers())); }

  // Runs one step: every row takes the next position of its slot. Tokens must be in the vocabulary and slots must not
  // be full. If it throws (out of memory, a lost device), the step is removed from all slots.
  void step(std::span<const StepRow> rows, Stat stats = Stat::none);

  // [rows that requested logits, vocab], in the backend's memory, valid until the next step.
  [[nodiscard]] View<const Real, 2> logits() const { return transformer_.logits(); }
  // stats[i] describes the i-th row that requested logits.
  void token_stats(std::span<TokenStats> stats, Signal signals);
  // Copies one row of the logits to the host.
  void read_logits(std::size_t row, std::vector<Real>& out);
  // [2 * n_layers, rows] of the last step, on the host. The values of skipped rows are undefined.
  void read_moments(std::vector<Moments<Real>>& out);
  // [n_layers, rows], likewise for whole layers.
  void read_layer_moments(std::vector<Moments<Real>>& out);

 private:
  void read(std::vector<Moments<Real>>& out, View<const Moments<Real>, 2> moments) {
    out.resize(moments.size());
    backend_->to_host(out.data(), moments.data(), out.size());
  }

  B* backend_;
  const Model<B>* model_;
  KvCache<B> cache_;
  DecisionTable decisions_;
  Transformer<B> transformer_;
  Profile* profile_;
  StepPlan plan_;
  std::vector<int> lengths_;  // [rows] length of each row's slot before the step
};

// Defined outside of the class, because compilers instantiate member functions that are defined inside it even if a
// library provides them (core/compiled.hpp).
template <Backend B>
Session<B>::Session(B& backend, const Model<B>& model, const SessionOptions& options)
    : backend_(&backend),
      model_(&model),
      cache_(backend, model.cache_shape(options.slots, options.capacity, options.kv)),
      transformer_(backend, model, options.capacity, options.profile),
      profile_(options.profile) {}

template <Backend B>
Session<B>::~Session() = default;

template <Backend B>
void Session<B>::step(std::span<const StepRow> rows, Stat stats) {
  lengths_.clear();
  for (const StepRow& row : rows) {
    LITESTAGE_ASSERT(row.token >= 0 && row.token < config().vocab, "token ", row.token, " of ", config().vocab);
    lengths_.push_back(cache_.length(row.slot));
  }
  try {
    make_plan(plan_, cache_.index(), decisions_, config().n_layers, rows, stats, config().kinds());
    transformer_.forward(plan_, cache_);
  } catch (...) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (cache_.length(rows[i].slot) > lengths_[i]) cache_.truncate(rows[i].slot, lengths_[i]);
    }
    throw;
  }
}

template <Backend B>
void Session<B>::token_stats(std::span<TokenStats> stats, Signal signals) {
  profiled(profile_, Operation::token_stats, stats.size(), [&] { backend_->token_stats(stats, logits(), signals); });
}

template <Backend B>
void Session<B>::read_logits(std::size_t row, std::vector<Real>& out) {
  out.resize(logits().extent(1));
  backend_->to_host(out.data(), logits().row(row), out.size());
}

template <Backend B>
void Session<B>::read_moments(std::vector<Moments<Real>>& out) {
  read(out, transformer_.moments());
}

template <Backend B>
void Session<B>::read_layer_moments(std::vector<Moments<Real>>& out) {
  read(out, transformer_.layer_moments());
}

}  // namespace litestage

#if !LITESTAGE_HEADER_ONLY
#include "litestage/compiled/sessions.hpp"
#endif
