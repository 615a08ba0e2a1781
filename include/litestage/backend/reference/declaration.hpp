// The reference for tests: every operation of the concept written out in double, one row at a time. It is slow on
// purpose: nothing is packed, and weights are dequantised whenever they are read. Only K/V are rounded, to the cache's
// type.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/core/compiled.hpp"
#include "litestage/core/tensor.hpp"

namespace litestage {

class ThreadTeam;

namespace reference {
struct AlignedRows;
}

class ReferenceBackend {
 public:
  using Space = HostSpace;
  using Real = double;
  using Weight = RawTensor;
  using Table = RawTensor;
  template <class T>
  using Memory = Buffer<T>;

  struct Vector {
    std::vector<double> values;
    [[nodiscard]] bool empty() const { return values.empty(); }
  };

  // [slots][layers][capacity][kv_heads * head_dim]
  struct Cache {
    CacheShape shape;
    Buffer<double> k, v;
    [[nodiscard]] std::size_t at(int slot, int layer, int entry) const {
      const std::size_t table = slot * shape.layers + layer;
      return (table * shape.capacity + entry) * shape.entry_size();
    }
  };

  // Optional rounding of the inputs of products with weights of a type, to emulate a backend of lower precision.
  using Rounding = std::function<void(double* row, std::size_t n, DType weight)>;

  // `threads`: as for a ThreadTeam.
  explicit ReferenceBackend(int threads = 1, Rounding round = nullptr);
  ReferenceBackend(ReferenceBackend&&) noexcept;
  ReferenceBackend& operator=(ReferenceBackend&&) noexcept;
  ~ReferenceBackend();

  [[nodiscard]] std::string name() const { return "reference"; }
  [[nodiscard]] std::string instruction_set() const { return "double"; }
  [[nodiscard]] int threads() const;
  [[nodiscard]] const ThreadTeam& team() const { return *team_; }

  void expect_weights(std::span<const RawTensor* const>) const {}
  [[nodiscard]] Weight load_weight(const RawTensor& raw) const { return raw; }
  [[nodiscard]] Table load_table(const RawTensor& raw) const { return raw; }
  [[nodiscard]] Vector load_vector(const RawTensor& raw) const;
  [[nodiscard]] Cache make_cache(const CacheShape& shape) const;
  template <class T>
  [[nodiscard]] Buffer<T> allocate(std::size_t n) const {
    return Buffer<T>(n);
  }

  [[nodiscard]] View<const int, 1> upload(std::span<const int> host) const { return {host.data(), {host.size()}}; }
  [[nodiscard]] View<const float, 1> upload(std::span<const float> host) const { return {host.data(), {host.size()}}; }
  template <class T>
  void to_host(T* to, const T* from, std::size_t n) const {
    std::copy_n(from, n, to);
  }
  template <class T>
  void to_device(T* to, const T* from, std::size_t n) const {
    std::copy_n(from, n, to);
  }

  void embed(View<double, 2> x, View<const int, 1> tokens, const Table& table, float multiplier) const;
  void project_qkv(View<double, 2> q, Cache& cache, int layer, View<const double, 2> x, const AttentionRows& rows,
                   const AttentionWeights<ReferenceBackend>& w, const AttentionShape& shape,
                   const RopeTable<ReferenceBackend>& rope);
  void attend(View<double, 2> out, View<const double, 2> q, const Cache& cache, int layer, const AttentionRows& rows,
              const AttentionShape& shape) const;
  void project_add(View<double, 2> x, View<const int, 1> rows, View<const double, 2> in, const Weight& weight,
                   float multiplier, View<Moments<double>, 1> moments, const Vector& post_norm = {}, float eps = 0);
  void copy_rows(View<double, 2> to, View<const double, 2> from) const {
    std::copy_n(from.data(), from.size(), to.data());
  }
  void measure(View<Moments<double>, 1> moments, View<const double, 2> before, View<const double, 2> after) const;
  void gate_up(View<double, 2> h, View<const double, 2> x, View<const int, 1> rows,
               const MlpWeights<ReferenceBackend>& w, float eps, Activation activation);
  void scale_rows(View<double, 2> x, View<const int, 1> rows, View<const float, 1> factors) const;
  void copy_entries(Cache& cache, std::span<const EntryCopy> copies) const;
  [[nodiscard]] bool kv_overflowed(const Cache& cache, int slot, int layer, std::size_t n) const;
  void logits(View<double, 2> out, View<const double, 2> x, View<const int, 1> rows, const Vector& norm, float eps,
              const Weight& head, float multiplier, float softcap = 0);
  void token_stats(std::span<TokenStats> stats, View<const double, 2> logits, Signal signals) const;

 private:
  void product(View<double, 2> out, const reference::AlignedRows& in, const RawTensor& w) const;

  std::unique_ptr<ThreadTeam> team_;
  Rounding round_;
};

static_assert(Backend<ReferenceBackend>);

}  // namespace litestage
