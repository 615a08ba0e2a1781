// Counts the cores that this process may use, which is the best number of threads. In a container, under a batch system
// or under taskset there are often fewer than the machine has. Two threads that share one core are several times slower
// than one thread, because each often waits for work that the other has taken.
#pragma once

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#endif

#include "litestage/core/error.hpp"
#include "litestage/core/threads/cpu_quota.hpp"

namespace litestage {

struct UsableCores {
  int machine = 1;                 // cores of the machine
  int allowed = 1;                 // cores in the affinity mask of this process
  double quota = cpu_quota::none;  // CPU time quota, in cores

  // The number of threads to use.
  [[nodiscard]] int count() const {
    return quota < allowed ? std::max(static_cast<int>(quota), 1) : std::max(allowed, 1);
  }
  // Why this is fewer than the cores of the machine; empty if it is not.
  [[nodiscard]] std::string limit() const {
    if (count() >= machine) return "";
    if (count() == allowed) return concat(allowed, " of ", machine, " cores may be used");
    return concat("a quota of ", quota, quota == 1 ? " core" : " cores");
  }
};

// Counts the bits of the mask that ask(bytes, mask) fills in; 0 on failure. `ask` returns 0 or an errno value. EINVAL
// means that the mask is too small for every core that the machine could have, so the mask grows until it is accepted.
template <class Ask>
[[nodiscard]] int count_in_mask(const Ask& ask) {
  constexpr std::size_t most_words = std::size_t{1} << 16;  // four million cores
  for (std::size_t words = 16; words <= most_words; words *= 2) {
    std::vector<unsigned long> mask(words);
    const int error = ask(words * sizeof(unsigned long), mask.data());
    if (error == EINVAL) continue;
    int n = 0;
    for (const unsigned long word : mask) n += std::popcount(word);
    return error == 0 ? n : 0;
  }
  return 0;
}

// Asks the system; nothing is cached.
[[nodiscard]] inline UsableCores usable_cores() {
  UsableCores cores;
  cores.machine = static_cast<int>(std::thread::hardware_concurrency());
  cores.allowed = cores.machine;
#if defined(__linux__)
  const int in_mask = count_in_mask([](std::size_t bytes, unsigned long* mask) {
    return ::sched_getaffinity(0, bytes, reinterpret_cast<cpu_set_t*>(mask)) == 0 ? 0 : errno;
  });
  if (in_mask > 0) cores.allowed = in_mask;
  cores.quota = cpu_quota::find();
#endif
  cores.allowed = std::max(cores.allowed, 1);
  cores.machine = std::max(cores.machine, cores.allowed);
  return cores;
}

}  // namespace litestage
