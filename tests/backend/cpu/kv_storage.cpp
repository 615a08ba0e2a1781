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
  const std::size_t dim = s.shape().head_dim, scales = (dim + 31) / 32;
  const cpu::KvStream<T> stream = s.stream<T>(slot, layer, head);
  std::vector<float> both;
  const auto add = [&](auto number, std::size_t scale_of_key, std::size_t scale_of_value, bool key) {
    if constexpr (std::is_same_v<T, cpu::Q8>) {
      const f16 scale = key ? stream.key_scales[scale_of_key] : stream.value_scales[scale_of_value];
      both.push_back(static_cast<float>(number) * to_float(scale));
    } else {
      both.push_back(cpu::Portable::widen(number));
    }
  };
  for (std::size_t d = 0; d < dim; ++d) {
    add(stream.keys[entry / 16 * 16 * dim + d * 16 + entry % 16], (entry / 16 * scales + d / 32) * 16 + entry % 16, 0,
        true);
  }
  for (std::size_t d = 0; d < dim; ++d) add(stream.values[entry * s.width() + d], 0, entry * scales + d / 32, false);
  return both;
}

struct Place {
  int slot, layer;
  std::size_t head, entry;
};

// Integers, different in most places, which every type holds exactly: each block of 32 begins with 127 times its scale
// in Q8_0, a power of two that differs from place to place, and f16 holds all integers up to 2048.
std::vector<float> numbers_of(const CacheShape& s, const Place& p) {
  const std::size_t place =
      ((static_cast<std::size_t>(p.slot) * s.layers + static_cast<std::size_t>(p.layer)) * s.kv_heads + p.head) *
          s.capacity +
      p.entry;
  std::vector<float> x(2 * s.head_dim);
  for (std::size_t d = 0; d < x.size(); ++d)
    x[d] = static_cast<float>((d % s.head_dim % 32 == 0 ? 127 : (place * 7 + d) % 127) << place % 5);
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
  check_store_and_copy<cpu::Q8>({2, 2, 37, 2, 6, KvType::q8_0});
  check_store_and_copy<cpu::Q8>({2, 2, 37, 1, 130, KvType::q8_0});
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

TEST_CASE("Q8_0 rounds to the nearest of 255 multiples of a block's scale") {
  std::vector<float> x = normal_numbers(130, 5);
  x[40] = 0;
  for (std::size_t d = 64; d < 96; ++d) x[d] = 0;        // a block of zeros
  for (std::size_t d = 96; d < 128; ++d) x[d] *= 1e-9f;  // its scale is zero in f16
  cpu::KvStorage s({1, 1, 16, 1, 130, KvType::q8_0});
  s.store<cpu::Portable>(0, 0, 0, 3, x.data(), x.data());
  const std::vector<float> found = read_entry<cpu::Q8>(s, 0, 0, 0, 3);
  for (std::size_t first : {0u, 32u, 128u}) {
    const std::size_t n = std::min<std::size_t>(32, 130 - first);
    float largest = 0;
    for (std::size_t d = first; d < first + n; ++d) largest = std::max(largest, std::abs(x[d]));
    for (std::size_t d = first; d < first + n; ++d) {
      CHECK(std::abs(found[d] - x[d]) <= largest * (0.5f / 127 + 0x1p-10f));
      CHECK(found[130 + d] == found[d]);
    }
  }
  CHECK(found[40] == 0);
  for (std::size_t d = 64; d < 128; ++d) CHECK(found[d] == 0);
}

TEST_CASE("a block of Q8_0 with a number that does not fit is NaN, and is found again if the number was finite") {
  for (const float number : {8.3e6f, -8.4e6f, 3e38f, std::numeric_limits<float>::infinity(), std::nanf("")}) {
    CAPTURE(number);
    for (const std::size_t at : {5u, 41u, 64u}) {  // the last block has two numbers
      for (const bool in_key : {true, false}) {
        cpu::KvStorage s({2, 2, 20, 2, 66, KvType::q8_0});
        std::vector<float> good(66, 0.5f), bad = good;
        bad[at] = number;
        s.store<cpu::Portable>(1, 0, 1, 17, (in_key ? bad : good).data(), (in_key ? good : bad).data());
        const std::vector<float> found = read_entry<cpu::Q8>(s, 1, 0, 1, 17);
        const bool fits = std::abs(number) < 127 * 65504.0f;
        for (std::size_t i = 0; i < 132; ++i) {
          const bool same_block = (i < 66) == in_key && i % 66 / 32 == at / 32;
          CHECK(std::isnan(found[i]) == (same_block && !fits));
        }
        CHECK(s.too_large(1, 0, 18) == (!fits && std::isfinite(number)));
        CHECK(!s.too_large(1, 0, 17));
        CHECK(!s.too_large(0, 0, 20));
        CHECK(!s.too_large(1, 1, 20));
      }
    }
  }
}

TEST_CASE("Q8_0: keys copied to a layer with another offset are rounded again around it, alike in every set") {
  for (const std::size_t dim : {6u, 66u, 128u}) {
    const std::vector<float> offsets = normal_numbers(2 * 2 * dim, 6, 100);
    CacheShape shape{2, 2, 37, 2, dim, KvType::q8_0};
    shape.key_offsets = {offsets.data(), {2, 2 * dim}};
    std::vector<float> step(&offsets[dim], &offsets[2 * dim]), subtracted(&offsets[3 * dim], &offsets[3 * dim] + dim);
    rotate_kv(step.data(), dim, kv_key_factor(dim));
    rotate_kv(subtracted.data(), dim, kv_key_factor(dim));
    for (std::size_t d = 0; d < dim; ++d) step[d] -= subtracted[d];
    with_all_kernels([&](auto kernels, const std::string& name) {
      CAPTURE(name);
      cpu::KvStorage s(shape), portable(shape);
      for (int e = 0; e < 37; ++e) {
        const std::vector<float> x = normal_numbers(2 * dim, 7 + static_cast<std::uint64_t>(e));
        for (int layer : {0, 1}) s.store<decltype(kernels)>(0, layer, 1, e, x.data(), x.data() + dim);
        portable.store<cpu::Portable>(0, 0, 1, e, x.data(), x.data() + dim);
      }
      s.copy({0, 0, 3, 1, 1, 14, 20}, 1);
      for (std::size_t e = 0; e < 20; ++e) {
        std::vector<float> expected = read_entry<cpu::Q8>(portable, 0, 0, 1, 3 + e);  // key and value
        for (std::size_t first = 0; first < dim; first += 32) {
          const std::size_t n = std::min<std::size_t>(32, dim - first);
          std::int8_t codes[32];
          for (std::size_t d = first; d < first + n; ++d) expected[d] += step[d];
          const float scale = to_float(to_kv_q8(&expected[first], n, codes));
          for (std::size_t d = 0; d < n; ++d) expected[first + d] = codes[d] * scale;
        }
        REQUIRE(read_entry<cpu::Q8>(s, 1, 1, 1, 14 + e) == expected);
      }
      s.copy({0, 1, 3, 1, 1, 14, 20}, 1);  // within a layer nothing is rounded
      for (std::size_t e = 0; e < 20; ++e) {
        REQUIRE(read_entry<cpu::Q8>(s, 1, 1, 1, 14 + e) == read_entry<cpu::Q8>(s, 0, 1, 1, 3 + e));
      }
    });
  }
}

TEST_CASE("Q8_0: a key that did not fit keeps the cause when it is copied to a layer with another offset") {
  const std::vector<float> offsets = normal_numbers(2 * 66, 8, 100);
  CacheShape shape{1, 2, 20, 1, 66, KvType::q8_0};
  shape.key_offsets = {offsets.data(), {2, 66}};
  for (const float number : {9e6f, std::numeric_limits<float>::infinity()}) {
    CAPTURE(number);
    cpu::KvStorage s(shape);
    std::vector<float> x(66, 0.5f), good = x;
    x[40] = number;
    s.store<cpu::Portable>(0, 0, 0, 2, x.data(), good.data());
    s.copy({0, 0, 2, 0, 1, 17, 1}, 0);
    const std::vector<float> found = read_entry<cpu::Q8>(s, 0, 1, 0, 17);
    for (std::size_t i = 0; i < 132; ++i) CHECK(std::isnan(found[i]) == (i >= 32 && i < 64));
    CHECK(s.too_large(0, 1, 18) == std::isfinite(number));
  }
}

TEST_CASE("storage of no layers is empty, and bytes count what is allocated") {
  CHECK(cpu::KvStorage().bytes() == 0);
  CHECK(cpu::KvStorage({1, 0, 16, 2, 8, KvType::f16}).bytes() == 0);
  // capacity 17 takes 32 entries; a value row of 6 takes 16
  CHECK(cpu::KvStorage({3, 2, 17, 2, 6, KvType::f16}).bytes() == 3 * 2 * 2 * 32 * (6 + 16) * 2);
  CHECK(cpu::KvStorage({3, 2, 17, 2, 70, KvType::q8_0}).bytes() == 3 * 2 * 2 * 32 * (70 + 80 + 2 * 3 * 2));
  CHECK(cpu::KvStorage({1, 1, 64, 1, 64, KvType::q8_0}).bytes() == CacheShape{1, 1, 64, 1, 64, KvType::q8_0}.bytes());
  CHECK(cpu::KvStorage({1, 1, 64, 1, 64, KvType::f32}).bytes() == CacheShape{1, 1, 64, 1, 64, KvType::f32}.bytes());
}
