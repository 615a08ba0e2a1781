// Reads a template: text, and the statements in its tags.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/jinja/syntax/expression_parser.hpp"
#include "litestage/io/text/jinja/syntax/syntax_tree.hpp"
#include "litestage/io/text/jinja/syntax/token_stream.hpp"

namespace litestage::io::jinja {

class Parser {
 public:
  explicit Parser(TokenStream& tokens) : tokens_(tokens), expressions_(tokens) {}

  [[nodiscard]] Block whole_template();

 private:
  // Statements up to a tag with one of the words `ends`, which becomes the current token.
  [[nodiscard]] Block statements(std::initializer_list<std::string_view> ends);
  // What stands between the end of a tag and {% end %}, both included.
  [[nodiscard]] Block body(std::string_view end);
  [[nodiscard]] Statement print();
  [[nodiscard]] Statement tag();
  [[nodiscard]] IfBlock if_block();
  [[nodiscard]] ForBlock for_block();
  [[nodiscard]] Statement set();
  [[nodiscard]] CaptureBlock capture(Target to, std::string_view end);
  [[nodiscard]] MacroBlock macro();
  [[nodiscard]] ScopeBlock with_block();
  [[nodiscard]] Target target(bool attributes);
  // `break` and `continue`.
  [[nodiscard]] Statement loop_control(std::string_view word);

  TokenStream& tokens_;
  ExpressionParser expressions_;
  int loops_ = 0;   // that the current tag is in, within the same macro
  int scopes_ = 0;  // loops and other blocks with variables of their own that the current tag is in
};

// `name` is the template's in errors.
[[nodiscard]] Block parse_template(std::string_view source, std::string_view name);

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/syntax/definitions/parser.hpp"
#endif
