// Declaration of the `cpu` backend: SIMD kernels chosen at run time, and a persistent thread team. On one instruction
// set, results do not depend on the number of threads or on the batch, to the bit.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "litestage/backend/concept.hpp"
#include "litestage/backend/cpu/instruction_set.hpp"
#include "litestage/backend/cpu/kv_storage.hpp"
#include "litestage/backend/cpu/matmul/packed_matrix.hpp"
#include "litestage/core/compiled.hpp"
#include "litestage/core/tensor.hpp"

namespace litestage {

class ThreadTeam;

namespace cpu {
class Activations;
struct ActivationForms;
struct HeadGroup;
struct Workspace;
template <class T>
struct AttentionFunctions;
}  // namespace cpu

struct CpuOptions {
  int threads = 0;   // 0: one per usable core
  bool pack = true;  // keep a repacked copy of every matrix; if false, each use repacks it: slower, same bits
  // default: the value of LITESTAGE_ISA, or the best of this CPU.
  std::optional<cpu::InstructionSet> isa = std::nullopt;
};

class CpuBackend {
 public:
  using Space = HostSpace;
  using Real = float;
  using Options = CpuOptions;
  using Weight = cpu::PackedMatrix;
  using Table = RawTensor;
  using Cache = cpu::KvStorage;
  template <class T>
  using Memory = Buffer<T>;

  // Shared between copies; aligned to 64 bytes.
  class Vector {
   public:
    Vector() = default;
    explicit Vector(const RawTensor& raw);
    [[nodiscard]] bool empty() const { return values_ == nullptr; }
    [[nodiscard]] const float* data() const { return empty() ? nullptr : values_->data(); }
    [[nodiscard]] std::size_t size() const { return empty() ? 0 : values_->size(); }
    [[nodiscard]] std::size_t bytes() const { return size() * sizeof(float); }

   private:
    std::shared_ptr<const Buffer<float>> values_;
  };

  explicit CpuBackend(const Options& options = {});
  CpuBackend(CpuBackend&&) noexcept;
  CpuBackend& operator=(CpuBackend&&) noexcept;
  ~CpuBackend();

  [[nodiscard]] std::string name() const { return "cpu"; }
  [[nodiscard]] std::string instruction_set() const { return std::string(cpu::name(isa_)); }
  [[nodiscard]] int threads() const;
  [[nodiscard]] const ThreadTeam& team() const { return *team_; }

  void expect_weights(std::span<const RawTensor* const>) const {}
  [[nodiscard]] Weight load_weight(const RawTensor& raw);
  [[nodiscard]] Table load_table(const RawTensor& raw) const { return raw; }
  [[nodiscard]] Vector load_vector(const RawTensor& raw) const { return raw.empty() ? Vector() : Vector(raw); }
  [[nodiscard]] Cache make_cache(const CacheShape& shape) const;
  template <class T>
  [[nodiscard]] Buffer<T> allocate(std::size_t n) const {
    return Buffer<T>(n);
  }

  [[nodiscard]] View<const int, 1> upload(std::span<const int> host);
  [[nodiscard]] View<const float, 1> upload(std::span<const float> host);
  template <class T>
  void to_host(T* to, const T* from, std::size_t n) const {
    std::copy_n(from, n, to);
  }
  template <class T>
  void to_device(T* to, const T* from, std::size_t n) const {
    std::copy_n(from, n, to);
  }

  void embed(View<float, 2> x, View<const int, 1> tokens, const Table& table, float multiplier);
  void project_qkv(View<float, 2> q, Cache& cache, int layer, View<const float, 2> x, const AttentionRows& rows,
                   const AttentionWeights<CpuBackend>& w, const AttentionShape& shape,
                   const RopeTable<CpuBackend>& rope);
  void attend(View<float, 2> out, View<const float, 2> q, const Cache& cache, int layer, const AttentionRows& rows,
              const AttentionShape& shape);
  void project_add(View<float, 2> x, View<const int, 1> rows, View<const float, 2> in, const Weight& weight,
                   float multiplier, View<Moments<float>, 1> moments, const Vector& post_norm = {}, float eps = 0);
  void gate_up(View<float, 2> h, View<const float, 2> x, View<const int, 1> rows, const MlpWeights<CpuBackend>& w,
               float eps, Activation activation);
  void scale_rows(View<float, 2> x, View<const int, 1> rows, View<const float, 1> factors);
  void copy_rows(View<float, 2> to, View<const float, 2> from) const {
    std::copy_n(from.data(), from.size(), to.data());
  }
  void measure(View<Moments<float>, 1> moments, View<const float, 2> before, View<const float, 2> after) const;
  void copy_entries(Cache& cache, std::span<const EntryCopy> copies);
  [[nodiscard]] bool kv_overflowed(const Cache& cache, int slot, int layer, std::size_t n) const;
  void logits(View<float, 2> out, View<const float, 2> x, View<const int, 1> rows, const Vector& norm, float eps,
              const Weight& head, float multiplier, float softcap = 0);
  void token_stats(std::span<TokenStats> stats, View<const float, 2> logits, Signal signals);

 private:
  struct Product;
  struct HeadContext;

  // Makes the inputs of the following products. row(i, memory) returns row i of the inputs, which it may compute in
  // memory [columns].
  template <class Row>
  const cpu::Activations& prepare_inputs(std::size_t n, std::size_t columns, cpu::ActivationForms forms,
                                         const Row& row);
  // The same of rows of x, normalised.
  const cpu::Activations& prepare_normed(View<const float, 2> x, View<const int, 1> rows, const Vector& norm, float eps,
                                         cpu::ActivationForms forms);
  // Multiplies the prepared inputs.
  void multiply(std::initializer_list<Product> products);

  static void check(const AttentionRows& rows, const Cache& cache, int layer, const AttentionShape& shape);
  // These finish the products of Q, K and V. finish_heads: all of them, in products [rows, q | k | v]. turn_head: norm
  // and RoPE of one head of row i, in place. The other two call it, then write a query to `out`, or a key and its value
  // to the cache.
  void finish_heads(View<float, 2> q, Cache& cache, int layer, float* products, const HeadContext& c);
  void turn_head(float* head, const Vector& norm, const HeadContext& c, std::size_t i) const;
  void finish_query(float* out, float* head, const HeadContext& c, std::size_t i) const;
  void store_key_value(Cache& cache, int layer, std::size_t head, float* key, const float* value, const HeadContext& c,
                       std::size_t i) const;
  // The queries of all heads as keys of Q8_0 are (core/kv_number.hpp), in work_->products.
  View<const float, 2> rotated(View<const float, 2> q, std::size_t head_dim);
  template <class T>
  void attend_as(const cpu::AttentionFunctions<T>& attention, View<float, 2> out, View<const float, 2> q,
                 const Cache& cache, int layer, const AttentionRows& rows, const cpu::HeadGroup& group);
  template <class T>
  void attend_split(const cpu::AttentionFunctions<T>& attention, View<float, 2> out, View<const float, 2> q,
                    const Cache& cache, int layer, const AttentionRows& rows, const cpu::HeadGroup& group);

  cpu::Packing packing_;
  cpu::InstructionSet isa_;
  std::unique_ptr<ThreadTeam> team_;
  cpu::PanelMemory memory_;
  std::unique_ptr<cpu::Workspace> work_;
};

static_assert(Backend<CpuBackend>);

}  // namespace litestage
