// Exit code 0 if both translation units computed the same bits.
#include <cstdio>
#include <cstring>

#include "consumer.hpp"

namespace {

bool same_bits(const char* what, const std::vector<float>& a, const std::vector<float>& b) {
  const bool same =
      !a.empty() && a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
  std::printf("%s: %zu numbers, %s\n", what, a.size(), same ? "same bits" : "DIFFERENT");
  return same;
}

}  // namespace

int main() {
  const Numbers plain = plain_numbers(), native = native_numbers();
  bool same = same_bits("dequantized rows", plain.dequantized, native.dequantized);
  same &= same_bits("rounded numbers", plain.rounded, native.rounded);
  return same ? 0 : 1;
}
