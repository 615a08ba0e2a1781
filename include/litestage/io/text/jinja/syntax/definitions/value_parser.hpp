// The grammar of what operators apply to: values, what follows them, filters and tests.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/text/jinja/syntax/expression_parser.hpp"
#include "litestage/io/text/jinja/syntax/syntax_tree.hpp"
#include "litestage/io/text/jinja/syntax/token_stream.hpp"

namespace litestage::io::jinja {

LITESTAGE_INLINE Expression ExpressionParser::primary() {
  const int line = tokens_.current().line;
  switch (tokens_.current().kind) {
    case TokenKind::name:
      return named_value();
    case TokenKind::string: {
      std::string text;
      while (tokens_.sees(TokenKind::string)) text += tokens_.take().text;
      Expression made = node(Kind::constant, line, {});
      made.constant = Value::markup(text);
      return made;
    }
    case TokenKind::integer:
    case TokenKind::real:
      return number();
    default:
      if (tokens_.take_sign("(")) return brackets();
      if (tokens_.take_sign("[")) return list();
      if (tokens_.take_sign("{")) return dict();
      tokens_.refuse("a value");
  }
}

LITESTAGE_INLINE Expression ExpressionParser::named_value() {
  const Token token = tokens_.take();
  const std::string& word = token.text;
  if (word == "true" || word == "True" || word == "false" || word == "False" || word == "none" || word == "None") {
    Expression made = node(Kind::constant, token.line, {});
    const bool is_none = word == "none" || word == "None";
    made.constant = is_none ? Value::none() : Value(word == "true" || word == "True");
    return made;
  }
  return node(Kind::name, token.line, {}, word);
}

LITESTAGE_INLINE Expression ExpressionParser::number() {
  const Token token = tokens_.take();
  Expression made = node(Kind::constant, token.line, {});
  const char* const begin = token.text.data();
  const char* const end = begin + token.text.size();
  std::int64_t whole = 0;
  double real = 0;
  const std::errc error =
      token.kind == TokenKind::integer ? std::from_chars(begin, end, whole).ec : std::from_chars(begin, end, real).ec;
  if (error != std::errc{}) tokens_.fail(concat("the number ", shown(token.text), " does not fit 64 bits"));
  made.constant = token.kind == TokenKind::integer ? Value(whole) : Value(real);
  return made;
}

// A value in brackets, or a tuple: (a), (a, b), (a,), ().
LITESTAGE_INLINE Expression ExpressionParser::brackets() {
  const int line = tokens_.current().line;
  if (tokens_.take_sign(")")) return node(Kind::tuple, line, {});
  Expression inside = expressions();
  tokens_.expect_sign(")");
  return inside;
}

LITESTAGE_INLINE Expression ExpressionParser::list() {
  const int line = tokens_.current().line;
  std::vector<Expression> parts;
  while (!tokens_.sees_sign("]")) {
    if (!parts.empty()) tokens_.expect_sign(",");
    if (tokens_.sees_sign("]")) break;
    parts.push_back(expression());
  }
  tokens_.expect_sign("]");
  return node(Kind::list, line, std::move(parts));
}

LITESTAGE_INLINE Expression ExpressionParser::dict() {
  const int line = tokens_.current().line;
  std::vector<Expression> parts;
  while (!tokens_.sees_sign("}")) {
    if (!parts.empty()) tokens_.expect_sign(",");
    if (tokens_.sees_sign("}")) break;
    parts.push_back(expression());
    tokens_.expect_sign(":");
    parts.push_back(expression());
  }
  tokens_.expect_sign("}");
  return node(Kind::dict, line, std::move(parts));
}

LITESTAGE_INLINE Expression ExpressionParser::followed(Expression value) {
  while (true) {
    if (tokens_.sees_sign(".")) {
      value = attribute(std::move(value));
    } else if (tokens_.sees_sign("[")) {
      value = item(std::move(value));
    } else if (tokens_.sees_sign("(")) {
      value = call(std::move(value));
    } else {
      return value;
    }
  }
}

LITESTAGE_INLINE Expression ExpressionParser::attribute(Expression value) {
  const int line = tokens_.take().line;
  if (!tokens_.sees(TokenKind::integer))
    return node(Kind::attribute, line, parts_of(std::move(value)), tokens_.expect_name());
  return node(Kind::item, line, parts_of(std::move(value), number()));
}

LITESTAGE_INLINE Expression ExpressionParser::item(Expression value) {
  const int line = tokens_.take().line;
  std::vector<Expression> parts = parts_of(std::move(value));
  const auto bound = [&] {
    if (tokens_.sees_sign(":") || tokens_.sees_sign("]")) {
      Expression none;
      none.line = line;
      none.constant = Value::none();
      return none;
    }
    return expression();
  };
  if (!tokens_.sees_sign(":")) {
    parts.push_back(expression());
    if (tokens_.take_sign("]")) return node(Kind::item, line, std::move(parts));
  } else {
    parts.push_back(bound());
  }
  tokens_.expect_sign(":");
  parts.push_back(bound());
  if (!tokens_.take_sign(":") && !tokens_.sees_sign("]")) tokens_.refuse("]");
  parts.push_back(bound());
  tokens_.expect_sign("]");
  return node(Kind::slice, line, std::move(parts));
}

LITESTAGE_INLINE Expression ExpressionParser::call(Expression value) {
  const int line = tokens_.take().line;
  Expression made = node(Kind::call, line, parts_of(std::move(value)));
  read_arguments(made);
  return made;
}

LITESTAGE_INLINE void ExpressionParser::read_arguments(Expression& call) {
  bool is_first = true;
  while (!tokens_.sees_sign(")")) {
    if (!is_first) tokens_.expect_sign(",");
    is_first = false;
    if (tokens_.sees_sign(")")) break;
    if (tokens_.sees_sign("*") || tokens_.sees_sign("**"))
      tokens_.fail(concat("arguments with ", tokens_.current().text, " are not supported"));
    if (tokens_.sees(TokenKind::name) && TokenStream::is(tokens_.next(), TokenKind::sign, "=")) {
      NamedExpression argument;
      argument.name = tokens_.take().text;
      tokens_.take();
      argument.value = expression();
      call.named.push_back(std::move(argument));
      continue;
    }
    if (!call.named.empty()) tokens_.refuse("an argument with a name, after others with names");
    call.parts.push_back(expression());
  }
  tokens_.expect_sign(")");
  set_height(call);
}

LITESTAGE_INLINE Expression ExpressionParser::with_filters(Expression value) {
  while (true) {
    if (tokens_.take_sign("|")) {
      value = filter(std::move(value));
    } else if (tokens_.sees_word("is")) {
      value = test(std::move(value));
    } else if (tokens_.sees_sign("(")) {
      value = call(std::move(value));
    } else {
      return value;
    }
  }
}

LITESTAGE_INLINE Expression ExpressionParser::filtered(Expression value) {
  value = filter(std::move(value));
  while (tokens_.take_sign("|")) value = filter(std::move(value));
  return value;
}

LITESTAGE_INLINE Expression ExpressionParser::filter(Expression value) {
  const int line = tokens_.current().line;
  Expression made = node(Kind::filter, line, parts_of(std::move(value)), tokens_.expect_name());
  if (tokens_.take_sign("(")) read_arguments(made);
  return made;
}

LITESTAGE_INLINE bool ExpressionParser::sees_test_argument() const {
  if (tokens_.sees(TokenKind::name)) {
    constexpr std::string_view others[] = {"else", "or", "and", "is", "if", "not", "in"};
    return std::find(std::begin(others), std::end(others), tokens_.current().text) == std::end(others);
  }
  return tokens_.sees(TokenKind::string) || tokens_.sees(TokenKind::integer) || tokens_.sees(TokenKind::real) ||
         tokens_.sees_sign("[") || tokens_.sees_sign("{");
}

// One argument may follow without brackets: `x is divisibleby 3`.
LITESTAGE_INLINE Expression ExpressionParser::test(Expression value) {
  const int line = tokens_.take().line;
  const bool is_negated = tokens_.take_word("not");
  Expression made = node(Kind::test, line, parts_of(std::move(value)), tokens_.expect_name());
  if (tokens_.take_sign("(")) {
    read_arguments(made);
  } else if (sees_test_argument()) {
    made.parts.push_back(followed(primary()));
    set_height(made);
  }
  return is_negated ? node(Kind::negation, line, parts_of(std::move(made))) : std::move(made);
}

}  // namespace litestage::io::jinja
