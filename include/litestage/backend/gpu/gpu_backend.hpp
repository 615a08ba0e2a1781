// The `gpu` backend: it owns the device and the parts that do the work, and hands every operation of
// backend/concept.hpp to one of them.
//
//     operations/projections.hpp, qkv_projection.hpp   products with weights: own kernels or cuBLAS (gemm_products.hpp)
//     operations/attention.hpp                         attention of few rows and of many
//     operations/token_summaries.hpp                   statistics of logits
//     operations/row_operations.hpp, kv_entries.hpp    the rest
//     recording/step_recorder.hpp                      replays steps that come again
//
// On own kernels a row's bits do not depend on which rows are computed with it, as on `cpu`. An operation on
// `gemm_from_rows` rows or more rounds weights and activations to the type of the product, and is within a bound of
// that: see docs/gpu.md.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "litestage/backend/concept.hpp"
#include "litestage/backend/gpu/memory/kv_memory.hpp"
#include "litestage/backend/gpu/memory/matrix.hpp"
#include "litestage/backend/gpu/memory/step_inputs.hpp"
#include "litestage/backend/gpu/operations/attention.hpp"
#include "litestage/backend/gpu/operations/gemm_products.hpp"
#include "litestage/backend/gpu/operations/gpu_options.hpp"
#include "litestage/backend/gpu/operations/kv_entries.hpp"
#include "litestage/backend/gpu/operations/projections.hpp"
#include "litestage/backend/gpu/operations/qkv_projection.hpp"
#include "litestage/backend/gpu/operations/row_operations.hpp"
#include "litestage/backend/gpu/operations/token_summaries.hpp"
#include "litestage/backend/gpu/recording/step_recorder.hpp"

namespace litestage {

template <gpu::Runtime R>
class GpuBackend {
 public:
  using Space = DeviceSpace;
  using Real = float;
  using Options = GpuOptions;
  using Weight = gpu::DeviceMatrix<R>;
  using Table = gpu::DeviceMatrix<R>;
  using Vector = gpu::DeviceVector<R>;
  using Cache = gpu::KvMemory<R>;
  template <class T>
  using Memory = gpu::DeviceMemory<R, T>;

  // `runtime`: the arguments of R's constructor.
  template <class... Args>
  explicit GpuBackend(const Options& options = {}, Args&&... runtime)
      : options_(options), device_(std::make_unique<gpu::Device<R>>(std::forward<Args>(runtime)...)) {
    LITESTAGE_ASSERT(options.gemm_type != kernels::GemmType::f32, "products take f16 or bf16");
  }

  [[nodiscard]] std::string name() const { return "gpu"; }
  [[nodiscard]] std::string instruction_set() const {
    return concat("sm_", device_->facts().major, device_->facts().minor);
  }
  [[nodiscard]] R& runtime() { return device_->runtime(); }
  // The number of steps that were replayed so far.
  [[nodiscard]] std::size_t replays() const { return recorder_.replays(); }

  void expect_weights(std::span<const RawTensor* const> weights) const {
    matrices_.expect(device_->runtime(), weights);
  }
  [[nodiscard]] Weight load_weight(const RawTensor& raw);
  [[nodiscard]] Table load_table(const RawTensor& raw) { return matrices_.load(device_->runtime(), raw); }
  [[nodiscard]] Vector load_vector(const RawTensor& raw) { return Vector(device_->runtime(), raw); }
  [[nodiscard]] Cache make_cache(const CacheShape& shape) { return gpu::make_kv_memory(*device_, shape); }
  template <class T>
  [[nodiscard]] Memory<T> allocate(std::size_t n) {
    device_->note_memory_change();
    return Memory<T>(device_->runtime(), n);
  }

  [[nodiscard]] View<const int, 1> upload(std::span<const int> host) { return inputs_.upload(host); }
  [[nodiscard]] View<const float, 1> upload(std::span<const float> host) { return inputs_.upload(host); }
  template <class T>
  void to_host(T* to, const T* from, std::size_t n) {
    device_->runtime().copy_to_host(to, from, n * sizeof(T));
  }
  template <class T>
  void to_device(T* to, const T* from, std::size_t n) {
    device_->runtime().copy_to_device(to, from, n * sizeof(T));
  }

  // Runs the operations of a step, or replays them (run_step in backend/concept.hpp).
  template <class Work>
  void run_step(const StepShape& shape, const Work& work);

  void embed(View<float, 2> x, View<const int, 1> tokens, const Table& table, float multiplier);
  void project_qkv(View<float, 2> q, Cache& cache, int layer, View<const float, 2> x, const AttentionRows& rows,
                   const AttentionWeights<GpuBackend>& w, const AttentionShape& shape,
                   const RopeTable<GpuBackend>& rope);
  void attend(View<float, 2> out, View<const float, 2> q, const Cache& cache, int layer, const AttentionRows& rows,
              const AttentionShape& shape);
  void project_add(View<float, 2> x, View<const int, 1> rows, View<const float, 2> in, const Weight& weight,
                   float multiplier, View<Moments<float>, 1> moments, const Vector& post_norm = {}, float eps = 0);
  void gate_up(View<float, 2> h, View<const float, 2> x, View<const int, 1> rows, const MlpWeights<GpuBackend>& w,
               float eps, Activation activation);
  void scale_rows(View<float, 2> x, View<const int, 1> rows, View<const float, 1> factors);
  void copy_rows(View<float, 2> to, View<const float, 2> from);
  void measure(View<Moments<float>, 1> moments, View<const float, 2> before, View<const float, 2> after);
  void copy_entries(Cache& cache, std::span<const EntryCopy> copies);
  [[nodiscard]] bool kv_overflowed(const Cache& cache, int slot, int layer, std::size_t n);
  void logits(View<float, 2> out, View<const float, 2> x, View<const int, 1> rows, const Vector& norm, float eps,
              const Weight& head, float multiplier, float softcap = 0);
  void token_stats(std::span<TokenStats> stats, View<const float, 2> logits, Signal signals);

 private:
  Options options_;
  std::unique_ptr<gpu::Device<R>> device_;  // before the parts, which point to it
  gpu::MatrixStore<R> matrices_;
  gpu::StepRecorder<R, gpu::SummarisedLogits> recorder_{*device_, options_.recorded_steps, options_.verify_replays};
  gpu::StepInputs<R> inputs_{*device_};
  gpu::GemmProducts<R> gemm_{*device_, options_};
  gpu::Projections<R> projections_{*device_, options_};
  gpu::QkvProjection<R> qkv_{*device_, options_};
  gpu::Attention<R> attention_{*device_, options_};
  gpu::KvEntries<R> entries_{*device_};
  gpu::RowOperations<R> rows_{*device_};
  gpu::TokenSummaries<R> summaries_{*device_};
};

// The definitions below stand outside of the class, so that `extern template class GpuBackend<R>` keeps a file from
// compiling the launches of all kernels.

template <gpu::Runtime R>
typename GpuBackend<R>::Weight GpuBackend<R>::load_weight(const RawTensor& raw) {
  const std::size_t bytes = kernels::staged_bytes(kernels::format_of(raw.type), 1, static_cast<unsigned>(raw.columns),
                                                  kernels::matvec_threads);
  const std::size_t most = device_->facts().shared_bytes;
  if (bytes > most) {
    throw Error(concat("tensor ", raw.name, ": a row of ", raw.columns, " ", litestage::name(raw.type), " needs ",
                       bytes, " bytes of shared memory, a block of this device has ", most));
  }
  device_->note_memory_change();
  return matrices_.load(device_->runtime(), raw);
}

template <gpu::Runtime R>
template <class Work>
void GpuBackend<R>::run_step(const StepShape& shape, const Work& work) {
  struct Bound {
    Bound(gpu::Attention<R>& of, std::size_t entries) : attention(of) { attention.set_entry_bound(entries); }
    Bound(const Bound&) = delete;
    Bound& operator=(const Bound&) = delete;
    ~Bound() { attention.set_entry_bound(0); }
    gpu::Attention<R>& attention;
  };
  const std::size_t entries = gpu::Attention<R>::entry_bound(shape.longest);
  const Bound bound(attention_, entries);
  gpu::SummarisedLogits& summarised = summaries_.summarised();
  summarised = {};
  // Copies of entries read host memory, which a recording cannot; and steps of many rows, prefills, rarely come twice.
  if (shape.copies > 0 || options_.through_cublas(shape.rows)) return work();
  gpu::StepKey key(shape.words.begin(), shape.words.end());
  key.push_back(entries);
  recorder_.run(key, summarised, work);
}

template <gpu::Runtime R>
void GpuBackend<R>::embed(View<float, 2> x, View<const int, 1> tokens, const Table& table, float multiplier) {
  if (!tokens.empty()) rows_.embed(x, tokens, table, multiplier);
}

template <gpu::Runtime R>
void GpuBackend<R>::project_qkv(View<float, 2> q, Cache& cache, int layer, View<const float, 2> x,
                                const AttentionRows& rows, const AttentionWeights<GpuBackend>& w,
                                const AttentionShape& shape, const RopeTable<GpuBackend>& rope) {
  if (rows.size() == 0) return;
  const kernels::InputRows in = gpu::normed_rows(x, rows.rows, w.norm, shape.norm_eps);
  gpu::with_typed_cache(cache, [&]<class T>(const kernels::Cache<T>& typed) {
    const gpu::HeadTarget<T> target{gpu::head_shape(shape, !rope.cos.empty()),
                                    {rope.cos.data(), rope.sin.data()},
                                    q.data(),
                                    typed,
                                    static_cast<unsigned>(layer)};
    qkv_.project(gemm_, target, in, rows, w);
  });
}

template <gpu::Runtime R>
void GpuBackend<R>::attend(View<float, 2> out, View<const float, 2> q, const Cache& cache, int layer,
                           const AttentionRows& rows, const AttentionShape& shape) {
  if (rows.n_run == 0) return;
  gpu::with_typed_cache(cache, [&]<class T>(const kernels::Cache<T>& typed) {
    attention_.attend(out, q, typed, layer, rows, shape, inputs_);
  });
}

template <gpu::Runtime R>
void GpuBackend<R>::project_add(View<float, 2> x, View<const int, 1> rows, View<const float, 2> in,
                                const Weight& weight, float multiplier, View<Moments<float>, 1> moments,
                                const Vector& post_norm, float eps) {
  if (rows.empty()) return;
  if (!moments.empty()) rows_.keep(x);
  projections_.project_add(gemm_, x, rows, in, weight, multiplier, post_norm.data(), eps);
  if (!moments.empty()) rows_.measure_change(moments, x, rows);
}

template <gpu::Runtime R>
void GpuBackend<R>::gate_up(View<float, 2> h, View<const float, 2> x, View<const int, 1> rows,
                            const MlpWeights<GpuBackend>& w, float eps, Activation activation) {
  if (!rows.empty()) projections_.gate_up(gemm_, h, gpu::normed_rows(x, rows, w.norm, eps), w.gate, w.up, activation);
}

template <gpu::Runtime R>
void GpuBackend<R>::scale_rows(View<float, 2> x, View<const int, 1> rows, View<const float, 1> factors) {
  if (!rows.empty()) rows_.scale(x, rows, factors);
}

template <gpu::Runtime R>
void GpuBackend<R>::copy_rows(View<float, 2> to, View<const float, 2> from) {
  if (!from.empty()) rows_.copy(to, from);
}

template <gpu::Runtime R>
void GpuBackend<R>::measure(View<Moments<float>, 1> moments, View<const float, 2> before, View<const float, 2> after) {
  if (!before.empty()) rows_.measure(moments, before, after);
}

template <gpu::Runtime R>
void GpuBackend<R>::copy_entries(Cache& cache, std::span<const EntryCopy> copies) {
  if (!copies.empty()) entries_.copy(cache, copies);
}

template <gpu::Runtime R>
bool GpuBackend<R>::kv_overflowed(const Cache& cache, int slot, int layer, std::size_t n) {
  return entries_.overflowed(cache, slot, layer, n);
}

template <gpu::Runtime R>
void GpuBackend<R>::logits(View<float, 2> out, View<const float, 2> x, View<const int, 1> rows, const Vector& norm,
                           float eps, const Weight& head, float multiplier, float softcap) {
  if (rows.empty()) return;
  projections_.normed_products(out.data(), gpu::normed_rows(x, rows, norm, eps), head, multiplier);
  if (softcap > 0) rows_.cap(out.first(rows.extent(0)), softcap);
  summaries_.summarise(out);
}

template <gpu::Runtime R>
void GpuBackend<R>::token_stats(std::span<TokenStats> stats, View<const float, 2> logits, Signal signals) {
  summaries_.read(stats, logits, signals);
}

}  // namespace litestage
