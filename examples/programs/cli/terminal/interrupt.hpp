// Ctrl-C and similar signals: the program stops at the next point where it can do so cleanly, and keeps finished work.
#pragma once

#include <csignal>

namespace litestage::cli {

namespace detail {
inline volatile std::sig_atomic_t caught_signal = 0;
}

// Thrown to leave a loop; main() turns it into an exit code.
struct Interrupted {};

// Handles Ctrl-C and SIGTERM; a second one ends the program at once. SIGHUP (the terminal closed) and SIGPIPE (the
// reader of the output ended) never end it at once, because they may arrive several times: a closing terminal sends
// SIGHUP twice, and every further write to a closed pipe sends SIGPIPE. Under nohup SIGHUP stays ignored.
inline void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = [](int signal) { detail::caught_signal = signal; };
  sigemptyset(&action.sa_mask);
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);  // RESETHAND: the next one has its default effect
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  action.sa_flags = SA_RESTART;
  sigaction(SIGPIPE, &action, nullptr);
  struct sigaction before = {};
  sigaction(SIGHUP, nullptr, &before);
  if (before.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
}

[[nodiscard]] inline bool interrupted() {
  return detail::caught_signal != 0;
}
[[nodiscard]] inline bool output_closed() {
  return detail::caught_signal == SIGPIPE;
}

// The exit code that shells report for a program that this signal ended: 130 for Ctrl-C.
[[nodiscard]] inline int interrupted_exit_code() {
  return 128 + static_cast<int>(detail::caught_signal);
}

}  // namespace litestage::cli
