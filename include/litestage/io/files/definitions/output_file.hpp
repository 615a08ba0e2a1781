// Files that are written completely or not at all.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>

#include "litestage/core/error.hpp"
#include "litestage/io/files/descriptor.hpp"
#include "litestage/io/files/file_size_signal.hpp"
#include "litestage/io/files/output_file.hpp"

namespace litestage::io {

LITESTAGE_INLINE void sync_folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() >= 0) static_cast<void>(::fsync(opened.get()));
}

LITESTAGE_INLINE OutputFile::OutputFile(const std::string& path) : path_(path) {
  target_ = resolve(path);
  static std::atomic<unsigned> serial{0};
  temporary_ = concat(target_, ".", ::getpid(), ".", serial++, ".tmp");
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_);
  if (fd_ < 0) fail("cannot be created");
}

LITESTAGE_INLINE void OutputFile::write(std::string_view text) {
  LITESTAGE_ASSERT(fd_ >= 0, path_, " is committed or has failed");
  const FileSizeSignalBlocked blocked;
  while (!text.empty()) {
    const ssize_t n = ::write(fd_, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("cannot be written");
    text.remove_prefix(n);
  }
}

LITESTAGE_INLINE void OutputFile::commit() {
  LITESTAGE_ASSERT(fd_ >= 0, path_, " is committed or has failed");
  if (::fsync(fd_) != 0 && errno != EINVAL) fail("cannot be written");  // EINVAL: the file system has no fsync
  const int closed = ::close(fd_);
  fd_ = -1;
  if (closed != 0) fail("cannot be written");
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail("cannot be put in place");
  temporary_.clear();
  sync_folder_of(target_);
}

LITESTAGE_INLINE std::string OutputFile::resolve(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return path;
  if (!S_ISREG(status.st_mode)) {
    throw Error(concat(path, ": is ", S_ISDIR(status.st_mode) ? "a folder" : "a special file",
                       ", expected a regular file or a new name"));
  }
  mode_ = status.st_mode & 0777;
  char* real = ::realpath(path.c_str(), nullptr);
  if (real == nullptr) fail("cannot be resolved");  // do not replace the link itself: it may be /dev/stdout
  std::string target = real;
  std::free(real);
  return target;
}

LITESTAGE_INLINE void OutputFile::fail(std::string_view what) {
  const int error = errno;
  discard();
  throw Error(concat(path_, ": ", what, ": ", system_message(error)));
}

LITESTAGE_INLINE void OutputFile::discard() {
  if (fd_ >= 0) ::close(fd_);
  if (fd_ >= 0 || !temporary_.empty()) ::unlink(temporary_.c_str());
  fd_ = -1;
  temporary_.clear();
}

LITESTAGE_INLINE void write_file(const std::string& path, std::string_view text) {
  OutputFile file(path);
  file.write(text);
  file.commit();
}

}  // namespace litestage::io
