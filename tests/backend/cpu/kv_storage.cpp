#include "litestage/backend/cpu/kv_storage.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "common/close.hpp"
#include "common/row_kernels.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

// Key (and then value) of an entry, read back by the layout that the header describes.
template <class T>
std::vector<float> read_entry(const cpu::KvStorage& s, int slot, int layer, std::size_t head, std::size_t entry) {
  const std::size_t dim = s.shape().head_dim;
  std::vector<float> both;
  for (std::size_t d = 0; d < dim; ++d) {
    both.push_back(cpu::Portable::widen(s.keys<T>(slot, layer, head)[entry / 16 * 16 * dim + d * 16 + entry % 16]));
  }
  for (std::size_t d = 0; d < dim; ++d) {
    both.push_back(cpu::Portable::widen(s.values<T>(slot, layer, head)[entry * s.width() + d]));
  }
  return both;
}

struct Place {
  int slot, layer;
  std::size_t head, entry;
};

// Distinct small integers, which f16 holds exactly.
std::vector<float> numbers_of(const CacheShape& s, const Place& p) {
  const std::size_t place =
      ((static_cast<std::size_t>(p.slot) * s.layers + static_cast<std::size_t>(p.layer)) * s.kv_heads + p.head) *
          s.capacity +
      p.entry;
  std::vector<float> x(2 * s.head_dim);
  for (std::size_t d = 0; d < x.size(); ++d) x[d] = static_cast<float>((place * 7 + d) % 2048);
  return x;
}

template <class F>
void for_places(const CacheShape& s, const F& f) {
  for (std::size_t slot = 0; slot < s.slots; ++slot) {
    for (std::size_t layer = 0; layer < s.layers; ++layer) {
      for (std::size_t head = 0; head < s.kv_heads; ++head) {
        for (std::size_t e = 0; e < s.capacity; ++e) f(Place{static_cast<int>(slot), static_cast<int>(layer), head, e});
      }
    }
  }
}

template <class T>
void check_store_and_copy(const CacheShape& shape) {
  with_all_kernels([&](auto kernels, const std::string& name) {
    CAPTURE(name);
    cpu::KvStorage s(shape);
    for_places(shape, [&](const Place& p) {
      const std::vector<float> x = numbers_of(shape, p);
      s.store<decltype(kernels)>(p.slot, p.layer, p.head, static_cast<int>(p.entry), x.data(),
                                 x.data() + shape.head_dim);
    });
    for_places(shape, [&](const Place& p) {
      REQUIRE(read_entry<T>(s, p.slot, p.layer, p.head, p.entry) == numbers_of(shape, p));
    });
    // Same and different places within tiles, across tiles; everything else stays.
    for (const EntryCopy& c : {EntryCopy{0, 0, 0, 1, 0, 0, 37}, EntryCopy{0, 1, 3, 1, 1, 14, 20},
                               EntryCopy{0, 1, 30, 0, 0, 5, 1}, EntryCopy{1, 0, 2, 1, 1, 0, 0}}) {
      cpu::KvStorage copy = cpu::KvStorage(shape);
      for_places(shape, [&](const Place& p) {
        const std::vector<float> x = numbers_of(shape, p);
        copy.store<decltype(kernels)>(p.slot, p.layer, p.head, static_cast<int>(p.entry), x.data(),
                                      x.data() + shape.head_dim);
      });
      for (std::size_t h = 0; h < shape.kv_heads; ++h) copy.copy(c, h);
      for_places(shape, [&](const Place& p) {
        Place source = p;
        const int offset = static_cast<int>(p.entry) - c.to_entry;
        if (p.slot == c.to_slot && p.layer == c.to_layer && offset >= 0 && offset < c.count) {
          source = {c.from_slot, c.from_layer, p.head, static_cast<std::size_t>(c.from_entry + offset)};
        }
        REQUIRE(read_entry<T>(copy, p.slot, p.layer, p.head, p.entry) == numbers_of(shape, source));
      });
    }
  });
}

}  // namespace

TEST_CASE("entries are read back where they were stored, and copies move exactly what they say") {
  check_store_and_copy<f16>({2, 2, 37, 2, 6, KvType::f16});
  check_store_and_copy<float>({2, 2, 37, 2, 20, KvType::f32});
  check_store_and_copy<f16>({2, 2, 37, 1, 130, KvType::f16});
}

TEST_CASE("what does not fit is stored as NaN, and what was too large for f16 is found again, in its layer alone") {
  const float infinity = std::numeric_limits<float>::infinity();
  with_all_kernels([&](auto kernels, const std::string& name) {
    CAPTURE(name);
    for (const KvType type : {KvType::f16, KvType::f32}) {
      for (const std::size_t dim : {6u, 130u}) {
        for (const float number : {65504.0f, -65519.99f, 65520.0f, -65520.0f, 3e38f, infinity, -infinity}) {
          for (std::size_t at = 0; at < 2 * dim; at += dim / 2 - 1) {  // in the key, then in the value
            CAPTURE(number);
            cpu::KvStorage s({2, 2, 20, 2, dim, type});
            std::vector<float> x(2 * dim, 0.5f);
            x[at] = number;
            s.store<decltype(kernels)>(1, 0, 1, 17, x.data(), x.data() + dim);
            const bool half = type == KvType::f16;
            const bool fits = std::isfinite(half ? to_float(to_f16(number)) : number);
            const std::vector<float> found = half ? read_entry<f16>(s, 1, 0, 1, 17) : read_entry<float>(s, 1, 0, 1, 17);
            for (std::size_t i = 0; i < 2 * dim; ++i) {
              if (i != at) CHECK(found[i] == 0.5f);
            }
            CHECK(std::isnan(found[at]) == !fits);
            if (fits) CHECK(found[at] == (half ? to_float(to_f16(number)) : number));
            CHECK(s.too_large(1, 0, 18) == (half && !fits && std::isfinite(number)));
            CHECK(!s.too_large(1, 0, 17));  // before it
            CHECK(!s.too_large(0, 0, 20));
            CHECK(!s.too_large(1, 1, 20));
          }
        }
      }
    }
  });
}

TEST_CASE("storage of no layers is empty, and bytes count what is allocated") {
  CHECK(cpu::KvStorage().bytes() == 0);
  CHECK(cpu::KvStorage({1, 0, 16, 2, 8, KvType::f16}).bytes() == 0);
  // capacity 17 takes 32 entries; a value row of 6 takes 16
  CHECK(cpu::KvStorage({3, 2, 17, 2, 6, KvType::f16}).bytes() == 3 * 2 * 2 * 32 * (6 + 16) * 2);
  CHECK(cpu::KvStorage({1, 1, 64, 1, 64, KvType::f32}).bytes() == CacheShape{1, 1, 64, 1, 64, KvType::f32}.bytes());
}
