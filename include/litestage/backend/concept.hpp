// The concept of a backend: the place where numbers live, and the operations of one transformer step. Every contract
// (shape, formula, aliasing, accumulation) is written here once; `reference`, `cpu` and `gpu` implement it.
//
// An operation is as large as the unit of work of a fast backend (a GPU: one kernel launch; a CPU: one parallel
// region), so that fusing needs no second layer loop. Five of them make a layer: project_qkv, attend, project_add
// (attention), gate_up, project_add (MLP).
//
// Rules for all operations
//  * Outputs come first. No operation allocates or waits for the device; only `to_host` does.
//  * Real is the type of activations: float, or double in `reference`.
//  * Index views (rows, slots, ...) and factors come from `upload`. An empty one means that there is nothing to do.
//  * A row's result depends on that row's own inputs alone, bit for bit, whatever other rows are in the step.
//  * Views do not alias each other unless stated.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "litestage/core/activation.hpp"
#include "litestage/core/enum_names.hpp"
#include "litestage/core/kv_number.hpp"
#include "litestage/core/tensor.hpp"
#include "litestage/core/view.hpp"
#include "litestage/step/types.hpp"

namespace litestage {

enum class KvType : std::uint8_t { f16, f32, q8_0 };
template <>
struct EnumNames<KvType> {
  static constexpr std::array<std::string_view, 3> names = {"f16", "f32", "q8_0"};
};

// Keys and values: for every (slot, layer) `capacity` entries of [kv_heads, head_dim] each. model/kv_cache.hpp keeps
// track of which entries are in use and which position each holds. All backends store F16 and F32,
// `reference` and `cpu` also Q8_0 (core/kv_number.hpp).
struct CacheShape {
  std::size_t slots = 1, layers = 0, capacity = 0;  // capacity: entries of one (slot, layer)
  std::size_t kv_heads = 0, head_dim = 0;
  KvType type = KvType::f16;
  // [layers, kv_heads * head_dim] or empty: what Q8_0 subtracts from keys (core/kv_number.hpp). They outlive the cache.
  View<const float, 2> key_offsets = {};

  [[nodiscard]] std::size_t entry_size() const { return kv_heads * head_dim; }
  // [head_dim], or null if there is nothing to subtract.
  [[nodiscard]] const float* key_offset(int layer, std::size_t head) const {
    if (type != KvType::q8_0 || key_offsets.empty()) return nullptr;
    return key_offsets.row(layer) + head * head_dim;
  }
  [[nodiscard]] std::size_t bytes() const { return 2 * slots * layers * capacity * kv_heads * head_bytes(); }

 private:
  [[nodiscard]] std::size_t head_bytes() const {
    if (type == KvType::q8_0) return head_dim + kv_q8_scales(head_dim) * sizeof(f16);
    return head_dim * (type == KvType::f16 ? 2 : 4);
  }
};

// Copies `count` consecutive entries, keys and values, from `from_entry` on of (from_slot, from_layer) to `to_entry` on
// of (to_slot, to_layer).
struct EntryCopy {
  int from_slot = 0, from_layer = 0, from_entry = 0;
  int to_slot = 0, to_layer = 0, to_entry = 0;
  int count = 1;
};

// The shape and constants of attention, from the model's configuration.
struct AttentionShape {
  std::size_t n_heads = 0, n_kv_heads = 0, head_dim = 0, rotary_dim = 0;
  bool rope_halves = false;  // pairs (i, i + rotary_dim/2); if false, (2i, 2i+1)
  float norm_eps = 0;        // of the pre-norm, and of the per-head norms
  float scale = 0;           // of the scores, usually 1 / sqrt(head_dim)
};

// The rows of one attention sub-layer. Element i of each view describes row rows[i] of the step. The rows that run come
// first, followed by the rows that only store K/V. The views are in host or device memory, as returned by `upload`.
// Rows of one slot are in the order of their positions.
struct AttentionRows {
  View<const int, 1> rows;       // [n] row of x
  View<const int, 1> slots;      // [n] cache slot
  View<const int, 1> positions;  // [n] for RoPE
  View<const int, 1> entries;    // [n] where this row's K/V is stored in (slot, layer)
  View<const int, 1> visible;    // [n] entries first..visible-1 of (slot, layer) are attended to; includes its own
  std::size_t n_run = 0;
  View<const int, 1> first = {};  // [n] or empty: 0 for all rows; where a row sees a window of positions, its entries

  [[nodiscard]] std::size_t size() const { return rows.extent(0); }
};

// How a residual branch changed one row of the stream from x to y.
template <class Real>
struct Moments {
  Real dot = 0;     // <x, y>
  Real before = 0;  // <x, x>
  Real after = 0;   // <y, y>
};

template <class B>
struct AttentionWeights {
  typename B::Vector norm;                    // [hidden]
  typename B::Weight q, k, v;                 // [q_dim | kv_dim | kv_dim, hidden]
  typename B::Vector q_bias, k_bias, v_bias;  // [q_dim | kv_dim | kv_dim] or empty
  typename B::Vector q_norm, k_norm;          // [head_dim] or empty: RMSNorm of each head, before RoPE
  typename B::Weight out;                     // [hidden, q_dim]
  typename B::Vector post_norm;               // [hidden] or empty: for project_add with `out`
};

template <class B>
struct MlpWeights {
  typename B::Vector norm;       // [hidden]
  typename B::Weight gate, up;   // [ffn, hidden]
  typename B::Weight down;       // [hidden, ffn]
  typename B::Vector post_norm;  // [hidden] or empty: for project_add with `down`
};

// RoPE angles of every position of the cache: cos and sin [positions, rotary_dim / 2], computed in double by the model
// (times a magnitude, if it has one). Empty for a layer whose heads are not turned.
template <class B>
struct RopeTable {
  View<const typename B::Real, 2> cos, sin;
};

template <class B>
concept Backend = requires(B& b, const B& cb, const RawTensor& raw, const CacheShape& cache_shape, std::size_t n) {
  typename B::Space;                   // a tag: HostSpace or DeviceSpace
  typename B::Real;                    // type of activations
  typename B::Weight;                  // a matrix in this backend's format; cheap to copy (shares its memory)
  typename B::Vector;                  // a vector of Real (norm weights, biases); `empty()` if the model has none
  typename B::Cache;                   // key and value memory
  typename B::template Memory<float>;  // `size()` numbers, zero at first; `data()` points into Space

  // "cpu", "reference", "gpu", and the kernels' instruction set ("avx512", ...); results and plans record them.
  { cb.name() } -> std::convertible_to<std::string>;
  { cb.instruction_set() } -> std::convertible_to<std::string>;

  // Loading. Weights may be repacked; the raw data must stay mapped as long as the handle lives. bytes() of a handle is
  // the memory that this backend allocated for it, beyond the mapped file.
  // expect_weights: throws an Error before loading starts if the weights do not all fit into memory.
  // A table is only read row by row (the embedding); a weight is a factor of matrix products.
  b.expect_weights(std::span<const RawTensor* const>());
  { b.load_weight(raw) } -> std::same_as<typename B::Weight>;
  { b.load_table(raw) } -> std::same_as<typename B::Table>;
  { b.load_vector(raw) } -> std::same_as<typename B::Vector>;
  { b.make_cache(cache_shape) } -> std::same_as<typename B::Cache>;
  { b.template allocate<float>(n) } -> std::same_as<typename B::template Memory<float>>;
}
&&requires(B& b, View<typename B::Real, 2> x, View<const typename B::Real, 2> in, View<const int, 1> index,
           View<const float, 1> factors, typename B::Cache& cache, int layer, const AttentionRows& rows,
           const AttentionWeights<B>& attention, const MlpWeights<B>& mlp, const typename B::Weight& weight,
           const typename B::Table& table, const typename B::Vector& vector, const AttentionShape& shape,
           const RopeTable<B>& rope, float number, View<Moments<typename B::Real>, 1> moments,
           std::span<const EntryCopy> copies, std::span<const int> ints, std::span<const float> floats,
           std::span<TokenStats> stats, Signal signals, Activation activation, typename B::Real* real,
           const typename B::Real* const_real, std::size_t n) {
  // Makes host numbers readable for operations. They are valid until the next upload of the same kind (a step has one
  // each).
  { b.upload(ints) } -> std::same_as<View<const int, 1>>;
  { b.upload(floats) } -> std::same_as<View<const float, 1>>;

  // x[i] = multiplier * table row tokens[i].            x [n, hidden], index = tokens [n]
  { b.embed(x, index, table, number) } -> std::same_as<void>;

  // For i < n:  h = rmsnorm(x[rows[i]]; norm, eps);  k = rope(norm_k(Wk h + bk)), v = Wv h + bv -> cache(slot, layer,
  // entry). For i < n_run also  q[i] = rope(norm_q(Wq h + bq)).  RMSNorm: h_j = x_j * norm_j / sqrt(mean(x^2) + eps).
  // RoPE turns pair (a, b) of every head by the position's angle: (a cos - b sin, a sin + b cos). It turns nothing if
  // the table is empty.
  //                                                     q [>= n_run, q_dim]; K/V rounded to the cache's type, and NaN
  //                                                     where they do not fit it: core/kv_number.hpp
  { b.project_qkv(x, cache, layer, in, rows, attention, shape, rope) } -> std::same_as<void>;

  // For i < n_run, every head: softmax over entries first[i]..visible[i]-1 of scale * <q, k>, times their values. No
  // other entry has any effect, whatever it holds.
  // K/V are read back in the cache's type, also those stored in this step; accumulation is in float or wider.
  //                                                     out [>= n_run, q_dim] (first), q (second)
  { b.attend(x, in, cache, layer, rows, shape) } -> std::same_as<void>;

  // x[rows[i]] += multiplier * y,  y = W in[i],  or rmsnorm(W in[i]; post_norm, eps) if post_norm is not empty.
  //                                                     x [tokens, hidden], in [>= n, inputs of W], index = rows [n]
  // If moments is not empty ([tokens]), moments[rows[i]] is how that row changed.
  { b.project_add(x, index, in, weight, number, moments, vector, number) } -> std::same_as<void>;

  // h[i] = act(Wg m) * (Wu m),  m = rmsnorm(x[rows[i]]; norm, eps).    h [>= n, ffn] (first), x [tokens, hidden]
  { b.gate_up(x, in, index, mlp, number, activation) } -> std::same_as<void>;

  // x[rows[i]] *= factors[i].
  { b.scale_rows(x, index, factors) } -> std::same_as<void>;

  // to = from.                                          [n, hidden] both
  { b.copy_rows(x, in) } -> std::same_as<void>;

  // moments[i] is how row i changed from the first view to the second.   [n, hidden] both, moments [n]
  { b.measure(moments, in, in) } -> std::same_as<void>;

  // Copies K/V entries in any order or all at once. No entry is the target of two copies, or the target of one and the
  // source of a different one. In Q8_0 with key_offsets, every copy of a key to another layer rounds it again.
  { b.copy_entries(cache, copies) } -> std::same_as<void>;

  // Whether one of the first n entries of (slot, layer) has a key or value that was finite but too large for
  // the cache's type. Not for use in every step: it reads all these entries and waits for the device.
  { b.kv_overflowed(cache, layer, layer, n) } -> std::same_as<bool>;

  // logits[i] = z = multiplier * (W rmsnorm(x[rows[i]]; norm, eps)), or softcap * tanh(z / softcap) if softcap > 0 and
  // z is finite: an overflow must not look like a result.
  //                                                                    logits [n, vocab] (first), x [tokens, hidden]
  { b.logits(x, in, index, vector, number, weight, number, number) } -> std::same_as<void>;

  // stats[i] describes logits[i]: its most probable token (ties: the lowest id) as `token`, whether all logits are
  // finite, and the numbers that `signals` asks for. log_prob is that of `token`. Waits for the device.
  { b.token_stats(stats, in, signals) } -> std::same_as<void>;

  // Copies to host memory after all earlier work is done, or from host memory.
  { b.to_host(real, const_real, n) } -> std::same_as<void>;
  { b.to_device(real, const_real, n) } -> std::same_as<void>;
};

struct HostSpace {};
struct DeviceSpace {};

// Everything that the launches of a step depend on except the numbers in memory: counts and offsets of the plan,
// addresses. `longest`: the largest number of entries that a row attends to.
struct StepShape {
  std::span<const std::uint64_t> words;
  std::size_t rows = 0, longest = 0, copies = 0;
};

// Runs the operations of one step by calling work(). A backend may instead record the step, and replay it when an equal
// shape() comes again.
template <class B, class Shape, class Work>
void run_step(B& backend, const Shape& shape, const Work& work) {
  if constexpr (requires { backend.run_step(shape(), work); })
    backend.run_step(shape(), work);
  else
    work();
}

}  // namespace litestage
