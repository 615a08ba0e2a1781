// A file as the system knows it: its descriptor, its bytes up to the end, and the message of a call that fails. POSIX.
#pragma once

#include <string>
#include <utility>

#include "litestage/core/compiled.hpp"

namespace litestage::io {

// The system's message for an errno value. std::strerror is not thread-safe.
[[nodiscard]] std::string system_message(int error);

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

// Reads an open file to its actual end, not to its announced size, because the file may be growing. `path` names the
// file in messages.
[[nodiscard]] std::string read_to_end(const Descriptor& file, const std::string& path);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/files/definitions/descriptor.hpp"
#endif
