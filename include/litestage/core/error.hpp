// Two kinds of failure. `Error`: something that came from outside (a file, JSON, a command line, a size) is wrong; its
// message is one sentence that names the file and key, what was found and what is accepted. `LITESTAGE_ASSERT`: the
// calling code is wrong; the message carries the values that disagree.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace litestage {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Concatenates its arguments as text: `throw Error(concat(path, ": found ", n, ", accepted are 2 and 3"))`.
template <class... Parts>
[[nodiscard]] std::string concat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

// Thrown by LITESTAGE_ASSERT, so that tests can show that misuse is caught.
class AssertionError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

template <class... Parts>
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line, const Parts&... parts) {
  throw AssertionError(
      concat(file, ":", line, ": ", condition, " does not hold", sizeof...(parts) != 0 ? ": " : "", parts...));
}

}  // namespace litestage

// Always on: it guards calls (once per op), never inner loops, so that one program cannot mix checked and unchecked
// definitions of the same inline function. Further arguments are printed: LITESTAGE_ASSERT(a == b, a, " against ", b).
#define LITESTAGE_ASSERT(condition, ...) \
  ((condition) ? static_cast<void>(0)    \
               : ::litestage::assertion_failed(#condition, __FILE__, __LINE__ __VA_OPT__(, ) __VA_ARGS__))
