// The two kinds of failure. `Error`: input from outside (a file, JSON, a command line, a size) is wrong; the message is
// one sentence that names the file and key, what was found and what is expected. `LITESTAGE_ASSERT`: the calling code
// is wrong; the message shows the values that disagree.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "litestage/core/compiled.hpp"

namespace litestage {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// One argument of `concat`, type-erased, so that a single function joins all messages; a stream would be compiled anew
// for every list of argument types. It refers to text that must outlive it.
class MessagePart {
 public:
  MessagePart(std::string_view text) : text_(text.data()), whole_(text.size()) {}
  MessagePart(const std::string& text) : MessagePart(std::string_view(text)) {}
  MessagePart(const char* text) : MessagePart(std::string_view(text)) {}
  template <class T>
  requires std::is_arithmetic_v<T> MessagePart(T number) {
    if constexpr (std::floating_point<T>) {
      kind_ = Kind::real;
      whole_ = std::bit_cast<std::uint64_t>(static_cast<double>(number));
    } else if constexpr (sizeof(T) == 1 && !std::same_as<T, bool>) {
      kind_ = Kind::character;
      whole_ = static_cast<unsigned char>(number);
    } else {
      kind_ = std::signed_integral<T> ? Kind::integer : Kind::natural;
      whole_ = static_cast<std::uint64_t>(number);
    }
  }

  // Appends text unchanged and numbers as `std::ostream << number` writes them.
  void append_to(std::string& message) const;

 private:
  enum class Kind : std::uint8_t { text, character, integer, natural, real };

  Kind kind_ = Kind::text;
  const char* text_ = nullptr;
  std::uint64_t whole_ = 0;  // size of the text, value of the integer, or bits of the real number
};

[[nodiscard]] std::string join_message(std::initializer_list<MessagePart> parts);

// Concatenates its arguments to one text: `throw Error(concat(path, ": found ", n, ", expected 2 or 3"))`.
template <class... Parts>
[[nodiscard]] std::string concat(const Parts&... parts) {
  return join_message({MessagePart(parts)...});
}

// Thrown by LITESTAGE_ASSERT, so that tests can check that misuse is detected.
class AssertionError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void throw_assertion_error(const char* condition, const char* file, int line,
                                        std::initializer_list<MessagePart> values);

template <class... Values>
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line, const Values&... values) {
  throw_assertion_error(condition, file, line, {MessagePart(values)...});
}

}  // namespace litestage

// Always enabled, so that one program cannot mix checked and unchecked definitions of the same inline function. Used
// once per call of an operation, never in inner loops. Further arguments are printed:
// LITESTAGE_ASSERT(a == b, a, " against ", b).
#define LITESTAGE_ASSERT(condition, ...) \
  ((condition) ? static_cast<void>(0)    \
               : ::litestage::assertion_failed(#condition, __FILE__, __LINE__ __VA_OPT__(, ) __VA_ARGS__))

#if LITESTAGE_HEADER_ONLY
#include "litestage/core/definitions/error.hpp"
#endif
