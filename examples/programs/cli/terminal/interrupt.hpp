// Ctrl-C and its relatives: the program is asked to stop where it can do so cleanly, and keeps what it has finished.
#pragma once

#include <csignal>

namespace litestage::cli {

namespace detail {
inline volatile std::sig_atomic_t caught_signal = 0;
}

// To be thrown where the work is a loop without another way out; main() turns it into an exit code.
struct Interrupted {};

// Ctrl-C and SIGTERM: the second one ends the program at once. SIGHUP (the terminal is gone) and SIGPIPE (nobody reads
// the output any more) come several times without anybody meaning it, so they never do: a closing terminal sends SIGHUP
// twice, and every further write to a closed pipe sends SIGPIPE. Under nohup SIGHUP stays ignored.
inline void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = [](int signal) { detail::caught_signal = signal; };
  sigemptyset(&action.sa_mask);
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);  // RESETHAND: the next one has its usual effect
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

// What shells report of a program that this signal ended: 130 for Ctrl-C.
[[nodiscard]] inline int interrupted_exit_code() {
  return 128 + static_cast<int>(detail::caught_signal);
}

}  // namespace litestage::cli
