// Bounds on the difference between `reference` and a backend whose only errors are rounded inputs of products.
//
// The reference runs `draws` times with every input of every product moved at random, by at most the backend's rounding
// error. The results scatter around the exact ones, and the result of a correct backend is one more such draw. The
// bound of a number is six standard deviations of its scatter, which a normal variable exceeds once in 5e8.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "common/close.hpp"
#include "common/sequences.hpp"
#include "common/tiny_model.hpp"

namespace litestage::test {

// The rounding of our own kernels: half a step of 8 bits in blocks of 32 for inputs of quantised weights, and the
// rounding of a float sum of a few hundred terms for inputs of other weights.
[[nodiscard]] inline ReferenceBackend::Rounding kernel_rounding(Random& random) {
  return [&random](double* row, std::size_t n, DType weight) {
    for (std::size_t first = 0; first < n; first += 32) {
      const std::size_t last = std::min(first + 32, n);
      double largest = 0;
      for (std::size_t j = first; j < last; ++j) largest = std::max(largest, std::abs(row[j]));
      const double step = info(weight).block_size == 1 ? 0x1p-20 : 1.0 / 127;
      for (std::size_t j = first; j < last; ++j) {
        row[j] += largest * step * (static_cast<double>(random.uniform()) - 0.5);
      }
    }
  };
}
// The rounding of products through cuBLAS: inputs and weights, by half a unit in the last place each.
[[nodiscard]] inline ReferenceBackend::Rounding gemm_rounding(Random& random, double half_unit) {
  return [&random, half_unit](double* row, std::size_t n, DType) {
    for (std::size_t j = 0; j < n; ++j) {
      for (int each = 0; each < 2; ++each) row[j] *= 1 + half_unit * (static_cast<double>(random.uniform()) - 0.5) * 2;
    }
  };
}
[[nodiscard]] inline ReferenceBackend::Rounding bf16_rounding(Random& random) {
  return gemm_rounding(random, 0x1p-8);
}
[[nodiscard]] inline ReferenceBackend::Rounding f16_rounding(Random& random) {
  return gemm_rounding(random, 0x1p-11);
}

struct Bounded {
  Results<ReferenceBackend> exact, bound;  // of the same shape
};

// make(random) makes the rounding of one run. Fewer than sixteen draws say little about a single number, so then only
// logits are compared, and the scatter is averaged over the logits of a row.
template <class Make>
[[nodiscard]] Bounded bounded(const ModelSource& source, KvType kv, const std::vector<Sequence>& sequences,
                              const Steps& steps, const Make& make, int draws = 16) {
  const auto results = [&](ReferenceBackend& backend) {
    const auto model = load(backend, source);
    Session<ReferenceBackend> session(backend, model, {sequences.size(), 64, kv});
    return run(session, sequences, steps, draws >= 16);
  };
  ReferenceBackend reference;
  Bounded b{results(reference), {}};
  b.bound = b.exact;
  for (auto& sequence : b.bound) {
    for (auto& row : sequence) std::fill(row.begin(), row.end(), 0.0);
  }
  for (int draw = 0; draw < draws; ++draw) {
    Random random(static_cast<std::uint64_t>(1000 + draw));
    ReferenceBackend moved(1, make(random));
    const auto other = results(moved);
    for (std::size_t s = 0; s < other.size(); ++s) {
      for (std::size_t t = 0; t < other[s].size(); ++t) {
        for (std::size_t k = 0; k < other[s][t].size(); ++k) {
          const double difference = other[s][t][k] - b.exact[s][t][k];
          b.bound[s][t][k] += difference * difference / draws;
        }
      }
    }
  }
  for (auto& sequence : b.bound) {
    for (auto& row : sequence) {
      if (draws < 16) {
        const double sum = std::accumulate(row.begin(), row.end(), 0.0);
        std::fill(row.begin(), row.end(), sum / static_cast<double>(row.size()));
      }
      for (double& bound : row) bound = 6 * std::sqrt(bound);
    }
  }
  return b;
}

// Whether every number is within its bound plus a few roundings of the number. Prints the first that is not.
[[nodiscard]] inline bool within(const std::vector<std::vector<std::vector<float>>>& found, const Bounded& b) {
  if (found.size() != b.exact.size()) return false;
  for (std::size_t s = 0; s < found.size(); ++s) {
    if (found[s].size() != b.exact[s].size()) return false;
    for (std::size_t t = 0; t < found[s].size(); ++t) {
      if (found[s][t].size() != b.exact[s][t].size()) return false;
      for (std::size_t k = 0; k < found[s][t].size(); ++k) {
        const double exact = b.exact[s][t][k];
        const double tolerance = b.bound[s][t][k] + 0x1p-20 * std::abs(exact);
        if (close(static_cast<double>(found[s][t][k]), exact, tolerance)) continue;
        MESSAGE("sequence ", s, ", token ", t, ", number ", k, " is ", found[s][t][k], ", expected ", exact,
                " to within ", tolerance);
        return false;
      }
    }
  }
  return true;
}

// decided: rows whose likeliest token leads by more than twice the row's widest bound. same: those of them that have
// the same likeliest token in `found`.
struct Likeliest {
  std::size_t decided = 0, same = 0;
};
[[nodiscard]] inline Likeliest likeliest(const std::vector<std::vector<std::vector<float>>>& found, const Bounded& b,
                                         int vocab) {
  Likeliest tokens;
  for (std::size_t s = 0; s < b.exact.size(); ++s) {
    for (std::size_t t = 0; t < b.exact[s].size(); ++t) {
      std::vector<double> exact(b.exact[s][t].begin(), b.exact[s][t].begin() + vocab);
      const auto best = std::max_element(exact.begin(), exact.end());
      const auto token = best - exact.begin();
      const double largest = std::exchange(*best, -std::numeric_limits<double>::infinity());
      const double lead = largest - *std::max_element(exact.begin(), exact.end());
      const std::vector<double>& bound = b.bound[s][t];
      if (lead <= 2 * *std::max_element(bound.begin(), bound.begin() + vocab)) continue;
      ++tokens.decided;
      const std::vector<float>& row = found[s][t];
      if (std::max_element(row.begin(), row.begin() + vocab) - row.begin() == token) ++tokens.same;
    }
  }
  return tokens;
}

}  // namespace litestage::test
