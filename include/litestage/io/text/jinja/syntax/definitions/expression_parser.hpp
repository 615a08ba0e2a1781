// The grammar of operators, from the loosest to the tightest.
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/io/text/jinja/syntax/expression_parser.hpp"
#include "litestage/io/text/jinja/syntax/syntax_tree.hpp"
#include "litestage/io/text/jinja/syntax/token_stream.hpp"
#include "litestage/io/text/jinja/values/operators.hpp"

namespace litestage::io::jinja {

LITESTAGE_INLINE void ExpressionParser::set_height(Expression& node) {
  int highest = 0;
  for (const Expression& part : node.parts) highest = std::max(highest, part.height);
  for (const NamedExpression& argument : node.named) highest = std::max(highest, argument.value.height);
  if (highest >= max_expression_height)
    tokens_.fail(concat("an expression has more than ", max_expression_height, " operators in a row, expected fewer"));
  node.height = highest + 1;
}

LITESTAGE_INLINE Expression ExpressionParser::node(Kind kind, int line, std::vector<Expression> parts,
                                                   std::string word) {
  Expression made;
  made.kind = kind;
  made.line = line;
  made.word = std::move(word);
  made.parts = std::move(parts);
  set_height(made);
  return made;
}

LITESTAGE_INLINE Expression ExpressionParser::expression(bool choices) {
  const TokenStream::Level level(tokens_);
  Expression value = either();
  while (choices && tokens_.sees_word("if")) {
    const int line = tokens_.take().line;
    Expression condition = either();
    std::vector<Expression> parts = parts_of(std::move(value), std::move(condition));
    if (tokens_.take_word("else")) parts.push_back(expression());
    value = node(Kind::choice, line, std::move(parts));
  }
  return value;
}

LITESTAGE_INLINE Expression ExpressionParser::expressions(bool choices) {
  const int line = tokens_.current().line;
  Expression first = expression(choices);
  if (!tokens_.sees_sign(",")) return first;
  std::vector<Expression> parts = parts_of(std::move(first));
  while (tokens_.take_sign(",")) {
    if (tokens_.sees(TokenKind::block_end) || tokens_.sees(TokenKind::variable_end) || tokens_.sees_sign(")")) break;
    parts.push_back(expression(choices));
  }
  return node(Kind::tuple, line, std::move(parts));
}

LITESTAGE_INLINE Expression ExpressionParser::either() {
  Expression left = both();
  while (tokens_.sees_word("or")) {
    const int line = tokens_.take().line;
    left = node(Kind::either, line, parts_of(std::move(left), both()));
  }
  return left;
}

LITESTAGE_INLINE Expression ExpressionParser::both() {
  Expression left = negation();
  while (tokens_.sees_word("and")) {
    const int line = tokens_.take().line;
    left = node(Kind::both, line, parts_of(std::move(left), negation()));
  }
  return left;
}

LITESTAGE_INLINE Expression ExpressionParser::negation() {
  if (!tokens_.sees_word("not")) return comparison();
  const TokenStream::Level level(tokens_);
  const int line = tokens_.take().line;
  return node(Kind::negation, line, parts_of(negation()));
}

LITESTAGE_INLINE Expression ExpressionParser::comparison() {
  constexpr Operator compared[] = {Operator::equal,      Operator::not_equal, Operator::less,
                                   Operator::less_equal, Operator::greater,   Operator::greater_equal};
  const int line = tokens_.current().line;
  std::vector<Operator> operators;
  std::vector<Expression> parts = parts_of(sum());
  while (true) {
    const auto op = std::find_if(std::begin(compared), std::end(compared),
                                 [&](Operator o) { return tokens_.sees_sign(sign_of(o)); });
    if (op != std::end(compared)) {
      operators.push_back(*op);
    } else if (tokens_.sees_word("in")) {
      operators.push_back(Operator::in);
    } else if (tokens_.sees_word("not") && TokenStream::is(tokens_.next(), TokenKind::name, "in")) {
      operators.push_back(Operator::not_in);
      tokens_.take();
    } else {
      break;
    }
    tokens_.take();
    parts.push_back(sum());
  }
  if (operators.empty()) return std::move(parts.front());
  Expression made = node(Kind::comparison, line, std::move(parts));
  made.operators = std::move(operators);
  return made;
}

LITESTAGE_INLINE Expression ExpressionParser::chain(Operand operand, const std::vector<Operator>& operators) {
  Expression left = (this->*operand)();
  while (true) {
    const auto op =
        std::find_if(operators.begin(), operators.end(), [&](Operator o) { return tokens_.sees_sign(sign_of(o)); });
    if (op == operators.end()) return left;
    const int line = tokens_.take().line;
    left = node(Kind::calculation, line, parts_of(std::move(left), (this->*operand)()));
    left.operators = {*op};
  }
}

LITESTAGE_INLINE Expression ExpressionParser::sum() {
  return chain(&ExpressionParser::joined_text, {Operator::add, Operator::subtract});
}

LITESTAGE_INLINE Expression ExpressionParser::joined_text() {
  const int line = tokens_.current().line;
  Expression first = product();
  if (!tokens_.sees_sign("~")) return first;
  std::vector<Expression> parts = parts_of(std::move(first));
  while (tokens_.take_sign("~")) parts.push_back(product());
  return node(Kind::joined_text, line, std::move(parts));
}

LITESTAGE_INLINE Expression ExpressionParser::product() {
  return chain(&ExpressionParser::power,
               {Operator::multiply, Operator::divide, Operator::floor_divide, Operator::modulo});
}

LITESTAGE_INLINE Expression ExpressionParser::power() {
  return chain(&ExpressionParser::signed_value, {Operator::power});
}

LITESTAGE_INLINE Expression ExpressionParser::signed_value(bool with_filters_too) {
  const TokenStream::Level level(tokens_);
  Expression value;
  if (tokens_.sees_sign("-") || tokens_.sees_sign("+")) {
    const Token sign = tokens_.take();
    value = node(sign.text == "-" ? Kind::negative : Kind::positive, sign.line, parts_of(signed_value(false)));
  } else {
    value = primary();
  }
  value = followed(std::move(value));
  return with_filters_too ? with_filters(std::move(value)) : std::move(value);
}

}  // namespace litestage::io::jinja
