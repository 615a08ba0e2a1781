// Access to whole files: `MappedFile` for models, `read_file` for texts. POSIX.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "litestage/core/compiled.hpp"

namespace litestage::io {

// Maps a whole regular file read-only. Pages are read at their first access and are shared between processes. If a
// different process shortens the file, an access ends this process (SIGBUS): replace models by renaming, never in
// place.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  std::string path_;
  const std::byte* data_ = nullptr;  // [size_]
  std::size_t size_ = 0;
};

// The contents of a regular file, which may be empty.
[[nodiscard]] std::string read_file(const std::string& path);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/files/definitions/mapped_file.hpp"
#endif
