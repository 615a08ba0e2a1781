// How far a GPU may be from the reference if it rounds as it says and does nothing else wrong.
//
// The reference is run several times with every input of every product moved at random, by no more than the GPU's
// rounding moves it. What comes out scatters around the exact result; the rounding itself is one more such draw. Eight
// root mean squares of that scatter are the bound: of the number itself, and at least those over the logits, or the
// moments, of all rows, because a few draws can agree by chance.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <future>
#include <limits>
#include <vector>

#include "gpu/workload.hpp"
#include "litestage/backend/reference/reference_backend.hpp"

namespace litestage::gpu_check {

enum class Products { own_kernels, cublas };

struct Expectation {
  Numbers exact, allowed;  // of the same shape
};

// Own kernels round inputs of quantised products to 8 bits in blocks of 32: half a step of the largest of a block.
// Otherwise sums of floats are rounded, and with keys and values in halves the last bit of a float may decide which
// half is stored: as much as if inputs were rounded to halves. cuBLAS gets inputs and weights rounded to bfloat16; the
// output head goes through own kernels even then.
[[nodiscard]] inline ReferenceBackend::Rounding random_rounding(Products products, KvType kv, std::uint64_t seed) {
  return [products, kv, seed](double* row, std::size_t n, DType weight) {
    // By the number itself: equal numbers are rounded equally, as heads that share one value are.
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

// In what a number of an exact row is counted: logits as they are, moments in lengths of the stream before and after.
[[nodiscard]] inline double unit(const RowNumbers& row, std::size_t k, std::size_t vocab) {
  if (k < vocab) return 1;
  const std::size_t first = k - (k - vocab) % 3;
  return std::max(row[first + 1] + row[first + 2], std::numeric_limits<double>::min());
}

// From mean squares over draws to bounds.
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
    square = 8 * std::max(std::sqrt(square), u * std::sqrt(sum[part] / count[part]));
    square += 0x1p-18 * std::max(std::abs(value), u * 0x1p-6);  // what sums of floats of a row itself may lose
  });
}

[[nodiscard]] inline Expectation expectation(const ModelSource& source, KvType kv,
                                             const std::vector<Sequence>& sequences, Products products) {
  constexpr int draws = 16;
  const Steps steps = steps_of(sequences, short_sequences);  // any: the reference's rows do not depend on company
  std::vector<std::future<Numbers>> moved;
  for (int draw = 0; draw < draws; ++draw) {
    // Where the system refuses a thread, the work waits until its result is asked for.
    moved.push_back(std::async(std::launch::async | std::launch::deferred, [&, draw] {
      ReferenceBackend backend(1, random_rounding(products, kv, static_cast<std::uint64_t>(1000 + draw)));
      return run_model(backend, source, kv, sequences, steps);
    }));
  }
  ReferenceBackend reference;
  Expectation e{run_model(reference, source, kv, sequences, steps), {}};
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
  bound_numbers(e.allowed, e.exact, static_cast<std::size_t>(source.config.vocab));
  return e;
}

// The largest difference, as a part of what is allowed: at most 1 where all is well. NaN counts as infinitely wrong.
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

}  // namespace litestage::gpu_check
