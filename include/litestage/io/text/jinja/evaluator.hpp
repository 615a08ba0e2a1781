// Computes the values of expressions.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/jinja/functions/arguments.hpp"
#include "litestage/io/text/jinja/syntax/syntax_tree.hpp"
#include "litestage/io/text/jinja/values/render_state.hpp"
#include "litestage/io/text/jinja/values/value.hpp"
#include "litestage/io/text/jinja/variables.hpp"

namespace litestage::io::jinja {

class Evaluator {
 public:
  // Renders a macro's body with the given arguments.
  using MacroCaller = std::function<Value(const MacroBlock& macro, Arguments& arguments)>;

  Evaluator(Variables& variables, RenderState& state, MacroCaller call_macro)
      : variables_(variables), state_(state), call_macro_(std::move(call_macro)) {}

  [[nodiscard]] Value value_of(const Expression& expression);

 private:
  [[nodiscard]] Value computed(const Expression& expression);
  [[nodiscard]] Value variable(const Expression& expression);
  [[nodiscard]] Value literal(const Expression& expression);
  [[nodiscard]] Value subscript(const Expression& expression);
  [[nodiscard]] Value call(const Expression& expression);
  [[nodiscard]] Value filter(const Expression& expression);
  [[nodiscard]] Value test(const Expression& expression);
  [[nodiscard]] Value logic(const Expression& expression);
  [[nodiscard]] Value comparison(const Expression& expression);
  [[nodiscard]] Value joined_text(const Expression& expression);
  [[nodiscard]] Arguments arguments_of(const Expression& expression, std::string callee);

  Variables& variables_;
  RenderState& state_;
  MacroCaller call_macro_;
};

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/definitions/evaluator.hpp"
#endif
