// Reads GGUF files, versions 2 and 3, little-endian: metadata and tensors. Everything is checked before it is used.
// Format: ggml-org/ggml docs/gguf.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/core/tensor.hpp"
#include "litestage/io/gguf/gguf_value.hpp"

namespace litestage::io {

class ByteReader;
class MappedFile;

struct GgufTensor {
  std::string_view name{};
  std::vector<std::size_t> dims{};  // innermost first, one to four
  DType type = DType::f32;
  std::size_t offset = 0;                 // in the data section
  std::span<const std::byte> contents{};  // the bytes in the file
};

class Gguf {
 public:
  // One of the files that it was read from.
  struct File {
    std::string source;
    std::span<const std::byte> bytes{}, header{};  // header: everything before the data section
  };

  // Maps the file, and if it is a part of a split model also the other parts, which lie beside it (split_files.hpp).
  // The mappings live as long as any copy of `storage()`.
  explicit Gguf(const std::string& path);
  // Maps this file only, even if it is a part.
  [[nodiscard]] static Gguf one_file(const std::string& path);
  // Reads `bytes`, which must outlive this object and the tensors taken from it; `source` is their name in messages.
  Gguf(std::span<const std::byte> bytes, std::string source);
  Gguf(Gguf&&) noexcept;
  Gguf& operator=(Gguf&&) noexcept;
  ~Gguf();

  [[nodiscard]] const std::string& source() const { return source_; }  // of several files the first
  [[nodiscard]] int version() const { return version_; }
  [[nodiscard]] std::size_t alignment() const { return alignment_; }
  [[nodiscard]] const std::map<std::string_view, GgufValue>& metadata() const { return metadata_; }
  [[nodiscard]] const std::vector<GgufTensor>& tensors() const { return tensors_; }  // in file order
  [[nodiscard]] const std::vector<File>& files() const { return files_; }
  [[nodiscard]] const std::shared_ptr<const void>& storage() const { return storage_; }

  [[nodiscard]] bool has(std::string_view key) const { return metadata_.contains(key); }
  // The value of a key, or nothing if the file has no such key. Throws an Error that names the key if its type differs.
  // T: bool, std::int64_t, double, std::string, or a std::vector of one of the last three.
  template <class T>
  [[nodiscard]] std::optional<T> find(std::string_view key) const;
  // The value of a required key.
  template <class T>
  [[nodiscard]] T get(std::string_view key) const;

  // The tensor as a matrix [dims[1], dims[0]]; empty if the file has none of this name.
  [[nodiscard]] RawTensor tensor(std::string_view name) const;

  // Adds the tensors of a further file, whose metadata is left out. Throws an Error if both have a tensor of one name.
  void append(Gguf part);

 private:
  explicit Gguf(std::shared_ptr<const MappedFile> file);
  void parse(std::span<const std::byte> bytes);
  void read_version(ByteReader& in);
  void read_alignment();
  void place_tensors(std::span<const std::byte> bytes, std::size_t header_size);

  std::string source_;
  int version_ = 0;
  std::size_t alignment_ = 32;
  std::map<std::string_view, GgufValue> metadata_;
  std::vector<GgufTensor> tensors_;
  std::map<std::string_view, std::size_t> tensor_index_;
  std::vector<File> files_;
  std::shared_ptr<const void> storage_;
};

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/gguf/definitions/gguf.hpp"
#endif
