// Describes the threads of a backend: their number, why more are of no use, and whether the system refused some.
#pragma once

#include <iostream>
#include <string>

#include "litestage/core/error.hpp"
#include "litestage/core/threads/thread_team.hpp"
#include "litestage/core/threads/usable_cores.hpp"

namespace litestage::cli {

// 1 for a backend without threads.
template <class B>
[[nodiscard]] int threads_of(const B& backend) {
  if constexpr (requires { backend.threads(); }) return backend.threads();
  return 1;
}

// Example: "2 threads", or "1 thread: 1 of 2 cores may be used" if the process may use no more cores than that.
[[nodiscard]] inline std::string threads_in_words(int threads, const UsableCores& cores) {
  const std::string limit = threads < cores.count() ? "" : cores.limit();
  return concat(threads, threads == 1 ? " thread" : " threads", limit.empty() ? "" : ": ", limit);
}
template <class B>
[[nodiscard]] std::string threads_in_words(const B& backend) {
  if constexpr (requires { backend.team(); }) return threads_in_words(backend.team().size(), usable_cores());
  return threads_in_words(1, UsableCores{});
}

// Prints one line on standard error if there are fewer threads than requested: everything then takes longer.
template <class B>
void tell_of_refused_threads(const B& backend) {
  if constexpr (requires { backend.team(); }) {
    const std::string refusal = backend.team().refusal();
    if (!refusal.empty()) std::cerr << refusal << std::endl;
  }
}

}  // namespace litestage::cli
