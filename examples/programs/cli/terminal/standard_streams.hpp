// Standard input, output and error of a program, open whatever the program was started with. POSIX.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace litestage::cli {

// Opens /dev/null in place of every standard stream that is closed. Otherwise the next file that the program opens gets
// the closed stream's number, and progress, tables and errors are written into that file. To be called before anything
// is opened. Where /dev/null cannot be opened the program ends with 1: it has no way left to say why.
inline void open_standard_streams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    if (::fcntl(stream, F_GETFD) != -1 || errno != EBADF) continue;
    // The system gives the lowest free number, and all below `stream` are taken.
    if (::open("/dev/null", O_RDWR) != stream) std::_Exit(1);
  }
}

}  // namespace litestage::cli
