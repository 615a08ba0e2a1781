// The statements.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <variant>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/text/jinja/renderer.hpp"
#include "litestage/io/text/jinja/values/items.hpp"
#include "litestage/io/text/jinja/values/loop.hpp"
#include "litestage/io/text/jinja/values/printing.hpp"

namespace litestage::io::jinja {

LITESTAGE_INLINE Renderer::Renderer(Variables& variables, RenderState& state)
    : variables_(variables),
      state_(state),
      evaluator_(variables, state,
                 [this](const MacroBlock& macro, Arguments& arguments) { return call_macro(macro, arguments); }) {}

LITESTAGE_INLINE Renderer::Flow Renderer::run(const Block& block, MarkedText& out) {
  const RenderState::Level level(state_);
  for (const Statement& statement : block) {
    state_.at_line(statement.line);
    state_.count_steps();
    const Flow flow = std::visit([&](const auto& form) { return run(form, out); }, statement.form);
    if (flow != Flow::next) return flow;
  }
  return Flow::next;
}

LITESTAGE_INLINE void Renderer::write(const MarkedText& text, MarkedText& out) {
  state_.count_bytes(text.size());
  out.append(text);
  state_.check_output(out.size());
}

LITESTAGE_INLINE Renderer::Flow Renderer::run(const TextBlock& text, MarkedText& out) {
  write(*text.text.text(), out);
  return Flow::next;
}

LITESTAGE_INLINE Renderer::Flow Renderer::run(const PrintBlock& print, MarkedText& out) {
  write(printed(evaluator_.value_of(print.value), state_), out);
  return Flow::next;
}

LITESTAGE_INLINE Renderer::Flow Renderer::run(const IfBlock& block, MarkedText& out) {
  for (const IfBlock::Branch& branch : block.branches) {
    if (evaluator_.value_of(branch.condition).truth()) return run(branch.body, out);
  }
  return run(block.otherwise, out);
}

LITESTAGE_INLINE Renderer::Flow Renderer::run(const ForBlock& block, MarkedText& out) {
  Values items = items_of(evaluator_.value_of(block.items), "a loop", state_);
  Loop::Condition condition;
  if (!block.condition.empty()) {
    // It does not see the variables of the loop's body, even if the body asks for the next item.
    condition = [&, around = variables_.current()](const Value& item) {
      const Variables::Scope scope(variables_, around);
      assign(block.target, item);
      return evaluator_.value_of(block.condition.front()).truth();
    };
  }
  const auto loop = std::make_shared<Loop>(std::move(items), std::move(condition));
  bool has_run = false;
  Flow flow = Flow::next;
  while (flow != Flow::leave_loop && loop->move_on()) {
    has_run = true;
    state_.count_steps();
    const Variables::Scope scope(variables_);
    variables_.set("loop", Value(LoopReference{.loop = loop, .depth = loop->depth()}));
    assign(block.target, loop->item());
    flow = run(block.body, out);
  }
  loop->end();
  return has_run ? Flow::next : run(block.otherwise, out);
}

LITESTAGE_INLINE void Renderer::assign(const Target& target, const Value& value) {
  if (!target.attribute.empty()) {
    const Value* found = variables_.find(target.names.front());
    const auto* space = found != nullptr ? std::get_if<Namespace*>(&found->variant()) : nullptr;
    if (space == nullptr)
      state_.fail(concat("found an assignment to ", shown(target.names.front()), ".", shown(target.attribute),
                         ", expected a namespace before the dot"));
    state_.count_bytes(sizeof(Value));
    (*space)->values.insert_or_assign(target.attribute, value);
    return;
  }
  if (!target.unpacks) return variables_.set(target.names.front(), value);
  const Values items = items_of(value, "an assignment to several names", state_);
  if (items.size() != target.names.size())
    state_.fail(concat("an assignment has ", target.names.size(), " names for ", items.size(), " values"));
  for (std::size_t i = 0; i < items.size(); ++i) variables_.set(target.names[i], items[i]);
}

LITESTAGE_INLINE Renderer::Flow Renderer::run(const SetBlock& set, MarkedText&) {
  assign(set.target, evaluator_.value_of(set.value));
  return Flow::next;
}

LITESTAGE_INLINE Renderer::Flow Renderer::run(const CaptureBlock& block, MarkedText& out) {
  MarkedText captured;
  Value value;
  {
    const Variables::Scope scope(variables_);
    const Flow flow = run(block.body, captured);
    if (flow != Flow::next) return flow;
    variables_.set(captured_text, Value(std::move(captured)));
    value = evaluator_.value_of(block.value);
  }
  if (block.target.names.empty()) {
    write(printed(value, state_), out);
  } else {
    assign(block.target, value);
  }
  return Flow::next;
}

LITESTAGE_INLINE Renderer::Flow Renderer::run(const MacroBlock& macro, MarkedText&) {
  variables_.set(macro.name, Value(&macro));
  return Flow::next;
}

LITESTAGE_INLINE Renderer::Flow Renderer::run(const ScopeBlock& block, MarkedText& out) {
  Values values;
  for (const SetBlock& variable : block.variables) values.push_back(evaluator_.value_of(variable.value));
  const Variables::Scope scope(variables_);
  for (std::size_t i = 0; i < values.size(); ++i) assign(block.variables[i].target, values[i]);
  return run(block.body, out);
}

LITESTAGE_INLINE Value Renderer::call_macro(const MacroBlock& macro, Arguments& arguments) {
  const RenderState::Level level(state_);
  const Variables::Scope scope(variables_, 0);
  const std::size_t first_default = macro.parameters.size() - macro.defaults.size();
  for (std::size_t i = 0; i < macro.parameters.size(); ++i) {
    const std::string_view name = macro.parameters[i];
    const Value* given = arguments.find(i, name);
    if (given != nullptr) {
      variables_.set(name, *given);
    } else if (i >= first_default) {
      variables_.set(name, evaluator_.value_of(macro.defaults[i - first_default]));
    } else {
      variables_.set(name, Value::undefined(concat("the parameter ", shown(name), " is not given")));
    }
  }
  arguments.refuse_unused();
  MarkedText out;
  render(macro.body, out);
  return state_.text(std::move(out));
}

}  // namespace litestage::io::jinja
