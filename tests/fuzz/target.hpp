// A fuzz target is a function `void fuzz_<name>(const std::uint8_t* data, std::size_t size)` in fuzz_<name>.cpp. It
// takes any bytes and returns; whatever else happens is a fault of what it tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace litestage::test {

// Ends the program unless the condition holds, as it must for any bytes.
inline void need(bool holds) {
  if (!holds) std::abort();
}

struct FuzzTarget {
  std::string_view name;
  void (*run)(const std::uint8_t* data, std::size_t size);
};

}  // namespace litestage::test

using litestage::test::need;  // for the targets, which are functions of no namespace
