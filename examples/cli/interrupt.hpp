// Ctrl-C: the first asks the program to stop where it can do so cleanly, a second one ends it at once.
#pragma once

#include <csignal>

namespace litestage::cli {

namespace detail {
inline volatile std::sig_atomic_t caught_signal = 0;
}

// To be thrown where the work is a loop without another way out; main() turns it into an exit code.
struct Interrupted {};

inline void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = [](int signal) { detail::caught_signal = signal; };
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);  // the next one has its usual effect
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

[[nodiscard]] inline bool interrupted() {
  return detail::caught_signal != 0;
}

// What shells report of a program that this signal ended: 130 for Ctrl-C.
[[nodiscard]] inline int interrupted_exit_code() {
  return 128 + static_cast<int>(detail::caught_signal);
}

}  // namespace litestage::cli
