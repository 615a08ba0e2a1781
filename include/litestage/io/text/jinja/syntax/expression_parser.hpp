// Reads expressions: Jinja's grammar, in which filters bind tighter than every operator, and `not x is defined` is
// `not (x is defined)`.
#pragma once

#include <string>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/jinja/syntax/syntax_tree.hpp"
#include "litestage/io/text/jinja/syntax/token_stream.hpp"

namespace litestage::io::jinja {

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenStream& tokens) : tokens_(tokens) {}

  // An expression; `choices`: whether `a if b else c` is one.
  [[nodiscard]] Expression expression(bool choices = true);
  // One expression, or a tuple of several with commas between them but without brackets.
  [[nodiscard]] Expression expressions(bool choices = true);
  // `value | filter | ...`, when `value` and the first bar are read already.
  [[nodiscard]] Expression filtered(Expression value);

 private:
  using Kind = Expression::Kind;
  using Operand = Expression (ExpressionParser::*)();

  // Makes a node over `parts`, whose height is checked.
  [[nodiscard]] Expression node(Kind kind, int line, std::vector<Expression> parts, std::string word = {});
  void set_height(Expression& node);

  [[nodiscard]] Expression either();
  [[nodiscard]] Expression both();
  [[nodiscard]] Expression negation();
  [[nodiscard]] Expression comparison();
  [[nodiscard]] Expression sum();
  [[nodiscard]] Expression joined_text();
  [[nodiscard]] Expression product();
  [[nodiscard]] Expression power();
  [[nodiscard]] Expression signed_value() { return signed_value(true); }
  [[nodiscard]] Expression signed_value(bool with_filters_too);
  [[nodiscard]] Expression primary();
  [[nodiscard]] Expression named_value();
  [[nodiscard]] Expression number();
  [[nodiscard]] Expression brackets();
  [[nodiscard]] Expression list();
  [[nodiscard]] Expression dict();
  [[nodiscard]] Expression followed(Expression value);
  [[nodiscard]] Expression attribute(Expression value);
  [[nodiscard]] Expression item(Expression value);
  [[nodiscard]] Expression call(Expression value);
  [[nodiscard]] Expression with_filters(Expression value);
  [[nodiscard]] Expression filter(Expression value);
  [[nodiscard]] Expression test(Expression value);

  // Operands of `operand` with the operators of these signs between them, from left to right.
  [[nodiscard]] Expression chain(Operand operand, const std::vector<Operator>& operators);
  // The arguments after an opening bracket, which is read already.
  void read_arguments(Expression& call);
  [[nodiscard]] bool sees_test_argument() const;

  TokenStream& tokens_;
};

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/syntax/definitions/expression_parser.hpp"
#include "litestage/io/text/jinja/syntax/definitions/value_parser.hpp"
#endif
