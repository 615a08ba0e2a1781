// Exact rational numbers in lowest terms, the values of answers of kind `number`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>

namespace litestage::tasks {

struct Rational {
  std::int64_t numerator = 0;
  std::int64_t denominator = 1;  // positive, without a common factor with the numerator

  friend bool operator==(const Rational&, const Rational&) = default;
};

// Each function returns nothing where a number needs more than 64 bits, and for a denominator of zero.
[[nodiscard]] inline std::optional<Rational> rational(std::int64_t numerator, std::int64_t denominator) {
  if (denominator <= 0 || numerator == INT64_MIN) return std::nullopt;
  const std::int64_t common = std::gcd(numerator, denominator);
  return Rational{numerator / common, denominator / common};
}

[[nodiscard]] inline std::optional<Rational> product(const Rational& a, const Rational& b) {
  std::int64_t numerator = 0, denominator = 0;
  const bool too_large = __builtin_mul_overflow(a.numerator, b.numerator, &numerator) ||
                         __builtin_mul_overflow(a.denominator, b.denominator, &denominator);
  return too_large ? std::nullopt : rational(numerator, denominator);
}

[[nodiscard]] inline std::optional<Rational> quotient(const Rational& a, const Rational& b) {
  if (b.numerator <= 0) return std::nullopt;
  return product(a, {b.denominator, b.numerator});
}

[[nodiscard]] inline std::optional<Rational> sum(const Rational& a, const Rational& b) {
  std::int64_t left = 0, right = 0, numerator = 0, denominator = 0;
  const bool too_large = __builtin_mul_overflow(a.numerator, b.denominator, &left) ||
                         __builtin_mul_overflow(b.numerator, a.denominator, &right) ||
                         __builtin_add_overflow(left, right, &numerator) ||
                         __builtin_mul_overflow(a.denominator, b.denominator, &denominator);
  return too_large ? std::nullopt : rational(numerator, denominator);
}

// The value of digits with at most one decimal point: "1080", "3.50", ".5".
[[nodiscard]] inline std::optional<Rational> decimal(std::string_view digits) {
  const std::size_t point = digits.find('.');
  if (point != std::string_view::npos) digits = digits.substr(0, digits.find_last_not_of('0') + 1);
  std::int64_t numerator = 0, denominator = 1;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i == point) continue;
    const bool too_large =
        digits[i] < '0' || digits[i] > '9' || __builtin_mul_overflow(numerator, 10, &numerator) ||
        __builtin_add_overflow(numerator, digits[i] - '0', &numerator) ||
        (point != std::string_view::npos && i > point && __builtin_mul_overflow(denominator, 10, &denominator));
    if (too_large) return std::nullopt;
  }
  return rational(numerator, denominator);
}

// "18", "-3" or "27/4".
[[nodiscard]] inline std::string text_of(const Rational& value) {
  const std::string numerator = std::to_string(value.numerator);
  return value.denominator == 1 ? numerator : numerator + '/' + std::to_string(value.denominator);
}

}  // namespace litestage::tasks
