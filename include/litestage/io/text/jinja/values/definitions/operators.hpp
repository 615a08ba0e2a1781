// Python's operators.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "litestage/core/error.hpp"
#include "litestage/io/text/jinja/values/operators.hpp"
#include "litestage/io/text/jinja/values/render_state.hpp"
#include "litestage/io/text/jinja/values/value.hpp"

namespace litestage::io::jinja {

LITESTAGE_INLINE std::string_view sign_of(Operator op) {
  constexpr std::array<std::string_view, 15> signs = {
      "+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", ">=", "in", "not in"};
  return signs[static_cast<std::size_t>(op)];
}

LITESTAGE_INLINE std::optional<Number> number_of(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value.variant())) return Number{.whole = *whole};
  if (const auto* real = std::get_if<double>(&value.variant())) return Number{.is_integer = false, .real = *real};
  if (const auto* flag = std::get_if<bool>(&value.variant())) return Number{.whole = *flag ? 1 : 0};
  return std::nullopt;
}

namespace detail {

[[noreturn]] inline void refuse_operands(Operator op, const Value& a, const Value& b, const RenderState& state) {
  for (const Value* value : {&a, &b}) {
    if (value->is<Undefined>()) state.refuse(concat("the operator ", sign_of(op)), *value);
  }
  state.fail(concat("the operator ", sign_of(op), " does not take ", a.kind(), " and ", b.kind()));
}

// Nothing if the result does not fit 64 bits.
[[nodiscard]] inline std::optional<std::int64_t> power_of(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  // Only 0, 1 and -1 have powers with larger exponents that fit.
  if (exponent > 64) exponent = (base >= -1 && base <= 1) ? 2 - exponent % 2 : 65;
  for (; exponent > 0; --exponent) {
    if (__builtin_mul_overflow(result, base, &result)) return std::nullopt;
  }
  return result;
}

// For + - * // % ** of integers; `b` is not 0 in a division.
[[nodiscard]] inline std::optional<std::int64_t> whole_result(Operator op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  bool overflows = false;
  if (op == Operator::add) overflows = __builtin_add_overflow(a, b, &result);
  if (op == Operator::subtract) overflows = __builtin_sub_overflow(a, b, &result);
  if (op == Operator::multiply) overflows = __builtin_mul_overflow(a, b, &result);
  if (op == Operator::power) return power_of(a, b);
  if (op == Operator::floor_divide || op == Operator::modulo) {
    if (b == -1) {  // the quotient of the smallest integer would overflow, its remainder is 0
      overflows = op == Operator::floor_divide && __builtin_sub_overflow(std::int64_t{0}, a, &result);
    } else {
      const bool rounds_up = a % b != 0 && (a % b < 0) != (b < 0);  // C++ rounds to zero, Python down
      result = op == Operator::modulo ? a % b + (rounds_up ? b : 0) : a / b - (rounds_up ? 1 : 0);
    }
  }
  return overflows ? std::nullopt : std::optional(result);
}

[[nodiscard]] inline double real_result(Operator op, double a, double b) {
  if (op == Operator::add) return a + b;
  if (op == Operator::subtract) return a - b;
  if (op == Operator::multiply) return a * b;
  if (op == Operator::divide) return a / b;
  if (op == Operator::power) return std::pow(a, b);
  double rest = std::fmod(a, b);
  if (rest != 0 && (rest < 0) != (b < 0)) rest += b;
  return op == Operator::modulo ? rest : std::nearbyint((a - rest) / b);
}

[[nodiscard]] inline Value calculated(Operator op, const Number& a, const Number& b, RenderState& state) {
  const bool divides = op == Operator::divide || op == Operator::floor_divide || op == Operator::modulo;
  if (divides && b.as_real() == 0) state.fail(concat("the operator ", sign_of(op), " divides by zero"));
  const bool is_whole = a.is_integer && b.is_integer && op != Operator::divide;
  if (!is_whole || (op == Operator::power && b.whole < 0)) {
    const double result = real_result(op, a.as_real(), b.as_real());
    if (op == Operator::power && std::isfinite(a.as_real()) && !std::isfinite(result))
      state.fail("the result of the operator ** is no real number, or too large for one");
    return Value(result);
  }
  const std::optional<std::int64_t> result = whole_result(op, a.whole, b.whole);
  if (!result) {
    state.fail(
        concat("the result of ", a.whole, " ", sign_of(op), " ", b.whole, " does not fit an integer of 64 bits"));
  }
  return Value(*result);
}

// Text or a list `count` times; null if `value` is neither.
[[nodiscard]] inline std::optional<Value> repeated(const Value& value, std::int64_t count, RenderState& state) {
  const auto times = static_cast<std::size_t>(std::max<std::int64_t>(count, 0));
  if (const MarkedText* text = value.text()) {
    MarkedText result;
    for (std::size_t i = 0; i < times && !text->empty(); ++i) {
      state.count_bytes(text->size());
      result.append(*text);
    }
    return Value(std::move(result));
  }
  const List* list = value.list();
  if (list == nullptr || (list->kind != ListKind::list && list->kind != ListKind::tuple)) return std::nullopt;
  Values items;
  for (std::size_t i = 0; i < times && !list->items.empty(); ++i) {
    state.count_bytes(list->items.size() * sizeof(Value));
    items.insert(items.end(), list->items.begin(), list->items.end());
  }
  return state.list(std::move(items), list->kind);
}

[[nodiscard]] inline std::optional<Value> joined_values(const Value& a, const Value& b, RenderState& state) {
  if (a.text() != nullptr && b.text() != nullptr) {
    state.count_bytes(a.text()->size() + b.text()->size());
    MarkedText result = *a.text();
    result.append(*b.text());
    return Value(std::move(result));
  }
  const List* left = a.list();
  const List* right = b.list();
  if (left == nullptr || right == nullptr || left->kind != right->kind) return std::nullopt;
  if (left->kind != ListKind::list && left->kind != ListKind::tuple) return std::nullopt;
  Values items = left->items;
  items.insert(items.end(), right->items.begin(), right->items.end());
  return state.list(std::move(items), left->kind);
}

[[nodiscard]] inline bool equal_lists(const List& a, const List& b, RenderState& state) {
  if (&a == &b) return true;
  if (a.kind != b.kind || a.kind == ListKind::view || a.kind == ListKind::generator) return false;
  if (a.items.size() != b.items.size()) return false;
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    if (!equal(a.items[i], b.items[i], state)) return false;
  }
  return true;
}

[[nodiscard]] inline bool equal_dicts(const Dict& a, const Dict& b, RenderState& state) {
  if (a.entries.size() != b.entries.size()) return false;
  for (const auto& mine : a.entries) {
    state.count_steps(b.entries.size());
    const auto other = std::find_if(b.entries.begin(), b.entries.end(),
                                    [&](const auto& entry) { return equal(entry.first, mine.first, state); });
    if (other == b.entries.end() || !equal(mine.second, other->second, state)) return false;
  }
  return true;
}

[[nodiscard]] inline bool less_numbers(const Number& a, const Number& b) {
  return a.is_integer && b.is_integer ? a.whole < b.whole : a.as_real() < b.as_real();
}

[[nodiscard]] inline Value compared_values(Operator op, const Value& a, const Value& b, RenderState& state) {
  switch (op) {
    case Operator::equal:
      return Value(equal(a, b, state));
    case Operator::not_equal:
      return Value(!equal(a, b, state));
    case Operator::less:
      return Value(less(a, b, state));
    case Operator::less_equal:
      return Value(less(a, b, state) || equal(a, b, state));
    case Operator::greater:
      return Value(less(b, a, state));
    case Operator::greater_equal:
      return Value(less(b, a, state) || equal(a, b, state));
    case Operator::in:
      return Value(contains(b, a, state));
    default:
      return Value(!contains(b, a, state));
  }
}

}  // namespace detail

LITESTAGE_INLINE Value apply(Operator op, const Value& a, const Value& b, RenderState& state) {
  if (op >= Operator::equal) return detail::compared_values(op, a, b, state);
  const std::optional<Number> left = number_of(a), right = number_of(b);
  if (left && right) return detail::calculated(op, *left, *right, state);
  std::optional<Value> result;
  if (op == Operator::add) result = detail::joined_values(a, b, state);
  if (op == Operator::multiply && right && right->is_integer) result = detail::repeated(a, right->whole, state);
  if (op == Operator::multiply && left && left->is_integer) result = detail::repeated(b, left->whole, state);
  if (!result) detail::refuse_operands(op, a, b, state);
  return *result;
}

LITESTAGE_INLINE Value negated(const Value& value, RenderState& state) {
  if (!number_of(value)) state.refuse("the operator -", value);
  const auto* real = std::get_if<double>(&value.variant());
  return real != nullptr ? Value(-*real) : apply(Operator::subtract, Value(std::int64_t{0}), value, state);
}

LITESTAGE_INLINE bool equal(const Value& a, const Value& b, RenderState& state) {
  state.count_steps();
  if (a.text() != nullptr && b.text() != nullptr) {
    if (a.text()->size() != b.text()->size()) return false;
    state.count_bytes(a.text()->size());
    return a.text()->text() == b.text()->text();
  }
  if (a.list() != nullptr && b.list() != nullptr) return detail::equal_lists(*a.list(), *b.list(), state);
  if (a.dict() != nullptr && b.dict() != nullptr) return detail::equal_dicts(*a.dict(), *b.dict(), state);
  const std::optional<Number> left = number_of(a), right = number_of(b);
  if (left && right) {
    return left->is_integer && right->is_integer ? left->whole == right->whole : left->as_real() == right->as_real();
  }
  if (a.is<Undefined>() || a.is<None>()) return a.variant().index() == b.variant().index();
  const auto* space = std::get_if<Namespace*>(&a.variant());
  const auto* other = std::get_if<Namespace*>(&b.variant());
  return space != nullptr && other != nullptr && *space == *other;
}

LITESTAGE_INLINE bool less(const Value& a, const Value& b, RenderState& state) {
  state.count_steps();
  const std::optional<Number> left = number_of(a), right = number_of(b);
  if (left && right) return detail::less_numbers(*left, *right);
  if (a.text() != nullptr && b.text() != nullptr) {  // the order of UTF-8 is that of its characters
    state.count_bytes(std::min(a.text()->size(), b.text()->size()));
    return a.text()->text() < b.text()->text();
  }
  const List* first = a.list();
  const List* second = b.list();
  if (first == nullptr || second == nullptr || first->kind != second->kind || first->kind > ListKind::tuple)
    detail::refuse_operands(Operator::less, a, b, state);
  const std::size_t common = std::min(first->items.size(), second->items.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (!equal(first->items[i], second->items[i], state)) return less(first->items[i], second->items[i], state);
  }
  return first->items.size() < second->items.size();
}

LITESTAGE_INLINE bool contains(const Value& container, const Value& item, RenderState& state) {
  if (const MarkedText* text = container.text()) {
    if (item.text() == nullptr) detail::refuse_operands(Operator::in, item, container, state);
    return find_text(text->text(), item.text()->text(), 0, state) != std::string_view::npos;
  }
  if (const List* list = container.list()) {
    if (list->is_spent) return false;
    list->is_spent = list->kind == ListKind::generator;
    return std::any_of(list->items.begin(), list->items.end(),
                       [&](const Value& inside) { return equal(inside, item, state); });
  }
  if (const Dict* dict = container.dict()) {
    return std::any_of(dict->entries.begin(), dict->entries.end(),
                       [&](const auto& entry) { return equal(entry.first, item, state); });
  }
  if (!container.is<Undefined>()) detail::refuse_operands(Operator::in, item, container, state);
  return false;  // nothing is in what is undefined, as in Jinja
}

LITESTAGE_INLINE std::size_t find_text(std::string_view text, std::string_view part, std::size_t from,
                                       RenderState& state) {
  if (from > text.size()) return std::string_view::npos;
  const std::size_t rest = text.size() - from;
  if (part.size() > 64) {  // the characters of a long part may be compared at every position
    const std::size_t factor = part.size() / 64;
    state.count_bytes(rest > std::numeric_limits<std::size_t>::max() / factor ? rest : rest * factor);
  }
  const std::size_t found = text.find(part, from);
  state.count_bytes(found == std::string_view::npos ? rest : found - from);
  return found;
}

}  // namespace litestage::io::jinja
