// Reading through descriptors.
#pragma once

#include <sys/types.h>
#include <unistd.h>
#include <cerrno>
#include <cstddef>
#include <string>
#include <system_error>

#include "litestage/core/error.hpp"
#include "litestage/io/files/descriptor.hpp"

namespace litestage::io {

LITESTAGE_INLINE std::string system_message(int error) {
  return std::generic_category().message(error);
}

LITESTAGE_INLINE Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

LITESTAGE_INLINE std::string read_to_end(const Descriptor& file, const std::string& path) {
  std::string text;
  char piece[1 << 14];
  while (true) {
    const ssize_t n = ::read(file.get(), piece, sizeof(piece));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error(concat(path, ": cannot be read: ", system_message(errno)));
    if (n == 0) return text;
    text.append(piece, n);
  }
}

}  // namespace litestage::io
