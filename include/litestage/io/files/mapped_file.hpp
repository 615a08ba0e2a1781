// Access to whole files: `MappedFile` for models, `read_file` for texts. POSIX.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "litestage/core/compiled.hpp"

namespace litestage::io {

namespace detail {

// The system's message for an errno value. std::strerror is not thread-safe.
[[nodiscard]] std::string reason(int error);

// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// Opens a regular file for reading. It does not block, so that a named pipe is refused rather than waited for.
[[nodiscard]] int open_regular(const std::string& path, struct stat& status);

// Reads an open file to its actual end, not to its announced size, because the file may be growing.
[[nodiscard]] std::string read_to_end(int fd, const std::string& path);

}  // namespace detail

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
