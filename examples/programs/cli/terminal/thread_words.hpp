// The threads of a backend in words: how many there are, why no more are of use, and that the system refused some.
#pragma once

#include <iostream>
#include <string>

#include "litestage/core/error.hpp"
#include "litestage/core/threads/thread_team.hpp"
#include "litestage/core/threads/usable_cores.hpp"

namespace litestage::cli {

// 1 for a backend that has no threads of its own.
template <class B>
[[nodiscard]] int threads_of(const B& backend) {
  if constexpr (requires { backend.threads(); }) return backend.threads();
  return 1;
}

// "2 threads", or "1 thread: 1 of 2 cores may be used" where these are all that the process may use, or more.
[[nodiscard]] inline std::string threads_in_words(int threads, const UsableCores& cores) {
  const std::string limit = threads < cores.count() ? "" : cores.limit();
  return concat(threads, threads == 1 ? " thread" : " threads", limit.empty() ? "" : ": ", limit);
}
template <class B>
[[nodiscard]] std::string threads_in_words(const B& backend) {
  if constexpr (requires { backend.team(); }) return threads_in_words(backend.team().size(), usable_cores());
  return threads_in_words(1, UsableCores{});
}

// One line on standard error if there are fewer threads than were asked for: everything takes longer than expected.
template <class B>
void tell_of_refused_threads(const B& backend) {
  if constexpr (requires { backend.team(); }) {
    const std::string refusal = backend.team().refusal();
    if (!refusal.empty()) std::cerr << refusal << std::endl;
  }
}

}  // namespace litestage::cli
