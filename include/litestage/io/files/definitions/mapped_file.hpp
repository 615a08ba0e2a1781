// Mapping and reading of files.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <cerrno>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "litestage/core/error.hpp"
#include "litestage/io/files/descriptor.hpp"
#include "litestage/io/files/mapped_file.hpp"

namespace litestage::io {

namespace detail {

// Opens a regular file for reading. It does not block, so that a named pipe is refused rather than waited for.
[[nodiscard]] inline int open_regular(const std::string& path, struct stat& status) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) throw Error(concat(path, ": cannot be opened: ", system_message(errno)));
  if (::fstat(file.get(), &status) != 0) throw Error(concat(path, ": cannot be inspected: ", system_message(errno)));
  if (!S_ISREG(status.st_mode)) {
    throw Error(
        concat(path, ": is ", S_ISDIR(status.st_mode) ? "a folder" : "a special file", ", expected a regular file"));
  }
  return file.release();
}

}  // namespace detail

LITESTAGE_INLINE MappedFile::MappedFile(const std::string& path) : path_(path) {
  struct stat status = {};
  const Descriptor file(detail::open_regular(path, status));
  if (status.st_size <= 0) throw Error(concat(path, ": is empty"));
  size_ = status.st_size;
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) throw Error(concat(path, ": cannot be mapped: ", system_message(errno)));
  data_ = static_cast<const std::byte*>(address);
}

LITESTAGE_INLINE MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)), data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

LITESTAGE_INLINE MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

LITESTAGE_INLINE MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

LITESTAGE_INLINE std::string read_file(const std::string& path) {
  struct stat status = {};
  const Descriptor file(detail::open_regular(path, status));
  return read_to_end(file, path);
}

}  // namespace litestage::io
