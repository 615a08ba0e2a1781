// Restricts the calling thread and the threads that it starts to one core, if the system allows it, as taskset does.
#pragma once

#include <cstddef>

#include "litestage/core/error.hpp"

#if defined(__linux__)
#include <sched.h>
#endif

namespace litestage::test {

class HeldOnOneCore {
 public:
#if defined(__linux__)
  static constexpr bool works = true;

  HeldOnOneCore() {
    LITESTAGE_ASSERT(::sched_getaffinity(0, sizeof(before_), &before_) == 0);
    std::size_t core = 0;
    while (!CPU_ISSET(core, &before_)) ++core;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    LITESTAGE_ASSERT(::sched_setaffinity(0, sizeof(one), &one) == 0);
  }
  HeldOnOneCore(const HeldOnOneCore&) = delete;
  HeldOnOneCore& operator=(const HeldOnOneCore&) = delete;
  ~HeldOnOneCore() {
    ::sched_setaffinity(0, sizeof(before_), &before_);
  }

 private:
  cpu_set_t before_;
#else
  static constexpr bool works = false;
#endif
};

}  // namespace litestage::test
