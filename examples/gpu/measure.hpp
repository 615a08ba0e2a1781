// How fast a GPU is, by the wall clock: much work asked for, one wait, until that has taken long enough.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "cli/interrupt.hpp"
#include "gpu/decode_operations.hpp"
#include "litestage/backend/gpu.hpp"
#include "litestage/engine/session.hpp"

namespace litestage::gpu_check {

// What is measured: on a GPU, this.
struct MeasuredWork {
  std::size_t operations_context = 1024;  // of the operations, and of skipped layers
  std::vector<int> contexts{128, 1024};   // of decoded tokens
  int prompt = 512;
  std::vector<int> step_rows{4, 8, 16, 32, 64};
  int step_context = 128;
  double enough = 0.5;  // seconds that a measurement takes at least
};

// Seconds of one call of `work`: it is called ever more often until all calls and wait() take long enough.
template <class Work, class Wait>
[[nodiscard]] double seconds_each(const Work& work, const Wait& wait, double enough) {
  work();
  wait();
  for (std::size_t n = 1;; n *= 2) {
    if (cli::interrupted()) throw cli::Interrupted{};
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < n; ++i) work();
    wait();
    const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (elapsed >= enough) return elapsed / static_cast<double>(n);
  }
}

// ---- operations ----

struct OperationSpeed {
  std::string name;
  double seconds = 0;        // of one
  double bytes = 0;          // that one has to move at least
  double bytes_in_turn = 0;  // of all layers, which are taken one after another; less than the cache shows in a speed
  [[nodiscard]] double bytes_per_second() const { return bytes / seconds; }
};

// The launches of one operation in all layers, recorded as a decoded token's are, and replayed.
template <gpu::Runtime R>
class OperationRounds {
 public:
  OperationRounds(GpuBackend<R>& backend, const Model<GpuBackend<R>>& model, std::size_t context)
      : runtime_(&backend.runtime()), operations_(backend, model, context), layers_(model.config.n_layers) {
    for (std::size_t o = 0; o < decode_operation_names.size(); ++o) round(static_cast<DecodeOperation>(o));
    operations_.wait();  // from here on all memory exists
  }

  [[nodiscard]] typename R::Recording record(DecodeOperation operation) {
    return gpu::record(*runtime_, [&] { round(operation); });
  }
  void replay(typename R::Recording& recording) { runtime_->replay(recording); }
  void wait() { operations_.wait(); }

  [[nodiscard]] int count(DecodeOperation operation) const {
    return operation == DecodeOperation::logits ? 1 : layers_;
  }
  [[nodiscard]] double bytes(DecodeOperation operation) const {
    double sum = 0;
    for (int l = 0; l < count(operation); ++l) sum += static_cast<double>(operations_.bytes(operation, l));
    return sum;
  }

 private:
  void round(DecodeOperation operation) {
    for (int l = 0; l < count(operation); ++l) operations_.run(operation, l);
  }

  R* runtime_;
  DecodeOperations<GpuBackend<R>> operations_;
  int layers_;
};

template <gpu::Runtime R>
[[nodiscard]] std::vector<OperationSpeed> measure_operations(GpuBackend<R>& backend, const Model<GpuBackend<R>>& model,
                                                             const MeasuredWork& what) {
  OperationRounds<R> rounds(backend, model, what.operations_context);
  std::vector<OperationSpeed> speeds;
  for (std::size_t o = 0; o < decode_operation_names.size(); ++o) {
    const auto operation = static_cast<DecodeOperation>(o);
    auto recording = rounds.record(operation);
    const double seconds = seconds_each([&] { rounds.replay(recording); }, [&] { rounds.wait(); }, what.enough);
    const double n = rounds.count(operation), bytes = rounds.bytes(operation);
    speeds.push_back({std::string(decode_operation_names[o]), seconds / n, bytes / n, bytes});
  }
  return speeds;
}

// ---- tokens ----

// The `skipped` layers of a model that are left out: at even distances.
[[nodiscard]] inline Decisions skip_layers(int n_layers, int skipped) {
  Decisions decisions(static_cast<std::size_t>(2 * n_layers));
  for (int i = 0; i < skipped; ++i) {
    const auto layer = static_cast<std::size_t>((2 * i + 1) * n_layers / (2 * skipped));
    decisions[2 * layer].skip = decisions[2 * layer + 1].skip = true;
  }
  return decisions;
}

// Of a token decoded at this context, until its statistics are on the host.
template <Backend B>
[[nodiscard]] double decode_seconds(B& backend, const Model<B>& model, int context, int skipped, double enough) {
  Session<B> session(backend, model, {1, static_cast<std::size_t>(context) + 1, KvType::f16});
  const int number = session.decisions().number_of(skip_layers(model.config.n_layers, skipped));
  session.step(std::vector<StepRow>(static_cast<std::size_t>(context), StepRow{1, 0, number, false}));
  const std::vector<StepRow> row{{2, 0, number, true}};
  TokenStats stats;
  return seconds_each(
      [&] {
        session.cache().truncate(0, context);
        session.step(row);
        session.token_stats(std::span(&stats, 1), Signal::max_prob);
      },
      [] {}, enough);
}

// Of a whole prompt, until the statistics of its last token are on the host.
template <Backend B>
[[nodiscard]] double prefill_seconds(B& backend, const Model<B>& model, int tokens, double enough) {
  Session<B> session(backend, model, {1, static_cast<std::size_t>(tokens), KvType::f16});
  std::vector<StepRow> rows(static_cast<std::size_t>(tokens), StepRow{1, 0, session.skip_nothing(), false});
  rows.back().wants_logits = true;
  TokenStats stats;
  return seconds_each(
      [&] {
        session.cache().truncate(0, 0);
        session.step(rows);
        session.token_stats(std::span(&stats, 1), Signal::max_prob);
      },
      [] {}, enough);
}

// Of a step of one token from each of `rows` sequences, all at one context.
template <Backend B>
[[nodiscard]] double step_seconds(B& backend, const Model<B>& model, int rows, const MeasuredWork& what) {
  const int context = what.step_context;
  Session<B> session(backend, model,
                     {static_cast<std::size_t>(rows), static_cast<std::size_t>(context) + 1, KvType::f16});
  const int number = session.skip_nothing();
  std::vector<StepRow> step;
  for (int s = 0; s < rows; ++s) {
    session.step(std::vector<StepRow>(static_cast<std::size_t>(context), StepRow{1, s, number, false}));
    step.push_back({2, s, number, true});
  }
  std::vector<TokenStats> stats(step.size());
  return seconds_each(
      [&] {
        for (int s = 0; s < rows; ++s) session.cache().truncate(s, context);
        session.step(step);
        session.token_stats(stats, Signal::max_prob);
      },
      [] {}, what.enough);
}

struct DecodeSpeed {
  int context = 0;
  double replayed = 0, launched = 0;  // seconds of a token: as one recording, and launch by launch
};
// A step of so many rows, one of each sequence: through own kernels, and through cuBLAS.
struct StepSpeed {
  int rows = 0;
  double own = 0, cublas = 0;  // seconds
};
struct SkipSpeed {
  int skipped = 0;  // layers
  double seconds = 0;
  double bytes = 0;  // that a token has to move at least
};
struct Speeds {
  MeasuredWork what;
  std::vector<OperationSpeed> operations;
  std::vector<DecodeSpeed> decode;
  std::vector<StepSpeed> steps;
  std::vector<SkipSpeed> skipping;
  double prefill = 0;  // seconds of the prompt

  // What a token would take if time were bytes.
  [[nodiscard]] double predicted(const SkipSpeed& s) const {
    return skipping.front().seconds * s.bytes / skipping.front().bytes;
  }
  // What each skipped layer saved; 0 where none was skipped.
  [[nodiscard]] double saved_a_layer(const SkipSpeed& s) const {
    return s.skipped == 0 ? 0 : (skipping.front().seconds - s.seconds) / s.skipped;
  }
};

// note(what) is told what comes next. Leaves decoding without recordings, and steps of several rows, to other backends.
template <gpu::Runtime R, class Note>
[[nodiscard]] Speeds measure_speeds(GpuBackend<R>& backend, const Model<GpuBackend<R>>& model, const MeasuredWork& what,
                                    const Note& note) {
  const int layers = model.config.n_layers, skip_context = static_cast<int>(what.operations_context);
  Speeds speeds;
  speeds.what = what;
  note("measuring the operations of a decoded token");
  speeds.operations = measure_operations(backend, model, what);
  note("measuring tokens");
  for (const int context : what.contexts) {
    speeds.decode.push_back({context, decode_seconds(backend, model, context, 0, what.enough), 0});
  }
  double layer_bytes = 0, head_bytes = 0;
  for (const OperationSpeed& o : speeds.operations) {
    const bool head = o.name == decode_operation_names[static_cast<std::size_t>(DecodeOperation::logits)];
    (head ? head_bytes : layer_bytes) += o.bytes;
  }
  for (const int skipped : {0, layers / 4, layers / 2}) {
    speeds.skipping.push_back({skipped, decode_seconds(backend, model, skip_context, skipped, what.enough),
                               head_bytes + layer_bytes * (layers - skipped)});
  }
  speeds.prefill = prefill_seconds(backend, model, what.prompt, what.enough);
  return speeds;
}

}  // namespace litestage::gpu_check
