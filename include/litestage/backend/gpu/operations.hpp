// The operations of GpuBackend but attention.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <limits>
#include <vector>

#include "litestage/backend/gpu/declaration.hpp"
#include "litestage/kernels/attention/attend.cuh"
#include "litestage/kernels/products/dequantize.cuh"
#include "litestage/kernels/products/gate_up.cuh"
#include "litestage/kernels/products/logits.cuh"
#include "litestage/kernels/products/project_add.cuh"
#include "litestage/kernels/rows/moments.cuh"
#include "litestage/kernels/rows/rms_norm.cuh"
#include "litestage/kernels/rows/rows.cuh"
#include "litestage/kernels/rows/token_stats.cuh"

namespace litestage {

template <gpu::Runtime R>
typename GpuBackend<R>::Weight GpuBackend<R>::load_weight(const RawTensor& raw) {
  const std::size_t bytes = kernels::staged_bytes(kernels::format_of(raw.type), 1, static_cast<unsigned>(raw.columns),
                                                  kernels::matvec_threads);
  if (bytes > runtime_->device().shared_bytes) {
    throw Error(concat("tensor ", raw.name, ": a row of ", raw.columns, " ", litestage::name(raw.type), " needs ",
                       bytes, " bytes of shared memory, a block of this device has ", runtime_->device().shared_bytes));
  }
  forget_steps();
  return matrices_.load(*runtime_, raw);
}

template <gpu::Runtime R>
View<const int, 1> GpuBackend<R>::upload(std::span<const int> host) {
  ints_on_host_.assign(host.begin(), host.end());
  int* to = grow(ints_, host.size());
  runtime_->copy_to_device(to, host.data(), host.size_bytes());
  return {to, {host.size()}};
}
template <gpu::Runtime R>
View<const float, 1> GpuBackend<R>::upload(std::span<const float> host) {
  float* to = grow(floats_, host.size());
  runtime_->copy_to_device(to, host.data(), host.size_bytes());
  return {to, {host.size()}};
}

template <gpu::Runtime R>
template <class Work>
void GpuBackend<R>::run_step(const StepShape& shape, const Work& work) {
  summarised_ = {};  // of another step, perhaps another session's
  // Steps of the same bucket of lengths share a recording: a power of two of chunks.
  longest_ = kernels::Attend<float, 1>::chunk;
  while (longest_ < shape.longest) longest_ *= 2;
  try {
    run_or_replay(shape, work);
  } catch (...) {
    longest_ = 0;
    throw;
  }
  longest_ = 0;
}

template <gpu::Runtime R>
template <class Work>
void GpuBackend<R>::run_or_replay(const StepShape& shape, const Work& work) {
  // What copies entries copies host memory, and prefills rarely come twice.
  if (options_.recorded_steps == 0 || shape.copies > 0 || uses_gemm(shape.rows)) return work();
  gpu::StepKey key(shape.words.begin(), shape.words.end());
  key.push_back(longest_);
  const auto found = steps_.find(key);
  RecordedStep* step = found.recording;
  if (step == nullptr && !found.seen) return work();
  if (step == nullptr) step = &steps_.put({gpu::record(*runtime_, work), summarised_});
  if constexpr (std::equality_comparable<typename R::Recording>) {
    LITESTAGE_ASSERT(!options_.verify_replays || gpu::record(*runtime_, work) == step->calls,
                     "another step under the same key");
  }
  runtime_->replay(step->calls);
  summarised_ = step->summarised;
  ++replays_;
}

template <gpu::Runtime R>
template <class K>
unsigned GpuBackend<R>::resident(const typename K::Params& p) const {
  const std::size_t fit = runtime_->device().shared_bytes / K::shared_bytes(p);
  return runtime_->device().multiprocessors * static_cast<unsigned>(std::clamp<std::size_t>(fit, 1, K::resident));
}

template <gpu::Runtime R>
std::size_t GpuBackend<R>::staged_bytes(const Weight& w, unsigned n) {
  return kernels::staged_bytes(kernels::format_of(w.type()), n, w.matrix().columns, kernels::matvec_threads);
}

template <gpu::Runtime R>
template <class F>
void GpuBackend<R>::in_pieces(const Weight& w, std::size_t n, const F& f) const {
  const auto for_columns = [](const auto& g) {
    const auto call = [&]<unsigned N>() {
      if constexpr (R::template has_columns<N>) g.template operator()<N>();
    };
    call.template operator()<1>();
    call.template operator()<2>();
    call.template operator()<4>();
    call.template operator()<8>();
    call.template operator()<16>();
  };
  unsigned most = 1;
  for_columns([&]<unsigned N>() {
    if (staged_bytes(w, N) <= runtime_->device().shared_bytes) most = N;
  });
  for (std::size_t first = 0; first < n; first += most) {
    const std::size_t piece = std::min<std::size_t>(most, n - first);
    bool done = false;
    for_columns([&]<unsigned N>() {
      if (done || piece > N) return;
      f.template operator()<N>(first, piece);
      done = true;
    });
  }
}

template <gpu::Runtime R>
void GpuBackend<R>::embed(View<float, 2> x, View<const int, 1> tokens, const Table& table, float multiplier) {
  if (tokens.empty()) return;
  with_type_of(table, [&]<DType type>() {
    using Embed = kernels::Embed<type>;
    typename Embed::Params p;
    p.table = table.matrix();
    p.tokens = tokens.data();
    p.n = static_cast<unsigned>(tokens.extent(0));
    p.multiplier = multiplier;
    p.x = x.data();
    launch<Embed>(Embed::grid(p), p);
  });
}

template <gpu::Runtime R>
void GpuBackend<R>::project_add(View<float, 2> x, View<const int, 1> rows, View<const float, 2> in,
                                const Weight& weight, float multiplier, View<Moments<float>, 1> moments) {
  const std::size_t n = rows.extent(0), inputs = weight.columns();
  if (n == 0) return;
  if (!moments.empty()) copy_rows(View<float, 2>(grow(before_, x.size()), x.extents()), x);
  const kernels::InputRows input{in.data(),
                                 static_cast<unsigned>(in.stride(0)),
                                 nullptr,
                                 static_cast<unsigned>(n),
                                 static_cast<unsigned>(inputs),
                                 nullptr,
                                 0};
  if (uses_gemm(n)) {
    float* product = grow(product_, n * weight.rows());
    normed_input(input);
    multiply(product, weight.rows(), n, weight);
    launch_add_rows(x, rows, product, multiplier);
  } else {
    in_pieces(weight, n, [&]<unsigned N>(std::size_t first, std::size_t piece) {
      with_type_of(weight, [&]<DType type>() {
        using Add = kernels::ProjectAdd<type, N>;
        typename Add::Params p;
        p.w = weight.matrix();
        p.in = input;
        p.in.x += first * input.stride;
        p.in.n = static_cast<unsigned>(piece);
        p.x = x.data();
        p.stride = static_cast<unsigned>(x.stride(0));
        p.rows = rows.data() + first;
        p.multiplier = multiplier;
        launch<Add>(Add::grid(p, resident<Add>(p)), p);
      });
    });
  }
  if (!moments.empty()) measure_rows(moments, before_.data(), x.data(), rows.data(), n, x.extent(1));
}

template <gpu::Runtime R>
void GpuBackend<R>::launch_add_rows(View<float, 2> x, View<const int, 1> rows, const float* product, float multiplier) {
  kernels::AddRows::Params p;
  p.x = x.data();
  p.y = product;
  p.rows = rows.data();
  p.columns = static_cast<unsigned>(x.extent(1));
  p.n = static_cast<unsigned>(rows.extent(0));
  p.multiplier = multiplier;
  launch<kernels::AddRows>(kernels::AddRows::grid(p), p);
}

template <gpu::Runtime R>
void GpuBackend<R>::measure_rows(View<Moments<float>, 1> moments, const float* before, const float* after,
                                 const int* rows, std::size_t n, std::size_t columns) {
  static_assert(sizeof(Moments<float>) == 3 * sizeof(float));
  kernels::MeasureRows::Params p;
  p.before = before;
  p.after = after;
  p.rows = rows;
  p.columns = static_cast<unsigned>(columns);
  p.n = static_cast<unsigned>(n);
  p.moments = &moments.data()->dot;
  launch<kernels::MeasureRows>(kernels::MeasureRows::grid(p), p);
}

template <gpu::Runtime R>
void GpuBackend<R>::gate_up(View<float, 2> h, View<const float, 2> x, View<const int, 1> rows,
                            const MlpWeights<GpuBackend>& w, float eps, Activation activation) {
  const std::size_t n = rows.extent(0), ffn = w.gate.rows();
  if (n == 0) return;
  const kernels::InputRows in = input_rows(x, rows, w.norm, eps);
  const bool apart = w.gate.type() != w.up.type();  // few models have that: two products for one
  if (uses_gemm(n) || apart) {
    float* product = grow(product_, 2 * n * ffn);
    if (uses_gemm(n)) {
      normed_input(in);
      multiply(product, ffn, n, w.gate);
      multiply(product + n * ffn, ffn, n, w.up);
    } else {
      normed_products(product, in, w.gate, 1);
      normed_products(product + n * ffn, in, w.up, 1);
    }
    const kernels::Gate::Params p{product, product + n * ffn, h.data(), static_cast<unsigned>(n * ffn), activation};
    launch<kernels::Gate>(kernels::Gate::grid(p), p);
    return;
  }
  in_pieces(w.gate, n, [&]<unsigned N>(std::size_t first, std::size_t piece) {
    with_type_of(w.gate, [&]<DType type>() {
      using GateUp = kernels::GateUp<type, N>;
      typename GateUp::Params p;
      p.gate = w.gate.matrix();
      p.up = w.up.matrix();
      p.in = in;
      p.in.rows += first;
      p.in.n = static_cast<unsigned>(piece);
      p.h = h.data() + first * h.stride(0);
      p.stride = static_cast<unsigned>(h.stride(0));
      p.activation = activation;
      launch<GateUp>(GateUp::grid(p, resident<GateUp>(p)), p);
    });
  });
}

template <gpu::Runtime R>
void GpuBackend<R>::scale_rows(View<float, 2> x, View<const int, 1> rows, View<const float, 1> factors) {
  if (rows.empty()) return;
  kernels::ScaleRows::Params p;
  p.x = x.data();
  p.columns = static_cast<unsigned>(x.extent(1));
  p.rows = rows.data();
  p.factors = factors.data();
  p.n = static_cast<unsigned>(rows.extent(0));
  launch<kernels::ScaleRows>(kernels::ScaleRows::grid(p), p);
}

template <gpu::Runtime R>
void GpuBackend<R>::copy_rows(View<float, 2> to, View<const float, 2> from) {
  if (from.empty()) return;
  kernels::CopyNumbers::Params p;
  p.to = to.data();
  p.from = from.data();
  p.n = static_cast<unsigned>(from.size());
  launch<kernels::CopyNumbers>(kernels::CopyNumbers::grid(p), p);
}

template <gpu::Runtime R>
void GpuBackend<R>::measure(View<Moments<float>, 1> moments, View<const float, 2> before, View<const float, 2> after) {
  if (before.empty()) return;
  measure_rows(moments, before.data(), after.data(), nullptr, before.extent(0), before.extent(1));
}

template <gpu::Runtime R>
void GpuBackend<R>::logits(View<float, 2> out, View<const float, 2> x, View<const int, 1> rows, const Vector& norm,
                           float eps, const Weight& head, float multiplier) {
  if (rows.empty()) return;
  normed_products(out.data(), input_rows(x, rows, norm, eps), head, multiplier);
  summarise(out);
}

template <gpu::Runtime R>
void GpuBackend<R>::normed_products(float* out, const kernels::InputRows& in, const Weight& w, float multiplier) {
  in_pieces(w, in.n, [&]<unsigned N>(std::size_t first, std::size_t piece) {
    with_type_of(w, [&]<DType type>() {
      using Logits = kernels::Logits<type, N>;
      typename Logits::Params p;
      p.head = w.matrix();
      p.in = in;
      p.in.rows += first;
      p.in.n = static_cast<unsigned>(piece);
      p.logits = out + first * w.rows();
      p.multiplier = multiplier;
      launch<Logits>(Logits::grid(p, resident<Logits>(p)), p);
    });
  });
}

// In the step that makes the logits, so that it is recorded with them.
template <gpu::Runtime R>
void GpuBackend<R>::summarise(View<const float, 2> logits) {
  using Summary = kernels::TokenSummary;
  const std::size_t n = logits.extent(0);
  Summary::Params p;
  p.logits = logits.data();
  p.n = static_cast<unsigned>(n);
  p.vocab = static_cast<unsigned>(logits.extent(1));
  p.partial = grow(partial_summary_, n * Summary::blocks(p.vocab));
  p.finished = grow(finished_, n);
  p.summary = grow(summary_, n);
  launch<Summary>(Summary::grid(p), p);
  summarised_ = {logits.data(), n};
}

template <gpu::Runtime R>
void GpuBackend<R>::token_stats(std::span<TokenStats> stats, View<const float, 2> logits, Signal signals) {
  if (stats.empty()) return;
  const std::size_t n = stats.size(), vocab = logits.extent(1);
  if (logits.data() != summarised_.logits || n > summarised_.rows) summarise(logits);
  std::vector<kernels::LogitSummary> summaries(n);
  to_host(summaries.data(), summary_.data(), n);
  std::vector<float> top;
  if (any(signals & Signal::top_log_probs)) {
    kernels::TopLogits::Params p;
    p.logits = logits.data();
    p.n = static_cast<unsigned>(n);
    p.vocab = static_cast<unsigned>(vocab);
    p.count = static_cast<unsigned>(TokenStats::max_top);
    p.top = grow(top_, n * TokenStats::max_top);
    launch<kernels::TopLogits>(kernels::TopLogits::grid(p), p);
    top.resize(n * TokenStats::max_top);
    to_host(top.data(), top_.data(), top.size());
  }
  for (std::size_t i = 0; i < n; ++i) {
    stats[i] = gpu::token_stats_of(summaries[i], signals,
                                   std::span<const float>(top).subspan(top.empty() ? 0 : i * TokenStats::max_top));
  }
}

template <gpu::Runtime R>
void GpuBackend<R>::normed_input(const kernels::InputRows& in) {
  with_gemm_type([&]<kernels::GemmType type>() {
    using Norm = kernels::RmsNorm<type>;
    typename Norm::Params p;
    p.in = in;
    p.h = grow(gemm_input_, std::size_t{in.n} * in.columns);
    launch<Norm>(Norm::grid(p), p);
  });
}

template <gpu::Runtime R>
void GpuBackend<R>::multiply(float* y, std::size_t stride, std::size_t n, const Weight& w) {
  with_gemm_type([&]<kernels::GemmType to>() {
    std::uint16_t* weights = grow(gemm_weights_, w.rows() * w.columns());
    with_type_of(w, [&]<DType type>() {
      using Dequantize = kernels::Dequantize<type, to>;
      typename Dequantize::Params p;
      p.w = w.matrix();
      p.out = weights;
      launch<Dequantize>(Dequantize::grid(p), p);
    });
    runtime_->gemm(gpu::projection(to, y, stride, gemm_input_.data(), n, weights, w.rows(), w.columns()));
  });
}

}  // namespace litestage
