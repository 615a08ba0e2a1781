// Makes sure that standard input, output and error of a program are open, however it was started. POSIX.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace litestage::cli {

// Opens /dev/null in place of every closed standard stream. Otherwise the next file that the program opens would get
// the number of the closed stream, and progress, tables and errors would be written into that file. Call it before any
// file is opened. If /dev/null cannot be opened, the program ends with 1: it has no way left to say why.
inline void open_standard_streams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    if (::fcntl(stream, F_GETFD) != -1 || errno != EBADF) continue;
    // The system gives the lowest free number, and all numbers below `stream` are taken.
    if (::open("/dev/null", O_RDWR) != stream) std::_Exit(1);
  }
}

}  // namespace litestage::cli
