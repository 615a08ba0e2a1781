#include "litestage/backend/cpu/rows/attention.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "common/close.hpp"
#include "common/row_kernels.hpp"
#include "litestage/backend/cpu/kv_storage.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

struct Setting {
  std::size_t heads, dim, capacity;
  KvType type;
};

// A cache of one stream full of random entries, and a query for every head of its group.
struct Example {
  explicit Example(const Setting& s, std::uint64_t seed)
      : setting(s),
        storage({1, 1, s.capacity, 1, s.dim, s.type}),
        keys(normal_numbers(s.capacity * s.dim, seed)),
        values(normal_numbers(s.capacity * s.dim, seed + 1)),
        q(normal_numbers(s.heads * s.dim, seed + 2)) {
    for (std::size_t e = 0; e < s.capacity; ++e) {
      storage.store<cpu::Portable>(0, 0, 0, static_cast<int>(e), &keys[e * s.dim], &values[e * s.dim]);
    }
  }
  [[nodiscard]] cpu::HeadGroup group() const {
    return {setting.heads, setting.dim, storage.width(), 1 / std::sqrt(static_cast<float>(setting.dim))};
  }
  // Component d of entry e as the cache holds it.
  [[nodiscard]] double stored(const std::vector<float>& x, std::size_t e, std::size_t d) const {
    const float* entry = &x[e * setting.dim];
    if (setting.type == KvType::f32) return static_cast<double>(entry[d]);
    if (setting.type == KvType::f16) return static_cast<double>(to_float(to_f16(entry[d])));
    const std::size_t first = d / 32 * 32, n = std::min<std::size_t>(32, setting.dim - first);
    std::int8_t codes[32];
    const f16 scale = to_kv_q8(entry + first, n, codes);
    return static_cast<double>(to_float(scale)) * codes[d - first];
  }

  template <class Kernels>
  [[nodiscard]] std::vector<float> attend(Range seen) const {
    std::vector<float> out(setting.heads * setting.dim), scratch(group().scratch_size());
    const auto attend_as = [&]<class T>(T) {
      cpu::attend_row<Kernels>(out.data(), group(), q.data(), storage.stream<T>(0, 0, 0), seen, scratch.data());
    };
    if (setting.type == KvType::f16) attend_as(f16());
    if (setting.type == KvType::f32) attend_as(float());
    if (setting.type == KvType::q8_0) attend_as(cpu::Q8());
    return out;
  }

  Setting setting;
  cpu::KvStorage storage;
  std::vector<float> keys, values, q;
};

// Head h in double, and a bound of the error of the float kernels: each score is a chain of dim roundings, which (times
// two, numerator and denominator) is the relative error of a weight; exp, sums and merges add the rest.
struct Exact {
  std::vector<double> out, bound;
};
Exact exact_head(const Example& x, std::size_t h, Range seen) {
  const std::size_t dim = x.setting.dim, visible = seen.last;
  const double scale = static_cast<double>(x.group().scale), unit = 0x1p-24;
  std::vector<double> score(visible);
  double largest = -HUGE_VAL, largest_magnitude = 0, sum = 0;
  for (std::size_t e = seen.first; e < visible; ++e) {
    double magnitude = 0;
    for (std::size_t d = 0; d < dim; ++d) {
      const double product = static_cast<double>(x.q[h * dim + d]) * x.stored(x.keys, e, d);
      score[e] += product * scale;
      magnitude += std::abs(product) * scale;
    }
    largest = std::max(largest, score[e]);
    largest_magnitude = std::max(largest_magnitude, magnitude);
  }
  Exact result{std::vector<double>(dim), std::vector<double>(dim)};
  for (std::size_t e = seen.first; e < visible; ++e) {
    const double weight = std::exp(score[e] - largest);
    sum += weight;
    for (std::size_t d = 0; d < dim; ++d) {
      const double product = weight * x.stored(x.values, e, d);
      result.out[d] += product;
      result.bound[d] += std::abs(product);
    }
  }
  const double relative =
      (2 * static_cast<double>(dim + 4) * largest_magnitude + static_cast<double>(visible) + 12) * unit;
  for (std::size_t d = 0; d < dim; ++d) {
    result.out[d] /= sum;
    result.bound[d] *= relative / sum;
  }
  return result;
}

}  // namespace

TEST_CASE("attention agrees with double for all head sizes, group sizes and lengths") {
  for (const KvType type : {KvType::f16, KvType::f32, KvType::q8_0}) {
    for (const Setting& s :
         {Setting{1, 16, 40, type}, Setting{3, 64, 300, type}, Setting{7, 64, 150, type}, Setting{6, 128, 270, type},
          Setting{4, 80, 130, type}, Setting{2, 6, 33, type}, Setting{5, 18, 129, type}, Setting{1, 2, 17, type}}) {
      const Example x(s, s.dim + s.heads);
      with_all_kernels([&](auto kernels, const std::string& name) {
        CAPTURE(name);
        CAPTURE(s.dim);
        for (const std::size_t visible : {1u, 2u, 15u, 16u, 17u, 31u, 33u, 64u, 127u, 128u, 129u, 255u, 257u, 300u}) {
          if (visible > s.capacity) continue;
          CAPTURE(visible);
          for (const std::size_t first : {0u, 1u, 15u, 16u, 19u, 32u, 127u, 128u, 140u, 256u}) {
            if (first >= visible) continue;
            CAPTURE(first);
            const std::vector<float> out = x.attend<decltype(kernels)>({first, visible});
            for (std::size_t h = 0; h < s.heads; ++h) {
              const Exact e = exact_head(x, h, {first, visible});
              for (std::size_t d = 0; d < s.dim; ++d) {
                REQUIRE(close(static_cast<double>(out[h * s.dim + d]), e.out[d], e.bound[d]));
              }
            }
          }
        }
      });
    }
  }
}

TEST_CASE("a query that is one key, enlarged, selects exactly that value") {
  Example x({2, 64, 200, KvType::f32}, 11);
  std::fill(x.keys.begin(), x.keys.end(), 0.0f);
  for (std::size_t e = 0; e < 64; ++e) x.keys[e * 64 + e] = 1;  // key e is unit vector e, the others are zero
  for (std::size_t e = 0; e < 200; ++e) {
    x.storage.store<cpu::Portable>(0, 0, 0, static_cast<int>(e), &x.keys[e * 64], &x.values[e * 64]);
  }
  std::fill(x.q.begin(), x.q.end(), 0.0f);
  x.q[37] = 1e4f;
  x.q[64 + 5] = 1e4f;
  with_all_kernels([&](auto kernels, const std::string& name) {
    CAPTURE(name);
    const std::vector<float> out = x.attend<decltype(kernels)>({0, 200});
    for (std::size_t d = 0; d < 64; ++d) {
      REQUIRE(out[d] == x.values[37 * 64 + d]);
      REQUIRE(out[64 + d] == x.values[5 * 64 + d]);
    }
  });
}

TEST_CASE("entries before and past the visible ones do not count, whatever they hold") {
  for (const KvType type : {KvType::f16, KvType::f32, KvType::q8_0}) {
    const Example x({3, 64, 160, type}, 21);
    with_all_kernels([&](auto kernels, const std::string& name) {
      CAPTURE(name);
      for (const Range seen : {Range{0, 1}, Range{3, 15}, Range{16, 17}, Range{1, 127}, Range{0, 129}, Range{17, 129},
                               Range{140, 141}, Range{7, 145}}) {
        CAPTURE(seen.first);
        Example poisoned({3, 64, 160, type}, 21);
        const std::vector<float> nan(64, std::nanf(""));
        for (std::size_t e = 0; e < 160; ++e) {
          if (e >= seen.first && e < seen.last) continue;
          poisoned.storage.store<cpu::Portable>(0, 0, 0, static_cast<int>(e), nan.data(), nan.data());
        }
        CHECK(same_bits(x.attend<decltype(kernels)>(seen), poisoned.attend<decltype(kernels)>(seen)));
      }
    });
  }
}

TEST_CASE("NaN in a visible key reaches the result") {
  for (const KvType type : {KvType::f16, KvType::f32, KvType::q8_0}) {
    for (const std::size_t entry : {0u, 16u, 140u}) {
      Example x({1, 16, 150, type}, 31);
      x.keys[3] = std::nanf("");
      x.storage.store<cpu::Portable>(0, 0, 0, static_cast<int>(entry), x.keys.data(), x.values.data());
      with_all_kernels([&](auto kernels, const std::string& name) {
        CAPTURE(name);
        CHECK(std::isnan(x.attend<decltype(kernels)>({0, 150})[0]));
      });
    }
  }
}
