// The `gpu` backend. Few rows go through our own kernels, which stream the weights once for up to 16 rows, or as many
// as their inputs fit into shared memory; many through cuBLAS. Steps that come again are recorded and replayed as one.
//
// On own kernels a row's bits do not depend on its company, as on `cpu`. A step of `gemm_from_rows` rows or more rounds
// weights and activations to the type of the product, and is within a bound of that: see docs/gpu.md.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/backend/gpu/matrix.hpp"
#include "litestage/backend/gpu/runtime.hpp"
#include "litestage/backend/gpu/step_cache.hpp"
#include "litestage/backend/gpu/token_stats.hpp"
#include "litestage/kernels/attention/cache.cuh"
#include "litestage/kernels/attention/heads.cuh"
#include "litestage/kernels/products/inputs.cuh"
#include "litestage/kernels/products/matvec.cuh"
#include "litestage/kernels/products/project_qkv.cuh"
#include "litestage/kernels/rows/token_stats.cuh"

namespace litestage {

struct GpuOptions {
  std::size_t gemm_from_rows = 17;  // steps with at least so many rows at a projection go through cuBLAS
  kernels::GemmType gemm_type = kernels::GemmType::bf16;  // or f16, which overflows on the activations of some models
  std::size_t recorded_steps = 64;                        // kept; 0: every step is launched anew
  bool verify_replays = false;  // make every recording once more before its replay and compare: for tests
};

template <gpu::Runtime R>
class GpuBackend {
 public:
  using Space = DeviceSpace;
  using Real = float;
  using Options = GpuOptions;
  using Weight = gpu::DeviceMatrix<R>;
  using Table = gpu::DeviceMatrix<R>;
  using Vector = gpu::DeviceVector<R>;
  template <class T>
  using Memory = gpu::DeviceMemory<R, T>;
  struct Cache {
    CacheShape shape;
    gpu::DeviceMemory<R, std::byte> k, v;  // kernels/attention/cache.cuh
  };

  // `runtime`: what R is made from.
  template <class... Args>
  explicit GpuBackend(const Options& options = {}, Args&&... runtime)
      : options_(options),
        runtime_(std::make_unique<R>(std::forward<Args>(runtime)...)),
        steps_(options.recorded_steps) {
    LITESTAGE_ASSERT(options.gemm_type != kernels::GemmType::f32, "products take f16 or bf16");
  }

  [[nodiscard]] std::string name() const { return "gpu"; }
  [[nodiscard]] std::string instruction_set() const {
    return concat("sm_", runtime_->device().major, runtime_->device().minor);
  }
  [[nodiscard]] R& runtime() { return *runtime_; }
  // How often a recording was replayed so far.
  [[nodiscard]] std::size_t replays() const { return replays_; }

  void expect_weights(std::span<const RawTensor* const> weights) const { matrices_.expect(*runtime_, weights); }
  [[nodiscard]] Weight load_weight(const RawTensor& raw);
  [[nodiscard]] Table load_table(const RawTensor& raw) { return matrices_.load(*runtime_, raw); }
  [[nodiscard]] Vector load_vector(const RawTensor& raw) { return Vector(*runtime_, raw); }
  [[nodiscard]] Cache make_cache(const CacheShape& shape);
  template <class T>
  [[nodiscard]] Memory<T> allocate(std::size_t n) {
    forget_steps();
    return Memory<T>(*runtime_, n);
  }

  [[nodiscard]] View<const int, 1> upload(std::span<const int> host);
  [[nodiscard]] View<const float, 1> upload(std::span<const float> host);
  template <class T>
  void to_host(T* to, const T* from, std::size_t n) {
    runtime_->copy_to_host(to, from, n * sizeof(T));
  }
  template <class T>
  void to_device(T* to, const T* from, std::size_t n) {
    runtime_->copy_to_device(to, from, n * sizeof(T));
  }

  template <class Work>
  void run_step(const StepShape& shape, const Work& work);

  void embed(View<float, 2> x, View<const int, 1> tokens, const Table& table, float multiplier);
  void project_qkv(View<float, 2> q, Cache& cache, int layer, View<const float, 2> x, const AttentionRows& rows,
                   const AttentionWeights<GpuBackend>& w, const AttentionShape& shape,
                   const RopeTable<GpuBackend>& rope);
  void attend(View<float, 2> out, View<const float, 2> q, const Cache& cache, int layer, const AttentionRows& rows,
              const AttentionShape& shape);
  void project_add(View<float, 2> x, View<const int, 1> rows, View<const float, 2> in, const Weight& weight,
                   float multiplier, View<Moments<float>, 1> moments);
  void gate_up(View<float, 2> h, View<const float, 2> x, View<const int, 1> rows, const MlpWeights<GpuBackend>& w,
               float eps, Activation activation);
  void scale_rows(View<float, 2> x, View<const int, 1> rows, View<const float, 1> factors);
  void copy_rows(View<float, 2> to, View<const float, 2> from);
  void measure(View<Moments<float>, 1> moments, View<const float, 2> before, View<const float, 2> after);
  void copy_entries(Cache& cache, std::span<const EntryCopy> copies);
  [[nodiscard]] bool kv_overflowed(const Cache& cache, int slot, int layer, std::size_t n);
  void logits(View<float, 2> out, View<const float, 2> x, View<const int, 1> rows, const Vector& norm, float eps,
              const Weight& head, float multiplier);
  void token_stats(std::span<TokenStats> stats, View<const float, 2> logits, Signal signals);

 private:
  template <class T>
  using Scratch = gpu::DeviceMemory<R, T>;
  // The logits that the last summaries speak of.
  struct Summarised {
    const float* logits = nullptr;
    std::size_t rows = 0;
  };
  struct RecordedStep {
    typename R::Recording calls;
    Summarised summarised;
  };
  template <class Work>
  void run_or_replay(const StepShape& shape, const Work& work);

  // A scratch buffer of at least n numbers. What was recorded before it grew names memory that is gone.
  template <class T>
  [[nodiscard]] T* grow(Scratch<T>& scratch, std::size_t n) {
    if (scratch.size() < n) {
      forget_steps();
      scratch = Scratch<T>();
      scratch = Scratch<T>(*runtime_, n + n / 4);
    }
    return scratch.data();
  }
  void forget_steps() { steps_.clear(); }
  [[nodiscard]] bool uses_gemm(std::size_t n) const { return n >= options_.gemm_from_rows; }
  // The number of a view that `upload` gave, on the host.
  [[nodiscard]] int on_host(View<const int, 1> view, std::size_t i) const {
    return ints_on_host_[static_cast<std::size_t>(view.data() - ints_.data()) + i];
  }

  template <class K>
  void launch(const kernels::Grid& grid, const typename K::Params& params) {
    runtime_->template launch<K>(grid, params);
  }
  // Rows of the stream, to be normed.
  [[nodiscard]] static kernels::InputRows input_rows(View<const float, 2> x, View<const int, 1> rows,
                                                     const Vector& norm, float eps) {
    return {x.data(),
            static_cast<unsigned>(x.stride(0)),
            rows.data(),
            static_cast<unsigned>(rows.extent(0)),
            static_cast<unsigned>(x.extent(1)),
            norm.data(),
            eps};
  }
  // Blocks of a product that the device holds at a time: what its registers were limited for, if as many fit into
  // shared memory.
  template <class K>
  [[nodiscard]] unsigned resident(const typename K::Params& p) const;
  // Bytes of shared memory that n inputs of a product with w take.
  [[nodiscard]] static std::size_t staged_bytes(const Weight& w, unsigned n);
  // f<N>(first, n) for pieces of up to 16 inputs of w, as many as fit into shared memory: N of 1, 2, 4, 8, 16.
  template <class F>
  void in_pieces(const Weight& w, std::size_t n, const F& f) const;
  // f<type>() with the type of w.
  template <class F>
  void with_type_of(const Weight& w, const F& f) const {
    with_type(w.type(), [&]<DType type>() {
      if constexpr (R::template has_type<type>)
        f.template operator()<type>();
      else
        throw Error(concat("tensor ", w.name(), ": there are no kernels for ", litestage::name(type)));
    });
  }
  // f(kernels::Cache<T>) with the type of the cache.
  template <class F>
  static void with_cache(const Cache& cache, const F& f);
  [[nodiscard]] static kernels::HeadShape head_shape(const AttentionShape& shape);
  [[nodiscard]] static kernels::AttentionInputs attention_inputs(const AttentionRows& rows, std::size_t first,
                                                                 std::size_t n);

  template <class T>
  void project_fused(View<float, 2> q, const kernels::Cache<T>& cache, int layer, const kernels::InputRows& in,
                     const AttentionRows& rows, const AttentionWeights<GpuBackend>& w, const AttentionShape& shape,
                     const RopeTable<GpuBackend>& rope, float* raw);
  static constexpr std::size_t rows_worth_a_tile = 4;  // our own default
  [[nodiscard]] std::vector<int> tiles_of(const AttentionRows& rows) const;
  template <class T>
  void attend_tiled(View<float, 2> out, View<const float, 2> q, const kernels::Cache<T>& cache, int layer,
                    const AttentionRows& rows, const AttentionShape& shape, const std::vector<int>& tiles);
  template <class T>
  void attend_split(View<float, 2> out, View<const float, 2> q, const kernels::Cache<T>& cache, int layer,
                    const AttentionRows& rows, const AttentionShape& shape);
  void summarise(View<const float, 2> logits);
  // out [in.n, rows of w] = multiplier * (W rmsnorm(in))
  void normed_products(float* out, const kernels::InputRows& in, const Weight& w, float multiplier);

  void launch_add_rows(View<float, 2> x, View<const int, 1> rows, const float* product, float multiplier);
  void measure_rows(View<Moments<float>, 1> moments, const float* before, const float* after, const int* rows,
                    std::size_t n, std::size_t columns);

  // Through cuBLAS: the inputs, rounded to the type of the product; then y [n, rows of w] = in W^T, rows of y at
  // `stride`.
  void normed_input(const kernels::InputRows& in);
  void multiply(float* y, std::size_t stride, std::size_t n, const Weight& w);
  // f<type>() with the type of the products.
  template <class F>
  void with_gemm_type(const F& f) const {
    if (options_.gemm_type == kernels::GemmType::f16)
      f.template operator()<kernels::GemmType::f16>();
    else
      f.template operator()<kernels::GemmType::bf16>();
  }

  Options options_;
  std::unique_ptr<R> runtime_;
  gpu::MatrixStore<R> matrices_;
  gpu::StepCache<RecordedStep> steps_;
  std::size_t replays_ = 0;
  std::size_t longest_ = 0;  // in a step: at least the entries that any row sees; the same for all of a recording
  std::vector<int> ints_on_host_;
  Scratch<int> ints_;
  Scratch<float> floats_;
  Scratch<int> copies_, tiles_;
  Scratch<float> raw_;                                // [rows, q_dim + 2 kv_dim]
  Scratch<float> partial_;                            // of split attention
  Scratch<int> finished_;                             // counters, zero between launches
  Scratch<float> before_;                             // the stream before a sub-layer that is measured
  Scratch<float> product_;                            // [rows, widest matrix] of cuBLAS
  Scratch<std::uint16_t> gemm_input_, gemm_weights_;  // numbers of the type of the product
  Scratch<kernels::LogitSummary> summary_, partial_summary_;
  Scratch<float> top_;
  Summarised summarised_;
};

}  // namespace litestage
