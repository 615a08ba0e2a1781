// The shared memory of an emulated block, initialised to NaN, with a canary behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "litestage/kernels/emulator/sanitizers.hpp"

namespace litestage::kernels::emulator {

class SharedMemory {
 public:
  explicit SharedMemory(std::size_t bytes) : bytes_(bytes) {}

  [[nodiscard]] std::size_t size() const { return bytes_; }
  [[nodiscard]] unsigned char* data() const { return memory_.get(); }

  // Reallocates it for the next block, filled with NaN.
  void renew() {
    memory_ = std::make_unique<unsigned char[]>(bytes_ + canary_bytes);
    std::memset(memory_.get(), 0xff, bytes_);  // NaN
    for (std::size_t i = 0; i < canary_bytes; i += sizeof(canary)) {
      std::memcpy(memory_.get() + bytes_ + i, &canary, sizeof(canary));
    }
  }
  // Whether the bytes behind it are unchanged.
  [[nodiscard]] bool intact() const {
    for (std::size_t i = 0; i < canary_bytes; i += sizeof(canary)) {
      if (std::memcmp(memory_.get() + bytes_ + i, &canary, sizeof(canary)) != 0) return false;
    }
    return true;
  }

 private:
  // The canary: NaN in every floating-point type, and not a small integer. AddressSanitizer detects overflows without
  // it.
  static constexpr std::uint16_t canary = 0xfffe;
#if defined(LITESTAGE_EMULATOR_ASAN)
  static constexpr std::size_t canary_bytes = 0;
#else
  static constexpr std::size_t canary_bytes = 256;
#endif

  std::size_t bytes_;
  std::unique_ptr<unsigned char[]> memory_;
};

}  // namespace litestage::kernels::emulator
