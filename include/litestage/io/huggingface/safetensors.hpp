// Reads safetensors files: a JSON header, then the tensors. Everything is checked before it is used.
// Format: huggingface/safetensors README.md, safetensors/src/tensor.rs.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/core/dtype.hpp"

namespace litestage::io {

struct SafeTensor {
  std::string type{};                     // dtype: "F32", "BF16", "F8_E4M3", ...
  std::vector<std::size_t> shape{};       // outermost first; empty for a single number
  std::span<const std::byte> contents{};  // the bytes in the file, which may begin at any address
};

// The type of the tensor's numbers, if backends read them as they are: F32, F16 or BF16.
[[nodiscard]] std::optional<DType> stored_type(const SafeTensor& tensor);
// "64 x 8", for messages.
[[nodiscard]] std::string shape_words(const SafeTensor& tensor);

class SafeTensors {
 public:
  // Maps the file; the mapping lives as long as any copy of `storage()`.
  explicit SafeTensors(const std::string& path);
  // Reads `bytes`, which must outlive this object and the tensors taken from it; `source` is their name in messages.
  SafeTensors(std::span<const std::byte> bytes, std::string source);

  [[nodiscard]] const std::string& source() const { return source_; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }  // the whole file
  [[nodiscard]] const std::map<std::string, SafeTensor, std::less<>>& tensors() const { return tensors_; }
  [[nodiscard]] const std::shared_ptr<const void>& storage() const { return storage_; }

 private:
  void parse();

  std::string source_;
  std::span<const std::byte> bytes_;
  std::map<std::string, SafeTensor, std::less<>> tensors_{};
  std::shared_ptr<const void> storage_{};
};

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/huggingface/definitions/safetensors.hpp"
#endif
