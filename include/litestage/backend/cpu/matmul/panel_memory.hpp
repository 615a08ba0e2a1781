// Memory for packed matrices, placed one after another in large blocks. Huge pages are 2 MiB, so a separate matrix of 1
// MiB would lie in small pages (1536 x 576, one thread, Zen 4: 16..19 GiB/s alone, 28..33 in a block).
#pragma once

#include <cstddef>
#include <memory>

#include "litestage/core/tensor.hpp"

namespace litestage::cpu {

class PanelMemory {
 public:
  explicit PanelMemory(std::size_t block_bytes = std::size_t{16} << 20) : block_bytes_(block_bytes) {}

  // Returns `bytes` aligned to 64 bytes. They live as long as the pointer or a copy of it. Not thread-safe.
  [[nodiscard]] std::shared_ptr<std::byte> take(std::size_t bytes) {
    bytes = (bytes + 63) / 64 * 64;
    if (block_ == nullptr || bytes > block_->size() - used_) {
      const std::size_t pages = (bytes + huge_page - 1) / huge_page * huge_page;
      block_ = std::make_shared<Buffer<std::byte>>(bytes > block_bytes_ ? pages : block_bytes_);
      used_ = 0;
    }
    std::byte* at = block_->data() + used_;
    used_ += bytes;
    return std::shared_ptr<std::byte>(block_, at);
  }

 private:
  static constexpr std::size_t huge_page = Buffer<std::byte>::huge_page;

  std::size_t block_bytes_;
  std::shared_ptr<Buffer<std::byte>> block_;
  std::size_t used_ = 0;
};

}  // namespace litestage::cpu
