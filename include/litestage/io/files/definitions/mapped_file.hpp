// Mapping and reading of files.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstddef>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "litestage/core/error.hpp"
#include "litestage/io/files/mapped_file.hpp"

namespace litestage::io {

namespace detail {

LITESTAGE_INLINE std::string reason(int error) {
  return std::generic_category().message(error);
}

LITESTAGE_INLINE Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

LITESTAGE_INLINE int open_regular(const std::string& path, struct stat& status) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) throw Error(concat(path, ": cannot be opened: ", reason(errno)));
  if (::fstat(file.get(), &status) != 0) throw Error(concat(path, ": cannot be inspected: ", reason(errno)));
  if (!S_ISREG(status.st_mode)) {
    throw Error(
        concat(path, ": is ", S_ISDIR(status.st_mode) ? "a folder" : "a special file", ", expected a regular file"));
  }
  return file.release();
}

LITESTAGE_INLINE std::string read_to_end(int fd, const std::string& path) {
  std::string text;
  char piece[1 << 14];
  while (true) {
    const ssize_t n = ::read(fd, piece, sizeof(piece));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error(concat(path, ": cannot be read: ", reason(errno)));
    if (n == 0) return text;
    text.append(piece, static_cast<std::size_t>(n));
  }
}

}  // namespace detail

LITESTAGE_INLINE MappedFile::MappedFile(const std::string& path) : path_(path) {
  struct stat status = {};
  const detail::Descriptor file(detail::open_regular(path, status));
  if (status.st_size <= 0) throw Error(concat(path, ": is empty"));
  size_ = static_cast<std::size_t>(status.st_size);
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) throw Error(concat(path, ": cannot be mapped: ", detail::reason(errno)));
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
  const detail::Descriptor file(detail::open_regular(path, status));
  return detail::read_to_end(file.get(), path);
}

}  // namespace litestage::io
