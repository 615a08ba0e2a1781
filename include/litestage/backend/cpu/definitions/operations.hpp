// The constructor of CpuBackend and its operations on rows: embedding, projections, MLP, logits.
// attention_operations.hpp has the operations of attention.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <utility>

#include "litestage/backend/cpu/declaration.hpp"
#include "litestage/backend/cpu/matmul/matmul.hpp"
#include "litestage/backend/cpu/rows/row_functions.hpp"
#include "litestage/backend/cpu/workspace.hpp"
#include "litestage/core/quant_blocks.hpp"
#include "litestage/core/threads/thread_team.hpp"

namespace litestage {

namespace cpu {
// At least so many rows are prepared in one go: fewer take less time than telling another thread.
inline constexpr std::size_t few_rows = 4;
// At least so many logits are capped in one go: fewer take less time than telling another thread.
inline constexpr std::size_t few_logits = 1024;

// At least so many panels are multiplied in one go: 64 KiB of one linear stream. With shorter ones two threads read
// memory no faster than one (AMD Zen 4: 19 of 31 GB/s with 16 KiB, all with 64). bytes: of all panels.
[[nodiscard]] inline std::size_t fewest_panels(std::size_t panels, std::size_t bytes) {
  return panels * (std::size_t{64} << 10) / std::max<std::size_t>(bytes, 1) + 1;
}
}  // namespace cpu

// A product of the prepared inputs with a matrix.
struct CpuBackend::Product {
  View<float, 2> y;
  const Weight* w;
  cpu::Store store;
};

LITESTAGE_INLINE CpuBackend::Vector::Vector(const RawTensor& raw) {
  auto values = std::make_shared<Buffer<float>>(raw.columns);
  dequantize_row(raw.type, raw.data, values->data(), raw.columns);
  values_ = std::move(values);
}

LITESTAGE_INLINE CpuBackend::CpuBackend(const Options& options)
    : packing_(options.pack ? cpu::Packing::at_load : cpu::Packing::in_flight),
      isa_(options.isa ? *options.isa : cpu::choose_instruction_set()),
      team_(std::make_unique<ThreadTeam>(options.threads)),
      work_(std::make_unique<cpu::Workspace>(isa_, team_->size())) {
  if (!cpu::supported(isa_)) throw Error(concat("instruction set ", cpu::name(isa_), " is not supported by this CPU"));
}
LITESTAGE_INLINE CpuBackend::CpuBackend(CpuBackend&&) noexcept = default;
LITESTAGE_INLINE CpuBackend& CpuBackend::operator=(CpuBackend&&) noexcept = default;
LITESTAGE_INLINE CpuBackend::~CpuBackend() = default;

LITESTAGE_INLINE int CpuBackend::threads() const {
  return team_->size();
}
LITESTAGE_INLINE CpuBackend::Weight CpuBackend::load_weight(const RawTensor& raw) {
  return Weight(raw, *team_, memory_, packing_);
}
LITESTAGE_INLINE CpuBackend::Cache CpuBackend::make_cache(const CacheShape& shape) const {
  return Cache(shape);
}
LITESTAGE_INLINE View<const int, 1> CpuBackend::upload(std::span<const int> host) {
  std::copy_n(host.data(), host.size(), cpu::grow(work_->ints, host.size()));
  return {work_->ints.data(), {host.size()}};
}
LITESTAGE_INLINE View<const float, 1> CpuBackend::upload(std::span<const float> host) {
  std::copy_n(host.data(), host.size(), cpu::grow(work_->floats, host.size()));
  return {work_->floats.data(), {host.size()}};
}
LITESTAGE_INLINE bool CpuBackend::kv_overflowed(const Cache& cache, int slot, int layer, std::size_t n) const {
  return cache.too_large(slot, layer, n);
}

template <class Row>
const cpu::Activations& CpuBackend::prepare_inputs(std::size_t n, std::size_t columns, cpu::ActivationForms forms,
                                                   const Row& row) {
  work_->inputs.reshape(n, columns, forms);
  for (cpu::Workspace::Thread& t : work_->threads) cpu::grow(t.row, columns);
  team_->for_ranges(n, cpu::few_rows, [&](Range rows, int thread) {
    for (std::size_t i = rows.first; i < rows.last; ++i) work_->inputs.set_row(i, row(i, work_->of(thread).row.data()));
  });
  return work_->inputs;
}

LITESTAGE_INLINE const cpu::Activations& CpuBackend::prepare_normed(View<const float, 2> x, View<const int, 1> rows,
                                                                    const Vector& norm, float eps,
                                                                    cpu::ActivationForms forms) {
  const std::size_t columns = x.extent(1);
  return prepare_inputs(rows.extent(0), columns, forms, [&](std::size_t i, float* memory) {
    work_->functions.rms_norm(memory, x.row(rows(i)), norm.data(), eps, columns);
    return memory;
  });
}

LITESTAGE_INLINE void CpuBackend::multiply(std::initializer_list<Product> products) {
  std::size_t panels = 0, bytes = 0;
  for (const Product& p : products) {
    panels += p.w->panels();
    bytes += p.w->stream_bytes();
  }
  team_->for_ranges(panels, cpu::fewest_panels(panels, bytes), [&](Range part, int thread) {
    std::size_t first = 0;
    for (const Product& p : products) {
      const std::size_t n = p.w->panels();
      const Range own{std::clamp(part.first, first, first + n) - first,
                      std::clamp(part.last, first, first + n) - first};
      if (own.first < own.last) cpu::matmul(p.y, work_->inputs, *p.w, own, work_->of(thread).panel, p.store);
      first += n;
    }
  });
}

LITESTAGE_INLINE void CpuBackend::embed(View<float, 2> x, View<const int, 1> tokens, const Table& table,
                                        float multiplier) {
  const std::size_t n = tokens.extent(0);
  for (std::size_t i = 0; i < n; ++i) {
    LITESTAGE_ASSERT(tokens(i) >= 0 && std::cmp_less(tokens(i), table.rows), "token ", tokens(i));
  }
  for (std::size_t i = 0; i < n; ++i) {  // about a microsecond per row: too little to share
    dequantize_row(table.type, table.row(tokens(i)), x.row(i), table.columns);
    if (multiplier != 1) {
      work_->functions.scale(x.row(i), x.row(i), multiplier, table.columns);
    }
  }
}

LITESTAGE_INLINE void CpuBackend::project_add(View<float, 2> x, View<const int, 1> rows, View<const float, 2> in,
                                              const Weight& weight, float multiplier, View<Moments<float>, 1> moments,
                                              const Vector& post_norm, float eps) {
  const std::size_t n = rows.extent(0), hidden = weight.rows();
  if (n == 0) return;
  LITESTAGE_ASSERT(x.extent(1) == hidden && in.extent(1) == weight.columns() && in.extent(0) >= n, in.extent(1), " to ",
                   x.extent(1), " by ", hidden, " x ", weight.columns());
  prepare_inputs(n, weight.columns(), cpu::forms_for(weight.type()), [&](std::size_t i, float*) { return in.row(i); });
  LITESTAGE_ASSERT(post_norm.empty() || post_norm.size() == hidden, post_norm.size(), " for ", hidden);
  if (moments.empty() && post_norm.empty()) {
    return multiply({{x, &weight, {.multiplier = multiplier, .accumulate = true, .rows = rows.data()}}});
  }
  const View<float, 2> y(cpu::grow(work_->products, n * hidden), {n, hidden});
  multiply({{y, &weight, cpu::Store{}}});
  team_->for_ranges(n, cpu::few_rows, [&](Range part, int) {
    for (std::size_t i = part.first; i < part.last; ++i) {
      const std::size_t row = rows(i);
      if (!post_norm.empty()) work_->functions.rms_norm(y.row(i), y.row(i), post_norm.data(), eps, hidden);
      if (moments.empty()) {
        work_->functions.add_scaled(x.row(row), y.row(i), multiplier, hidden);
        continue;
      }
      const Moments<double> m = work_->functions.add_scaled_measured(x.row(row), y.row(i), multiplier, hidden);
      moments(row) = {static_cast<float>(m.dot), static_cast<float>(m.before), static_cast<float>(m.after)};
    }
  });
}

// Computed in double, row by row: only statistics of whole layers need it, and they are read in prefills only.
LITESTAGE_INLINE void CpuBackend::measure(View<Moments<float>, 1> moments, View<const float, 2> before,
                                          View<const float, 2> after) const {
  for (std::size_t i = 0; i < moments.extent(0); ++i) {
    Moments<double> m;
    for (std::size_t j = 0; j < before.extent(1); ++j) {
      const double x = before(i, j), y = after(i, j);
      m.dot = std::fma(x, y, m.dot);
      m.before = std::fma(x, x, m.before);
      m.after = std::fma(y, y, m.after);
    }
    moments(i) = {static_cast<float>(m.dot), static_cast<float>(m.before), static_cast<float>(m.after)};
  }
}

LITESTAGE_INLINE void CpuBackend::gate_up(View<float, 2> h, View<const float, 2> x, View<const int, 1> rows,
                                          const MlpWeights<CpuBackend>& w, float eps, Activation activation) {
  const std::size_t n = rows.extent(0), hidden = x.extent(1), ffn = w.gate.rows();
  if (n == 0) return;
  LITESTAGE_ASSERT(w.gate.columns() == hidden && w.up.columns() == hidden && w.up.rows() == ffn &&
                       w.norm.size() == hidden && h.extent(1) == ffn && h.extent(0) >= n,
                   hidden, " to ", h.extent(1), " by ", ffn, " x ", w.gate.columns());
  const View<float, 2> up(cpu::grow(work_->products, n * ffn), {n, ffn});
  const cpu::Activations& inputs =
      prepare_normed(x, rows, w.norm, eps, cpu::forms_for(w.gate.type()) | cpu::forms_for(w.up.type()));
  const std::size_t n_panels = w.gate.panels();
  const std::size_t fewest = cpu::fewest_panels(n_panels, std::min(w.gate.stream_bytes(), w.up.stream_bytes()));
  // A range computes the same columns of both matrices, and then their gate.
  team_->for_ranges(n_panels, fewest, [&](Range panels, int thread) {
    cpu::PanelScratch& panel = work_->of(thread).panel;
    cpu::matmul(h.first(n), inputs, w.gate, panels, panel);
    cpu::matmul(up, inputs, w.up, panels, panel);
    const std::size_t first = panels.first * cpu::panel_rows, last = std::min(panels.last * cpu::panel_rows, ffn);
    for (std::size_t i = 0; i < n; ++i) {
      work_->functions.apply_gate(activation, h.row(i) + first, up.row(i) + first, last - first);
    }
  });
}

LITESTAGE_INLINE void CpuBackend::scale_rows(View<float, 2> x, View<const int, 1> rows, View<const float, 1> factors) {
  const std::size_t n = rows.extent(0);
  LITESTAGE_ASSERT(factors.extent(0) >= n, factors.extent(0), " factors for ", n, " rows");
  for (std::size_t i = 0; i < n; ++i) {  // a few vectors per row: too little to share
    float* row = x.row(rows(i));
    work_->functions.scale(row, row, factors(i), x.extent(1));
  }
}

LITESTAGE_INLINE void CpuBackend::logits(View<float, 2> out, View<const float, 2> x, View<const int, 1> rows,
                                         const Vector& norm, float eps, const Weight& head, float multiplier,
                                         float softcap) {
  const std::size_t n = rows.extent(0), hidden = x.extent(1);
  if (n == 0) return;
  LITESTAGE_ASSERT(
      head.columns() == hidden && norm.size() == hidden && out.extent(1) == head.rows() && out.extent(0) >= n, hidden,
      " to ", out.extent(1), " by ", head.rows(), " x ", head.columns());
  prepare_normed(x, rows, norm, eps, cpu::forms_for(head.type()));
  multiply({{out.first(n), &head, {.multiplier = multiplier}}});
  if (softcap <= 0) return;
  team_->for_ranges(n * head.rows(), cpu::few_logits, [&](Range part, int) {
    for (std::size_t k = part.first; k < part.last; ++k) {
      float& z = out(k / head.rows(), k % head.rows());
      if (std::isfinite(z)) z = softcap * std::tanh(z / softcap);  // capped, an overflow would look like a result
    }
  });
}

LITESTAGE_INLINE void CpuBackend::token_stats(std::span<TokenStats> stats, View<const float, 2> logits,
                                              Signal signals) {
  const std::size_t n = stats.size(), vocab = logits.extent(1), per_row = cpu::logit_chunks(vocab);
  if (n == 0) return;
  LITESTAGE_ASSERT(logits.extent(0) >= n && vocab > 0, n, " rows of ", logits.extent(0), " x ", vocab);
  cpu::LogitChunk* chunks = cpu::grow(work_->chunks, n * per_row);
  const auto for_chunks = [&](const auto& f) {
    team_->for_ranges(n * per_row, 1, [&](Range part, int) {
      for (std::size_t c = part.first; c < part.last; ++c) f(chunks[c], c / per_row, c % per_row);
    });
  };
  for_chunks([&](cpu::LogitChunk& chunk, std::size_t row, std::size_t c) {
    work_->functions.measure_max(chunk, logits.row(row), vocab, c);
  });
  if (needs_sums(signals)) {
    for_chunks([&](cpu::LogitChunk& chunk, std::size_t row, std::size_t c) {
      const float max = cpu::row_max(chunks + row * per_row, per_row);
      work_->functions.measure_sums(chunk, logits.row(row), vocab, c, max);
    });
  }
  team_->for_ranges(n, 1, [&](Range part, int) {
    for (std::size_t i = part.first; i < part.last; ++i) {
      stats[i] = work_->functions.summarize(chunks + i * per_row, logits.row(i), vocab, signals);
    }
  });
}

}  // namespace litestage
