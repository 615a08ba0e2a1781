// Files as memory: `MappedFile` for models, `read_file` for texts. POSIX.
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

namespace litestage::io {

namespace detail {

// The system's word for an errno value; std::strerror would not be safe to call from several threads.
[[nodiscard]] inline std::string reason(int error) {
  return std::generic_category().message(error);
}

// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// Opens a regular file for reading. Not blocking, so that a named pipe is refused rather than waited for.
[[nodiscard]] inline int open_regular(const std::string& path, struct stat& status) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) throw Error(concat(path, ": cannot be opened: ", reason(errno)));
  if (::fstat(file.get(), &status) != 0) throw Error(concat(path, ": cannot be inspected: ", reason(errno)));
  if (!S_ISREG(status.st_mode)) {
    throw Error(
        concat(path, ": is ", S_ISDIR(status.st_mode) ? "a folder" : "a special file", ", accepted is a regular file"));
  }
  return file.release();
}

// What is left of an open file: to the end that is found, not the one that was announced, for the file may be growing.
[[nodiscard]] inline std::string read_to_end(int fd, const std::string& path) {
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

// A whole regular file, read only. Pages are read when they are first touched and shared between processes. A file that
// another process shortens while it is mapped ends this one (SIGBUS): models are replaced by renaming, never in place.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path) : path_(path) {
    struct stat status = {};
    const detail::Descriptor file(detail::open_regular(path, status));
    if (status.st_size <= 0) throw Error(concat(path, ": is empty"));
    size_ = static_cast<std::size_t>(status.st_size);
    void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (address == MAP_FAILED) throw Error(concat(path, ": cannot be mapped: ", detail::reason(errno)));
    data_ = static_cast<const std::byte*>(address);
  }
  MappedFile(MappedFile&& other) noexcept
      : path_(std::move(other.path_)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~MappedFile() {
    if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
  }

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  std::string path_;
  const std::byte* data_ = nullptr;  // [size_]
  std::size_t size_ = 0;
};

// The contents of a regular file, which may be empty.
[[nodiscard]] inline std::string read_file(const std::string& path) {
  struct stat status = {};
  const detail::Descriptor file(detail::open_regular(path, status));
  return detail::read_to_end(file.get(), path);
}

}  // namespace litestage::io
