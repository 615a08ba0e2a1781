// A journal in its file.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/io/files/descriptor.hpp"
#include "litestage/io/files/file_size_signal.hpp"
#include "litestage/io/files/journal_file.hpp"
#include "litestage/io/files/journal_format.hpp"
#include "litestage/io/files/output_file.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/settings/record.hpp"

namespace litestage::io {

namespace detail {

// Opens for reading and writing, and creates the file if it is missing. It does not block, so that a named pipe is
// refused.
[[nodiscard]] inline int open_journal(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666));
  if (file.get() < 0) throw Error(concat(path, ": cannot be opened for writing: ", system_message(errno)));
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0) throw Error(concat(path, ": cannot be inspected: ", system_message(errno)));
  if (!S_ISREG(status.st_mode)) {
    throw Error(concat(path, ": is a special file, expected a regular file or a new name"));
  }
  if (status.st_size > static_cast<off_t>(max_journal_bytes)) {
    throw Error(concat(path, ": has ", status.st_size, " bytes, a journal has at most ", max_journal_bytes));
  }
  return file.release();
}

// The lock belongs to the open file: the kernel releases it whenever the process ends, for any reason.
inline void lock_journal(int fd, const std::string& path) {
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) throw Error(concat(path, ": cannot be locked: ", system_message(errno)));
    throw Error(concat(path, ": is in use by other work that has not ended; wait for it or choose another file ",
                       "(--journal FILE)"));
  }
}

}  // namespace detail

LITESTAGE_INLINE JournalFile::JournalFile(const std::string& path, const Form& identity,
                                          const std::vector<EarlierKey>& earlier)
    : path_(path), file_(detail::open_journal(path)), identity_(identity) {
  detail::lock_journal(file_.get(), path_);
  const std::string text = read_to_end(file_, path_);
  const std::string head = lines_.write(journal_head(identity));
  // The write of the first line was interrupted.
  if (text.size() < head.size() && std::string_view(head).substr(0, text.size()) == text) {
    cut_off(text.size());
    put(head);
    sync_name();
    return;
  }
  JournalText found = parse_journal(text, identity, path_, earlier);
  identity_ = std::move(found.identity);
  records_ = std::move(found.records);
  lines_ = found.lines;
  bytes_ = found.whole_bytes;
  cut_off(text.size() - bytes_);
}

LITESTAGE_INLINE void JournalFile::append(const Form& record) {
  LITESTAGE_ASSERT(!failed_, path_, " has failed");
  JournalLines next = lines_;
  const std::string line = next.write(record);
  LITESTAGE_ASSERT(line.size() <= max_journal_line, line.size(), " bytes");
  if (line.size() > max_journal_bytes - bytes_) {
    throw Error(concat(path_, ": is full, a journal has at most ", max_journal_bytes, " bytes"));
  }
  put(line);
  lines_ = next;
}

LITESTAGE_INLINE void JournalFile::put(std::string_view line) {
  const FileSizeSignalBlocked blocked;
  for (std::size_t done = 0; done < line.size();) {
    const ssize_t n = ::pwrite(file_.get(), line.data() + done, line.size() - done, static_cast<off_t>(bytes_ + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail();
    done += n;
  }
  sync();
  bytes_ += line.size();
}

LITESTAGE_INLINE void JournalFile::sync() {
  if (::fdatasync(file_.get()) != 0 && errno != EINVAL) fail();  // EINVAL: the file system has no sync
}

LITESTAGE_INLINE void JournalFile::fail() {
  const int error = errno;
  failed_ = true;
  static_cast<void>(::ftruncate(file_.get(), static_cast<off_t>(bytes_)) == 0 && ::fdatasync(file_.get()) == 0);
  throw Error(concat(path_, ": cannot be written: ", system_message(error),
                     "; what it holds is whole, the work can continue from it"));
}

LITESTAGE_INLINE void JournalFile::cut_off(std::size_t bytes) {
  dropped_bytes_ = bytes;
  if (bytes == 0) return;
  if (::ftruncate(file_.get(), static_cast<off_t>(bytes_)) != 0) fail();
  sync();  // without it, after a power failure, old bytes could follow a shorter line written next
}

LITESTAGE_INLINE void JournalFile::sync_name() const {
  char* real = ::realpath(path_.c_str(), nullptr);
  if (real != nullptr) sync_folder_of(real);
  std::free(real);
}

}  // namespace litestage::io
