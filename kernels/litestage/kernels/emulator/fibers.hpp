// Fibers: control flows on one system thread, each with its own stack, that run until they yield. The emulator runs
// every thread of a block as a fiber.
//
// On x86-64 a switch saves six registers and swaps stacks, which takes 8.5 ns on a Zen 4. Elsewhere it uses
// swapcontext, which takes 330 ns, most of it for a system call that sets the signal mask. AddressSanitizer and
// ThreadSanitizer are notified of every switch.
#pragma once

#include <sys/mman.h>
#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "litestage/kernels/emulator/sanitizers.hpp"

#if defined(__x86_64__) && !defined(LITESTAGE_EMULATOR_UCONTEXT)
#define LITESTAGE_EMULATOR_OWN_SWITCH 1
extern "C" void litestage_switch_stack(void** from, void* to);
// In a comdat section, so that the linker keeps one copy for all translation units.
asm(R"(
.section .text.litestage_switch_stack,"axG",@progbits,litestage_switch_stack,comdat
.weak litestage_switch_stack
.type litestage_switch_stack,@function
litestage_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size litestage_switch_stack,.-litestage_switch_stack
.previous
)");
#else
#define LITESTAGE_EMULATOR_OWN_SWITCH 0
#endif

namespace litestage::kernels::emulator {

// 64 KiB with a guard page below, so that a kernel that overflows its stack faults.
class Stack {
 public:
  static constexpr std::size_t size = std::size_t{64} << 10, guard = 4096;

  Stack() : memory_(::mmap(nullptr, size + guard, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    if (memory_ == MAP_FAILED) throw std::bad_alloc();
    ::mprotect(memory_, guard, PROT_NONE);
  }
  Stack(Stack&& other) noexcept : memory_(other.memory_) { other.memory_ = MAP_FAILED; }
  Stack& operator=(Stack&&) = delete;
  ~Stack() {
    if (memory_ != MAP_FAILED) ::munmap(memory_, size + guard);
  }
  [[nodiscard]] char* bottom() const { return static_cast<char*>(memory_) + guard; }
  [[nodiscard]] char* top() const { return bottom() + size; }

 private:
  void* memory_;
};

// Stacks are kept between launches, because creating one takes two system calls.
class Fibers {
 public:
  // The function that every fiber runs. It must not throw.
  using Body = void (*)(void* argument, unsigned fiber);

  Fibers() = default;
  Fibers(const Fibers&) = delete;
  Fibers& operator=(const Fibers&) = delete;
  ~Fibers() {
    for (Fiber& fiber : fibers_) ended_.add(fiber.marks);
  }

  // Creates fibers until there are at least n.
  void reserve(unsigned n) {
    while (fibers_.size() < n) fibers_.emplace_back();
  }
  // Makes fiber i start body(argument, i) when it is next resumed. If the fiber is still in an earlier body, that body
  // is abandoned.
  void begin(unsigned i, Body body, void* argument) {
    body_ = body;
    argument_ = argument;
    Fiber& fiber = fibers_[i];
    sanitizer::renew(fiber.marks, ended_, fiber.stack.bottom(), Stack::size);
#if LITESTAGE_EMULATOR_OWN_SWITCH
    void** sp = reinterpret_cast<void**>(fiber.stack.top());
    *--sp = nullptr;  // the return address of `enter`; also aligns its frame
    *--sp = reinterpret_cast<void*>(&enter_current);
    for (int saved = 0; saved < 6; ++saved) *--sp = nullptr;
    fiber.context = sp;
#else
    ::getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.bottom();
    fiber.context.uc_stack.ss_size = Stack::size;
    fiber.context.uc_link = nullptr;
    ::makecontext(&fiber.context, &enter_current, 0);
#endif
  }
  // Runs fiber i until it yields or ends. Must not be called from a fiber.
  void resume(unsigned i) {
    Fiber& fiber = fibers_[i];
    running_ = i;
    current_ = this;
    sanitizer::before_switch(main_marks_, fiber.marks, fiber.stack.bottom(), Stack::size);
    change(main_, fiber.context);
    sanitizer::after_switch(main_marks_);
  }
  // Returns to the caller of resume. The calling fiber must hold a Quiet.
  void yield() {
    leave(false);
  }

 private:
#if LITESTAGE_EMULATOR_OWN_SWITCH
  using Context = void*;
  static void change(Context& from, Context& to) {
    litestage_switch_stack(&from, to);
  }
#else
  using Context = ucontext_t;
  static void change(Context& from, Context& to) {
    ::swapcontext(&from, &to);
  }
#endif
  struct Fiber {
    Stack stack;
    Context context{};
    sanitizer::Marks marks;
  };

  static void enter_current() {
    current_->enter();
  }
  void enter() {
    sanitizer::on_entry(main_marks_);
    body_(argument_, running_);
    const Quiet quiet;
    leave(true);
    std::abort();  // unreachable: nothing resumes a fiber that has ended
  }
  void leave(bool for_good) {
    Fiber& fiber = fibers_[running_];
    sanitizer::before_switch_back(fiber.marks, main_marks_, for_good);
    change(fiber.context, main_);
    sanitizer::after_switch_back(fiber.marks, main_marks_);
  }

  static inline thread_local Fibers* current_ = nullptr;
  std::vector<Fiber> fibers_;
  sanitizer::Ended ended_;
  Context main_{};
  sanitizer::Marks main_marks_;
  Body body_ = nullptr;
  void* argument_ = nullptr;
  unsigned running_ = 0;
};

}  // namespace litestage::kernels::emulator
