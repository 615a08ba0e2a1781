// The table of tests.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <variant>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/text/jinja/functions/arguments.hpp"
#include "litestage/io/text/jinja/functions/methods.hpp"
#include "litestage/io/text/jinja/functions/value_tests.hpp"
#include "litestage/io/text/jinja/values/items.hpp"
#include "litestage/io/text/jinja/values/operators.hpp"
#include "litestage/io/text/jinja/values/printing.hpp"

namespace litestage::io::jinja {

namespace detail {

struct ValueTest {
  std::string_view name;
  bool (*passes)(const Value& value, Arguments& arguments);
};

template <Operator op>
[[nodiscard]] bool compares(const Value& value, Arguments& arguments) {
  return apply(op, value, arguments.required(0, "other"), arguments.state()).truth();
}

[[nodiscard]] inline bool has_remainder(const Value& value, const Value& divisor, std::int64_t expected,
                                        RenderState& state) {
  return equal(apply(Operator::modulo, value, divisor, state), Value(expected), state);
}

[[nodiscard]] inline bool is_flag(const Value& value, bool expected) {
  const auto* flag = std::get_if<bool>(&value.variant());
  return flag != nullptr && *flag == expected;
}

[[nodiscard]] inline bool is_callable(const Value& value) {
  return value.is<Function>() || value.is<const MacroBlock*>() || value.is<std::shared_ptr<const BoundMethod>>();
}

// str(value).islower() or isupper().
[[nodiscard]] inline bool has_case(const Value& value, std::string_view method, Arguments& arguments) {
  const Value text = printed(value, arguments.state());
  Arguments none("a test", {}, {}, arguments.state());
  return call_method(text, method, none).truth();
}

inline constexpr ValueTest value_tests[] = {
    {"defined", [](const Value& v, Arguments&) { return !v.is<Undefined>(); }},
    {"undefined", [](const Value& v, Arguments&) { return v.is<Undefined>(); }},
    {"none", [](const Value& v, Arguments&) { return v.is<None>(); }},
    {"boolean", [](const Value& v, Arguments&) { return v.is<bool>(); }},
    {"true", [](const Value& v, Arguments&) { return is_flag(v, true); }},
    {"false", [](const Value& v, Arguments&) { return is_flag(v, false); }},
    {"integer", [](const Value& v, Arguments&) { return v.is<std::int64_t>(); }},
    {"float", [](const Value& v, Arguments&) { return v.is<double>(); }},
    {"number", [](const Value& v, Arguments&) { return number_of(v).has_value(); }},
    {"string", [](const Value& v, Arguments&) { return v.text() != nullptr; }},
    {"mapping", [](const Value& v, Arguments&) { return v.dict() != nullptr; }},
    {"iterable", [](const Value& v, Arguments&) { return has_items(v); }},
    // What has a length and can be subscripted: mappings and undefined values too, as in Jinja.
    {"sequence", [](const Value& v,
                    Arguments&) { return has_items(v) && (v.list() == nullptr || v.list()->kind <= ListKind::range); }},
    {"callable", [](const Value& v, Arguments&) { return is_callable(v); }},
    {"sameas",
     [](const Value& v, Arguments& a) {
       const Value& other = a.required(0, "other");
       return v.variant().index() == other.variant().index() && equal(v, other, a.state());
     }},
    {"odd", [](const Value& v, Arguments& a) { return has_remainder(v, Value(std::int64_t{2}), 1, a.state()); }},
    {"even", [](const Value& v, Arguments& a) { return has_remainder(v, Value(std::int64_t{2}), 0, a.state()); }},
    {"divisibleby", [](const Value& v, Arguments& a) { return has_remainder(v, a.required(0, "num"), 0, a.state()); }},
    {"lower", [](const Value& v, Arguments& a) { return has_case(v, "islower", a); }},
    {"upper", [](const Value& v, Arguments& a) { return has_case(v, "isupper", a); }},
    {"in", [](const Value& v, Arguments& a) { return contains(a.required(0, "seq"), v, a.state()); }},
    {"==", compares<Operator::equal>},
    {"eq", compares<Operator::equal>},
    {"equalto", compares<Operator::equal>},
    {"!=", compares<Operator::not_equal>},
    {"ne", compares<Operator::not_equal>},
    {">", compares<Operator::greater>},
    {"gt", compares<Operator::greater>},
    {"greaterthan", compares<Operator::greater>},
    {">=", compares<Operator::greater_equal>},
    {"ge", compares<Operator::greater_equal>},
    {"<", compares<Operator::less>},
    {"lt", compares<Operator::less>},
    {"lessthan", compares<Operator::less>},
    {"<=", compares<Operator::less_equal>},
    {"le", compares<Operator::less_equal>},
};

}  // namespace detail

LITESTAGE_INLINE bool apply_test(std::string_view name, const Value& value, Arguments& arguments) {
  const detail::ValueTest* const test = entry_named(detail::value_tests, name);
  if (test == nullptr) arguments.state().fail(concat("the test ", in_quotes(name), " is not supported"));
  const bool passes = test->passes(value, arguments);
  arguments.refuse_unused();
  return passes;
}

}  // namespace litestage::io::jinja
