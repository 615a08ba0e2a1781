// How far a GPU backend may be from the reference if its only errors are its documented roundings.
//
// The reference runs several times with every input of every product moved at random, by at most the error of the GPU's
// rounding. Its results scatter around the exact ones, and the result of a correct GPU is one more such draw. The bound
// of a number is eight times the root mean square of its scatter, or of the scatter of the logits or moments of all
// rows if that is larger, because a few draws can agree by chance.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <future>
#include <limits>
#include <vector>

#include "litestage/backend/reference/reference_backend.hpp"
#include "litestage/validate/checks/workload.hpp"

namespace litestage::validation {

enum class Products { own_kernels, cublas };

struct Expectation {
  Numbers exact, allowed;  // of the same shape
};

// Our own kernels round the inputs of products with quantised weights to 8 bits in blocks of 32, which moves them by up
// to half a quantisation step of the block. Other products only round sums of floats; but with K/V in F16 the last bit
// of a float may decide which F16 number is stored, which has the same effect as rounding the inputs to F16. cuBLAS
// gets inputs and weights rounded to bfloat16, except that the output head always uses our own kernels.
[[nodiscard]] inline ReferenceBackend::Rounding random_rounding(Products products, KvType kv, std::uint64_t seed) {
  return [products, kv, seed](double* row, std::size_t n, DType weight) {
    // The number itself is the seed, because equal numbers are rounded equally, e.g. if heads share a value.
    const auto uniform = [seed](double number) {
      SplitMix64 random(seed ^ std::bit_cast<std::uint64_t>(number));
      return static_cast<double>(random.draw() >> 11) * 0x1p-53 - 0.5;
    };
    const double step = info(weight).block_size != 1 ? 1.0 / 127 : kv == KvType::f16 ? 0x1p-11 : 0x1p-20;
    for (std::size_t first = 0; first < n; first += 32) {
      const std::size_t last = std::min(first + 32, n);
      double largest = 0;
      for (std::size_t j = first; j < last; ++j) largest = std::max(largest, std::abs(row[j]));
      for (std::size_t j = first; j < last; ++j) row[j] += largest * step * uniform(row[j]);
    }
    if (products == Products::own_kernels) return;
    for (std::size_t j = 0; j < n; ++j) row[j] *= 1 + 0x1p-7 * uniform(row[j]);
  };
}

// The unit of number k of a row: 1 for logits; for moments the squared lengths of the row before and after.
[[nodiscard]] inline double unit(const RowNumbers& row, std::size_t k, std::size_t vocab) {
  if (k < vocab) return 1;
  const std::size_t first = k - (k - vocab) % 3;
  return std::max(row[first + 1] + row[first + 2], std::numeric_limits<double>::min());
}

inline constexpr double allowed_scatter = 8;  // root mean squares; our own default

// Turns the mean squares over all draws into bounds.
inline void bound_numbers(Numbers& squares, const Numbers& exact, std::size_t vocab) {
  double sum[2] = {}, count[2] = {};  // over logits, over moments
  const auto for_each = [&](const auto& f) {
    for (std::size_t s = 0; s < exact.size(); ++s) {
      for (std::size_t t = 0; t < exact[s].size(); ++t) {
        for (std::size_t k = 0; k < exact[s][t].size(); ++k) {
          f(squares[s][t][k], exact[s][t][k], unit(exact[s][t], k, vocab), k < vocab ? 0 : 1);
        }
      }
    }
  };
  for_each([&](double& square, double, double u, int part) {
    sum[part] += square / (u * u);
    count[part] += 1;
  });
  for_each([&](double& square, double value, double u, int part) {
    square = allowed_scatter * std::max(std::sqrt(square), u * std::sqrt(sum[part] / count[part]));
    square += 0x1p-18 * std::max(std::abs(value), u * 0x1p-6);  // the rounding of float sums
  });
}

[[nodiscard]] inline Expectation expectation(const ModelSource& source, KvType kv,
                                             const std::vector<Sequence>& sequences, Products products,
                                             const CheckProgress& progress) {
  constexpr int draws = 16;
  // The choice of steps does not matter, because a row of the reference does not depend on the other rows of its step.
  const Steps steps = steps_of(sequences, short_sequences);
  std::vector<std::future<Numbers>> moved;
  for (int draw = 0; draw < draws; ++draw) {
    // With `deferred`, a draw for which the system refuses a thread runs in get().
    moved.push_back(std::async(std::launch::async | std::launch::deferred, [&, draw] {
      ReferenceBackend backend(1, random_rounding(products, kv, 1000 + draw));
      return run_model(backend, source, kv, sequences, steps, progress);
    }));
  }
  ReferenceBackend reference;
  Expectation e{.exact = run_model(reference, source, kv, sequences, steps, progress), .allowed = {}};
  e.allowed = e.exact;
  for (auto& sequence : e.allowed) {
    for (RowNumbers& row : sequence) std::fill(row.begin(), row.end(), 0.0);
  }
  for (std::future<Numbers>& one : moved) {
    const Numbers numbers = one.get();
    for (std::size_t s = 0; s < numbers.size(); ++s) {
      for (std::size_t t = 0; t < numbers[s].size(); ++t) {
        for (std::size_t k = 0; k < numbers[s][t].size(); ++k) {
          const double difference = numbers[s][t][k] - e.exact[s][t][k];
          e.allowed[s][t][k] += difference * difference / draws;
        }
      }
    }
  }
  bound_numbers(e.allowed, e.exact, source.config.vocab);
  return e;
}

// The largest difference as a multiple of the tolerance: at most 1 for a correct backend. NaN gives infinity.
[[nodiscard]] inline double largest_part(const Numbers& found, const Expectation& e) {
  double largest = 0;
  for (std::size_t s = 0; s < e.exact.size(); ++s) {
    for (std::size_t t = 0; t < e.exact[s].size(); ++t) {
      for (std::size_t k = 0; k < e.exact[s][t].size(); ++k) {
        const double part = std::abs(found[s][t][k] - e.exact[s][t][k]) / e.allowed[s][t][k];
        largest = std::isnan(part) ? std::numeric_limits<double>::infinity() : std::max(largest, part);
      }
    }
  }
  return largest;
}

}  // namespace litestage::validation
