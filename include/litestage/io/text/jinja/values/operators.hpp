// Arithmetic and comparison of values, as Python does them. Integers have 64 bits, and what does not fit is an Error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/jinja/values/value.hpp"

namespace litestage::io::jinja {

class RenderState;

enum class Operator : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  modulo,
  power,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  not_in
};

[[nodiscard]] std::string_view sign_of(Operator op);

// An integer or a real number; booleans are the integers 0 and 1.
struct Number {
  bool is_integer = true;
  std::int64_t whole = 0;
  double real = 0;

  [[nodiscard]] double as_real() const { return is_integer ? static_cast<double>(whole) : real; }
};
// Nothing if the value is no number.
[[nodiscard]] std::optional<Number> number_of(const Value& value);

[[nodiscard]] Value apply(Operator op, const Value& a, const Value& b, RenderState& state);
[[nodiscard]] Value negated(const Value& value, RenderState& state);

[[nodiscard]] bool equal(const Value& a, const Value& b, RenderState& state);
[[nodiscard]] bool less(const Value& a, const Value& b, RenderState& state);
// Python's `item in container`.
[[nodiscard]] bool contains(const Value& container, const Value& item, RenderState& state);

// The position of `part` in `text` at or after `from`, or npos. Counts the work towards the limits.
[[nodiscard]] std::size_t find_text(std::string_view text, std::string_view part, std::size_t from, RenderState& state);

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/values/definitions/operators.hpp"
#endif
