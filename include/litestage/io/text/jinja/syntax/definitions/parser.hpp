// The grammar of statements.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/text/jinja/syntax/lexer.hpp"
#include "litestage/io/text/jinja/syntax/parser.hpp"
#include "litestage/io/text/jinja/syntax/syntax_tree.hpp"
#include "litestage/io/text/jinja/syntax/token_stream.hpp"

namespace litestage::io::jinja {

namespace detail {

// Adds to a counter while it lives.
class Counted {
 public:
  explicit Counted(int& counter) : counter_(counter) { ++counter_; }
  ~Counted() { --counter_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  int& counter_;
};

template <class Form>
[[nodiscard]] Statement statement(int line, Form form) {
  Statement made;
  made.line = line;
  made.form = std::move(form);
  return made;
}

}  // namespace detail

LITESTAGE_INLINE Block Parser::whole_template() {
  Block block = statements({});
  if (!tokens_.sees(TokenKind::end)) tokens_.refuse("the end of the template");
  return block;
}

LITESTAGE_INLINE Block Parser::statements(std::initializer_list<std::string_view> ends) {
  const TokenStream::Level level(tokens_);
  Block block;
  while (true) {
    switch (tokens_.current().kind) {
      case TokenKind::data: {
        const Token data = tokens_.take();
        block.push_back(detail::statement(data.line, TextBlock{Value::markup(data.text)}));
        break;
      }
      case TokenKind::variable_begin:
        block.push_back(print());
        break;
      case TokenKind::block_begin:
        tokens_.take();
        if (std::find(ends.begin(), ends.end(), tokens_.current().text) != ends.end()) return block;
        block.push_back(tag());
        break;
      default:
        if (ends.size() == 0) return block;
        tokens_.refuse(concat("{% ", *ends.begin(), " %}"));
    }
  }
}

LITESTAGE_INLINE Block Parser::body(std::string_view end) {
  tokens_.expect(TokenKind::block_end);
  Block block = statements({end});
  tokens_.expect_word(end);
  return block;
}

LITESTAGE_INLINE Statement Parser::print() {
  const int line = tokens_.take().line;
  Expression value = expressions_.expressions();
  tokens_.expect(TokenKind::variable_end);
  return detail::statement(line, PrintBlock{std::move(value)});
}

LITESTAGE_INLINE Statement Parser::tag() {
  const int line = tokens_.current().line;
  if (!tokens_.sees(TokenKind::name)) tokens_.refuse("the word of a tag");
  const std::string word = tokens_.current().text;
  constexpr std::string_view known[] = {"if",   "for",    "set",   "macro",   "generation",
                                        "with", "filter", "break", "continue"};
  if (std::find(std::begin(known), std::end(known), word) == std::end(known))
    tokens_.fail(concat("the tag {% ", shown(word), " %} is not supported here"));
  tokens_.take();
  Statement made;
  if (word == "if") made.form = if_block();
  if (word == "for") made.form = for_block();
  if (word == "set") made = set();
  if (word == "macro") made.form = macro();
  if (word == "generation" || word == "with") {
    const detail::Counted scope(scopes_);
    ScopeBlock block;
    if (word == "with") block = with_block();
    block.body = body(word == "with" ? "endwith" : "endgeneration");
    made.form = std::move(block);
  }
  if (word == "filter") made.form = capture({}, "endfilter");
  if (word == "break" || word == "continue") made = loop_control(word);
  made.line = line;
  tokens_.expect(TokenKind::block_end);
  return made;
}

LITESTAGE_INLINE Statement Parser::loop_control(std::string_view word) {
  if (loops_ == 0) tokens_.fail(concat("found {% ", word, " %} outside of a loop, expected it inside of {% for %}"));
  if (word == "break") return detail::statement(0, BreakStatement{});
  return detail::statement(0, ContinueStatement{});
}

LITESTAGE_INLINE IfBlock Parser::if_block() {
  IfBlock block;
  while (true) {
    IfBlock::Branch branch;
    branch.condition = expressions_.expressions(false);
    tokens_.expect(TokenKind::block_end);
    branch.body = statements({"endif", "elif", "else"});
    block.branches.push_back(std::move(branch));
    if (!tokens_.take_word("elif")) break;
  }
  if (tokens_.take_word("else")) {
    block.otherwise = body("endif");
  } else {
    tokens_.expect_word("endif");
  }
  return block;
}

LITESTAGE_INLINE ForBlock Parser::for_block() {
  ForBlock block;
  block.target = target(false);
  tokens_.expect_word("in");
  block.items = expressions_.expressions(false);
  if (tokens_.take_word("if")) block.condition.push_back(expressions_.expression());
  if (tokens_.sees_word("recursive")) tokens_.fail("recursive loops are not supported");
  tokens_.expect(TokenKind::block_end);
  {
    const detail::Counted loop(loops_);
    const detail::Counted scope(scopes_);
    block.body = statements({"endfor", "else"});
  }
  if (tokens_.take_word("else")) {
    block.otherwise = body("endfor");
  } else {
    tokens_.expect_word("endfor");
  }
  return block;
}

LITESTAGE_INLINE Target Parser::target(bool attributes) {
  Target found;
  const bool has_bracket = tokens_.take_sign("(");
  found.names.push_back(tokens_.expect_name());
  if (attributes && !has_bracket && tokens_.take_sign(".")) {
    found.attribute = tokens_.expect_name();
    return found;
  }
  while (tokens_.take_sign(",")) {
    found.unpacks = true;
    if (!tokens_.sees(TokenKind::name) || tokens_.sees_word("in")) break;
    found.names.push_back(tokens_.expect_name());
  }
  if (has_bracket) tokens_.expect_sign(")");
  return found;
}

LITESTAGE_INLINE Statement Parser::set() {
  Target to = target(true);
  if (!tokens_.take_sign("=")) return detail::statement(0, capture(std::move(to), "endset"));
  SetBlock block;
  block.target = std::move(to);
  block.value = expressions_.expressions();
  return detail::statement(0, std::move(block));
}

LITESTAGE_INLINE CaptureBlock Parser::capture(Target to, std::string_view end) {
  const detail::Counted scope(scopes_);
  CaptureBlock block;
  block.target = std::move(to);
  block.value.kind = Expression::Kind::name;
  block.value.line = tokens_.current().line;
  block.value.word = captured_text;
  const bool has_filter = end == "endfilter" || tokens_.take_sign("|");
  if (has_filter) block.value = expressions_.filtered(std::move(block.value));
  block.body = body(end);
  return block;
}

LITESTAGE_INLINE MacroBlock Parser::macro() {
  if (scopes_ != 0)
    tokens_.fail("a macro inside of a loop, a block of set, with or generation, or another macro is not supported");
  MacroBlock block;
  block.name = tokens_.expect_name();
  tokens_.expect_sign("(");
  while (!tokens_.sees_sign(")")) {
    if (!block.parameters.empty()) tokens_.expect_sign(",");
    block.parameters.push_back(tokens_.expect_name());
    if (tokens_.take_sign("=")) {
      block.defaults.push_back(expressions_.expression());
    } else if (!block.defaults.empty()) {
      tokens_.refuse("a default, after other parameters with defaults");
    }
  }
  tokens_.expect_sign(")");
  const detail::Counted scope(scopes_);
  const int outer_loops = std::exchange(loops_, 0);
  block.body = body("endmacro");
  loops_ = outer_loops;
  return block;
}

LITESTAGE_INLINE ScopeBlock Parser::with_block() {
  ScopeBlock block;
  while (!tokens_.sees(TokenKind::block_end)) {
    if (!block.variables.empty()) tokens_.expect_sign(",");
    SetBlock variable;
    variable.target = target(false);
    tokens_.expect_sign("=");
    variable.value = expressions_.expression();
    block.variables.push_back(std::move(variable));
  }
  return block;
}

LITESTAGE_INLINE Block parse_template(std::string_view source, std::string_view name) {
  TokenStream tokens(tokens_of(source, name), name);
  return Parser(tokens).whole_template();
}

}  // namespace litestage::io::jinja
