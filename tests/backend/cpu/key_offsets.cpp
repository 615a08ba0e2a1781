// Keys of Q8_0 whose projection has a large bias, on CpuBackend, against keys of the reference that are not rounded.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

#include "backend/loaded_backend.hpp"
#include "common/close.hpp"
#include "common/row_kernels.hpp"
#include "litestage/backend/cpu/cpu_backend.hpp"
#include "litestage/backend/reference/reference_backend.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

constexpr std::size_t n_stored = 9, key_dim = 16;
constexpr double half_step = 0.5 / 127 + 0x1p-11;  // of the largest number; the scale is rounded to F16

// A cache of Q8_0 on the cpu and one of F32 on the reference, in which layers 1 and 2 hold n_stored entries each.
struct Filled {
  Filled(cpu::InstructionSet set, float bias) : cpu({.threads = 1, .pack = true, .isa = set}) {
    ModelConfig config = tiny_config();
    config.rope.rotary_dim = 14;
    config.rope.base = 9e11;
    config.rope.factors = {1, 9e5f, 9e5f, 9e5f, 9e5f, 9e5f, 9e5f};  // only the first pair turns
    source = tiny_model(config, {.seed = 5, .biases = true, .bias = bias});
    for (const LayerTensors& l : source.tensors.layers) {  // what turns has no bias
      auto* b = reinterpret_cast<float*>(const_cast<std::byte*>(l.bk.data));
      for (std::size_t j : {0u, 1u, 16u, 17u}) b[j] = 0;
    }
    fast.emplace(cpu, source, 64, KvType::q8_0);
    exact.emplace(reference, source, 64, KvType::f32);
    for (std::size_t i = 0; i < n_stored; ++i) lists.add(static_cast<int>(i), 0, static_cast<int>(i));
    lists.n_run = n_stored;
    const std::vector<float> stream = normal_numbers(n_stored * 64, 77, 2);
    Matrix<float> x(stream, 64), q(n_stored, 64);
    Matrix<double> xd(stream, 64), qd(n_stored, 64);
    for (const int l : {1, 2}) {
      const auto at = static_cast<std::size_t>(l);
      cpu.project_qkv(q.view(), fast->cache, l, x.view(), lists.view(), fast->model.layers[at].attention, fast->shape,
                      fast->rope);
      reference.project_qkv(qd.view(), exact->cache, l, xd.view(), lists.view(), exact->model.layers[at].attention,
                            exact->shape, exact->rope);
    }
  }
  [[nodiscard]] double offset(int layer, std::size_t head, std::size_t j) const {
    return static_cast<double>(fast->model.key_offsets[(static_cast<std::size_t>(layer) * 2 + head) * key_dim + j]);
  }
  // Component j of the exact key of an entry of layer 1 or 2.
  [[nodiscard]] double key(int layer, std::size_t entry, std::size_t head, std::size_t j) const {
    return exact->cache.k[exact->cache.at(0, layer, static_cast<int>(entry)) + head * key_dim + j];
  }
  // The key that the cache of Q8_0 holds.
  [[nodiscard]] std::vector<double> held(int layer, std::size_t entry, std::size_t head) const {
    const auto stream = fast->cache.stream<cpu::Q8>(0, layer, head);
    std::vector<double> x(key_dim);
    for (std::size_t j = 0; j < key_dim; ++j) {
      const f16 scale = stream.key_scales[entry];  // one for the 16 components
      x[j] = stream.keys[(entry / 16 * key_dim + j) * 16 + entry % 16] * static_cast<double>(to_float(scale));
    }
    rotate_kv(x.data(), key_dim, static_cast<double>(kv_query_factor(key_dim)));
    for (std::size_t j = 0; j < key_dim; ++j) x[j] += offset(layer, head, j);
    return x;
  }
  // Length of the exact key without the offset of `layer`. No component of the rotated form is larger.
  [[nodiscard]] double length(int key_layer, std::size_t entry, std::size_t head, int layer) const {
    double squares = 0;
    for (std::size_t j = 0; j < key_dim; ++j) {
      const double x = key(key_layer, entry, head, j) - offset(layer, head, j);
      squares += x * x;
    }
    return std::sqrt(squares);
  }

  ModelSource source;
  CpuBackend cpu;
  ReferenceBackend reference;
  std::optional<Loaded<CpuBackend>> fast;
  std::optional<Loaded<ReferenceBackend>> exact;
  RowLists lists;
};

template <class F>
void with_filled(float bias, const F& f) {
  for (const cpu::InstructionSet set : cpu::instruction_sets) {
    if (!cpu::supported(set)) continue;
    CAPTURE(cpu::name(set));
    Filled filled(set, bias);
    f(filled);
  }
}

}  // namespace

TEST_CASE("cpu: keys of Q8_0 are as precise with a large bias as without") {
  with_filled(2000, [](Filled& f) {
    double largest_length = 0, largest_key = 0;
    for (std::size_t e = 0; e < n_stored; ++e) {
      for (std::size_t head = 0; head < 2; ++head) {
        const std::vector<double> found = f.held(2, e, head);
        const double length = f.length(2, e, head, 2);
        largest_length = std::max(largest_length, length);
        for (std::size_t j = 0; j < key_dim; ++j) {
          // Turned back, an error is 16 / 4 times as large at most. Floats of 8000 have errors of 2^-12.
          CHECK(close(found[j], f.key(2, e, head, j), 4 * (length * half_step + 0x1p-9)));
          largest_key = std::max(largest_key, std::abs(f.key(2, e, head, j)));
        }
      }
    }
    CHECK(largest_key > 1000);
    CHECK(largest_length < 10);
  });
}

TEST_CASE("cpu: attention to keys of Q8_0 with a large bias is that of the reference") {
  with_filled(2000, [](Filled& f) {
    // Queries of length 1, as biases of 2000 would make one key the only one.
    std::vector<float> q = normal_numbers(n_stored * 64, 78, 0.25f);
    Matrix<float> out(n_stored, 64), in(q, 64);
    Matrix<double> outd(n_stored, 64), ind(q, 64);
    f.cpu.attend(out.view(), in.view(), f.fast->cache, 2, f.lists.view(), f.fast->shape);
    f.reference.attend(outd.view(), ind.view(), f.exact->cache, 2, f.lists.view(), f.exact->shape);
    double values = 0, rounded = 0, query = 0, key = 0;
    for (std::size_t e = 0; e < n_stored; ++e) {
      for (std::size_t j = 0; j < 32; ++j) {
        const double v = f.exact->cache.v[f.exact->cache.at(0, 2, static_cast<int>(e)) + j];
        rounded = std::max(rounded, std::abs(v) * half_step);
        const double first = f.exact->cache.v[f.exact->cache.at(0, 2, 0) + j];
        values = std::max(values, std::abs(v - first));
      }
      for (std::size_t head = 0; head < 2; ++head) key = std::max(key, f.length(2, e, head, 2));
      for (std::size_t head = 0; head < 4; ++head) {
        double squares = 0;
        for (std::size_t j = 0; j < key_dim; ++j)
          squares += ind.row(e)[head * key_dim + j] * ind.row(e)[head * key_dim + j];
        query = std::max(query, std::sqrt(squares));
      }
    }
    // An error of half a step in all components of a rotated key, whose length is 4 times as large.
    const double score_error = static_cast<double>(f.fast->shape.scale) * 4 * query * (key * half_step + 0x1p-9);
    CHECK(score_error < 0.05);
    CHECK(all_close(out.data, outd.data, std::expm1(2 * score_error) * 2 * values + rounded));
  });
}

TEST_CASE("cpu: keys of Q8_0 that are copied to another layer are the same keys there") {
  with_filled(5, [](Filled& f) {
    f.cpu.copy_entries(f.fast->cache, std::vector<EntryCopy>{{0, 1, 2, 0, 2, 14, 5}});
    for (std::size_t head = 0; head < 2; ++head) {
      for (std::size_t e = 2; e < 7; ++e) {
        const std::vector<double> found = f.held(2, e + 12, head);
        const double steps = (f.length(1, e, head, 1) + f.length(1, e, head, 2)) * half_step;
        for (std::size_t j = 0; j < key_dim; ++j) CHECK(close(found[j], f.key(1, e, head, j), 4.1 * steps));
      }
    }
  });
}
