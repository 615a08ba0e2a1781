// Evaluation of expressions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/text/jinja/evaluator.hpp"
#include "litestage/io/text/jinja/functions/filters.hpp"
#include "litestage/io/text/jinja/functions/globals.hpp"
#include "litestage/io/text/jinja/functions/methods.hpp"
#include "litestage/io/text/jinja/functions/subscripts.hpp"
#include "litestage/io/text/jinja/functions/value_tests.hpp"
#include "litestage/io/text/jinja/values/items.hpp"
#include "litestage/io/text/jinja/values/operators.hpp"
#include "litestage/io/text/jinja/values/printing.hpp"

namespace litestage::io::jinja {

LITESTAGE_INLINE Value Evaluator::value_of(const Expression& expression) {
  const RenderState::Level level(state_);
  state_.count_steps();
  Value value = computed(expression);
  state_.at_line(expression.line);
  return value;
}

LITESTAGE_INLINE Value Evaluator::computed(const Expression& expression) {
  state_.at_line(expression.line);
  switch (expression.kind) {
    case Expression::Kind::constant:
      return expression.constant;
    case Expression::Kind::name:
      return variable(expression);
    case Expression::Kind::list:
    case Expression::Kind::tuple:
    case Expression::Kind::dict:
      return literal(expression);
    case Expression::Kind::attribute: {
      const Value value = value_of(expression.parts[0]);
      state_.at_line(expression.line);
      return attribute_of(value, expression.word, state_);
    }
    case Expression::Kind::item:
    case Expression::Kind::slice:
      return subscript(expression);
    case Expression::Kind::call:
      return call(expression);
    case Expression::Kind::filter:
      return filter(expression);
    case Expression::Kind::test:
      return test(expression);
    case Expression::Kind::negative:
      return negated(value_of(expression.parts[0]), state_);
    case Expression::Kind::positive:
      return apply(Operator::add, Value(std::int64_t{0}), value_of(expression.parts[0]), state_);
    case Expression::Kind::negation:
    case Expression::Kind::both:
    case Expression::Kind::either:
    case Expression::Kind::choice:
      return logic(expression);
    case Expression::Kind::calculation: {
      const Value left = value_of(expression.parts[0]);
      const Value right = value_of(expression.parts[1]);
      state_.at_line(expression.line);
      return apply(expression.operators[0], left, right, state_);
    }
    case Expression::Kind::comparison:
      return comparison(expression);
    case Expression::Kind::joined_text:
      return joined_text(expression);
  }
  return {};
}

LITESTAGE_INLINE Value Evaluator::variable(const Expression& expression) {
  const Value* found = variables_.find(expression.word);
  return found != nullptr ? *found : function_named(expression.word);
}

LITESTAGE_INLINE Value Evaluator::literal(const Expression& expression) {
  Values items;
  items.reserve(expression.parts.size());
  for (const Expression& part : expression.parts) items.push_back(value_of(part));
  if (expression.kind != Expression::Kind::dict)
    return state_.list(std::move(items), expression.kind == Expression::Kind::list ? ListKind::list : ListKind::tuple);
  DictEntries entries;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) entries.emplace_back(items[i], items[i + 1]);
  return state_.dict(std::move(entries));
}

LITESTAGE_INLINE Value Evaluator::subscript(const Expression& expression) {
  const Value value = value_of(expression.parts[0]);
  const Value first = value_of(expression.parts[1]);
  if (expression.kind == Expression::Kind::item) return subscript_of(value, first, state_);
  const Value second = value_of(expression.parts[2]);
  const Value step = value_of(expression.parts[3]);
  return slice_of(value, first, second, step, state_);
}

LITESTAGE_INLINE Arguments Evaluator::arguments_of(const Expression& expression, std::string callee) {
  Values positional;
  for (std::size_t i = 1; i < expression.parts.size(); ++i) positional.push_back(value_of(expression.parts[i]));
  Arguments::Named named;
  for (const NamedExpression& argument : expression.named) named.emplace_back(argument.name, value_of(argument.value));
  state_.at_line(expression.line);
  return {std::move(callee), std::move(positional), std::move(named), state_};
}

LITESTAGE_INLINE Value Evaluator::call(const Expression& expression) {
  const Value callee = value_of(expression.parts[0]);
  if (const auto* method = std::get_if<std::shared_ptr<const BoundMethod>>(&callee.variant())) {
    Arguments arguments = arguments_of(expression, concat("the method ", (*method)->name));
    return call_method((*method)->self, (*method)->name, arguments);
  }
  if (const auto* function = std::get_if<Function>(&callee.variant())) {
    Arguments arguments = arguments_of(expression, concat("the function ", name_of(*function)));
    return call_function(*function, arguments);
  }
  if (const auto* macro = std::get_if<const MacroBlock*>(&callee.variant())) {
    Arguments arguments = arguments_of(expression, concat("the macro ", shown((*macro)->name)));
    return call_macro_(**macro, arguments);
  }
  state_.refuse("a call", callee);
}

LITESTAGE_INLINE Value Evaluator::filter(const Expression& expression) {
  const Value value = value_of(expression.parts[0]);
  Arguments arguments = arguments_of(expression, concat("the filter ", shown(expression.word)));
  Value result = apply_filter(expression.word, value, arguments);
  if (result.text() != nullptr) state_.count_bytes(result.text()->size());
  return result;
}

LITESTAGE_INLINE Value Evaluator::test(const Expression& expression) {
  const Value value = value_of(expression.parts[0]);
  Arguments arguments = arguments_of(expression, concat("the test ", shown(expression.word)));
  return Value(apply_test(expression.word, value, arguments));
}

LITESTAGE_INLINE Value Evaluator::logic(const Expression& expression) {
  if (expression.kind == Expression::Kind::choice) {
    if (value_of(expression.parts[1]).truth()) return value_of(expression.parts[0]);
    if (expression.parts.size() == 3) return value_of(expression.parts[2]);
    return Value::undefined("the condition is false, and there is no else");
  }
  Value first = value_of(expression.parts[0]);
  if (expression.kind == Expression::Kind::negation) return Value(!first.truth());
  if (first.truth() == (expression.kind == Expression::Kind::either)) return first;
  return value_of(expression.parts[1]);
}

LITESTAGE_INLINE Value Evaluator::comparison(const Expression& expression) {
  Value left = value_of(expression.parts[0]);
  Value result;
  for (std::size_t i = 0; i < expression.operators.size(); ++i) {
    Value right = value_of(expression.parts[i + 1]);
    result = apply(expression.operators[i], left, right, state_);
    if (!result.truth()) break;
    left = std::move(right);
  }
  return result;
}

LITESTAGE_INLINE Value Evaluator::joined_text(const Expression& expression) {
  MarkedText joined;
  for (const Expression& part : expression.parts) {
    const MarkedText text = printed(value_of(part), state_);
    state_.count_bytes(text.size());
    joined.append(text);
  }
  return joined;
}

}  // namespace litestage::io::jinja
