// Prints a digest of the bits of all numbers. In the program with both translation units, where the linker merges
// litestage's functions, it also compares the units' numbers and fails if they differ.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "consumer.hpp"

namespace {

// FNV-1a. Every NaN counts the same: which of two NaNs their sum repeats depends on the order in which a compiler
// passes the operands. Random blocks contain such sums; the weights of a model are finite.
std::uint64_t digest(const std::vector<float>& values) {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (const float value : values) {
    std::uint32_t bits = 0x7fc00000u;
    if (!std::isnan(value)) std::memcpy(&bits, &value, sizeof bits);
    h = (h ^ bits) * 0x100000001b3u;
  }
  return h;
}

void print(const Numbers& numbers) {
  for (const auto& [what, values] : numbers) {
    std::printf("%s: %zu, %016llx\n", what.c_str(), values.size(), static_cast<unsigned long long>(digest(values)));
  }
}

}  // namespace

int main() {
#if defined(WITH_PLAIN) && defined(WITH_NATIVE)
  const Numbers plain = plain_numbers(), native = native_numbers();
  print(plain);
  for (std::size_t i = 0; i < plain.size(); ++i) {
    if (digest(plain[i].second) == digest(native[i].second)) continue;
    std::printf("%s: not the same bits in both translation units\n", plain[i].first.c_str());
    return 1;
  }
#elif defined(WITH_PLAIN)
  print(plain_numbers());
#else
  print(native_numbers());
#endif
}
