// Informs AddressSanitizer and ThreadSanitizer about the emulator's fibers. Without these sanitizers all functions are
// empty.
//
// ThreadSanitizer treats every thread of a block as a thread, ordered against the others only where a GPU orders them:
// by barriers, shuffles, and the start and end of a launch. Running on the same system thread creates no order. The
// emulator's own data are hidden from it (`Quiet`), because all threads would appear to race on them.
#pragma once

#include <cstddef>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LITESTAGE_EMULATOR_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define LITESTAGE_EMULATOR_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define LITESTAGE_EMULATOR_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define LITESTAGE_EMULATOR_TSAN 1
#endif
#if defined(LITESTAGE_EMULATOR_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(LITESTAGE_EMULATOR_TSAN)
#include <sanitizer/tsan_interface.h>
#include <sys/mman.h>

#include <new>
#include <vector>
extern "C" {
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void AnnotateIgnoreWritesBegin(const char* file, int line);
void AnnotateIgnoreWritesEnd(const char* file, int line);
}
#endif

namespace litestage::kernels::emulator {

// While an object of this type lives, ThreadSanitizer ignores what the current fiber reads and writes.
struct Quiet {
#if defined(LITESTAGE_EMULATOR_TSAN)
  Quiet() {
    AnnotateIgnoreReadsBegin("", 0);
    AnnotateIgnoreWritesBegin("", 0);
  }
  ~Quiet() {
    AnnotateIgnoreWritesEnd("", 0);
    AnnotateIgnoreReadsEnd("", 0);
  }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;
#else
  Quiet() {}  // non-trivial, so that no variable of this type counts as unused
#endif
};

namespace sanitizer {

struct Marks {
#if defined(LITESTAGE_EMULATOR_ASAN)
  void* fake_stack = nullptr;
  const void* bottom = nullptr;  // bottom of the stack from which a fiber was entered
  std::size_t size = 0;
#endif
#if defined(LITESTAGE_EMULATOR_TSAN)
  void* fiber = nullptr;
#endif
};

// Orders everything that this fiber has done so far before everything that a different fiber does after acquire(key).
inline void release([[maybe_unused]] void* key) {
#if defined(LITESTAGE_EMULATOR_TSAN)
  __tsan_release(key);
#endif
}
inline void acquire([[maybe_unused]] void* key) {
#if defined(LITESTAGE_EMULATOR_TSAN)
  __tsan_acquire(key);
#endif
}

// Delays the destruction of ended ThreadSanitizer fibers. ThreadSanitizer reuses the number of a destroyed fiber for
// the next new one, and would confuse their accesses while it still remembers the older ones.
class Ended {
 public:
  Ended() = default;
  Ended(const Ended&) = delete;
  Ended& operator=(const Ended&) = delete;
#if defined(LITESTAGE_EMULATOR_TSAN)
  ~Ended() {
    destroy();
  }
  void add(Marks& marks) {
    if (marks.fiber != nullptr) fibers_.push_back(marks.fiber);
    marks.fiber = nullptr;
    if (fibers_.size() >= 2048) destroy();
  }

 private:
  void destroy() {
    for (void* fiber : fibers_) __tsan_destroy_fiber(fiber);
    fibers_.clear();
  }
  std::vector<void*> fibers_;
#else
  void add(Marks&) {}
#endif
};

// A fiber that starts a new body is a new thread, ordered after the thread that starts it. Its stack is also mapped
// anew, because ThreadSanitizer would otherwise report races with the accesses of the previous thread.
inline void renew([[maybe_unused]] Marks& marks, [[maybe_unused]] Ended& ended, [[maybe_unused]] void* stack,
                  [[maybe_unused]] std::size_t size) {
#if defined(LITESTAGE_EMULATOR_TSAN)
  ended.add(marks);
  marks.fiber = __tsan_create_fiber(0);
  if (::mmap(stack, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) {
    throw std::bad_alloc();
  }
#endif
}

inline void before_switch([[maybe_unused]] Marks& main, [[maybe_unused]] Marks& fiber,
                          [[maybe_unused]] const void* bottom, [[maybe_unused]] std::size_t size) {
#if defined(LITESTAGE_EMULATOR_ASAN)
  __sanitizer_start_switch_fiber(&main.fake_stack, bottom, size);
#endif
#if defined(LITESTAGE_EMULATOR_TSAN)
  main.fiber = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(fiber.fiber, __tsan_switch_to_fiber_no_sync);
#endif
}
inline void after_switch([[maybe_unused]] Marks& main) {
#if defined(LITESTAGE_EMULATOR_ASAN)
  __sanitizer_finish_switch_fiber(main.fake_stack, nullptr, nullptr);
#endif
}
inline void on_entry([[maybe_unused]] Marks& main) {
#if defined(LITESTAGE_EMULATOR_ASAN)
  __sanitizer_finish_switch_fiber(nullptr, &main.bottom, &main.size);
#endif
}
inline void before_switch_back([[maybe_unused]] Marks& fiber, [[maybe_unused]] Marks& main,
                               [[maybe_unused]] bool for_good) {
#if defined(LITESTAGE_EMULATOR_ASAN)
  __sanitizer_start_switch_fiber(for_good ? nullptr : &fiber.fake_stack, main.bottom, main.size);
#endif
#if defined(LITESTAGE_EMULATOR_TSAN)
  void* const to = main.fiber;  // read while Quiet
  if (for_good) {               // the Quiet of this fiber will not be destroyed
    AnnotateIgnoreWritesEnd("", 0);
    AnnotateIgnoreReadsEnd("", 0);
  }
  __tsan_switch_to_fiber(to, __tsan_switch_to_fiber_no_sync);
#endif
}
inline void after_switch_back([[maybe_unused]] Marks& fiber, [[maybe_unused]] Marks& main) {
#if defined(LITESTAGE_EMULATOR_ASAN)
  __sanitizer_finish_switch_fiber(fiber.fake_stack, &main.bottom, &main.size);
#endif
}

}  // namespace sanitizer
}  // namespace litestage::kernels::emulator
