// Turns a write past the file size limit into an ordinary error. POSIX.
#pragma once

#include <signal.h>  // NOLINT(modernize-deprecated-headers): of POSIX, with pthread_sigmask

namespace litestage::io {

// A write past RLIMIT_FSIZE sends SIGXFSZ, which ends the process unless it is handled. During the lifetime of this
// object, such a write in this thread only fails with EFBIG. Other threads and the program's signal handlers are not
// affected.
class FileSizeSignalBlocked {
 public:
  FileSizeSignalBlocked() {
    sigemptyset(&signal_);
    sigaddset(&signal_, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &signal_, &before_);
  }
  FileSizeSignalBlocked(const FileSizeSignalBlocked&) = delete;
  FileSizeSignalBlocked& operator=(const FileSizeSignalBlocked&) = delete;
  ~FileSizeSignalBlocked() {
    sigset_t pending;
    int taken = 0;
    if (sigpending(&pending) == 0 && sigismember(&pending, SIGXFSZ) == 1) sigwait(&signal_, &taken);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t signal_;
  sigset_t before_;
};

}  // namespace litestage::io
