// What parsers expect of tokens, and their errors.
#pragma once

#include <string>
#include <string_view>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/text/jinja/syntax/lexer.hpp"
#include "litestage/io/text/jinja/syntax/token_stream.hpp"
#include "litestage/io/text/jinja/values/render_state.hpp"

namespace litestage::io::jinja {

namespace detail {

// A token in words, for errors.
[[nodiscard]] inline std::string shown_token(TokenKind kind, std::string_view text) {
  switch (kind) {
    case TokenKind::data:
      return concat("the text ", in_quotes(text, 30));
    case TokenKind::variable_begin:
      return "{{";
    case TokenKind::variable_end:
      return "}}";
    case TokenKind::block_begin:
      return "{%";
    case TokenKind::block_end:
      return "%}";
    case TokenKind::string:
      return concat("the string ", in_quotes(text, 30));
    case TokenKind::end:
      return "the end of the template";
    default:
      return shown(text);
  }
}

}  // namespace detail

LITESTAGE_INLINE bool TokenStream::take_sign(std::string_view sign) {
  const bool seen = sees_sign(sign);
  if (seen) take();
  return seen;
}
LITESTAGE_INLINE bool TokenStream::take_word(std::string_view word) {
  const bool seen = sees_word(word);
  if (seen) take();
  return seen;
}
LITESTAGE_INLINE void TokenStream::expect_sign(std::string_view sign) {
  if (!take_sign(sign)) refuse(sign);
}
LITESTAGE_INLINE void TokenStream::expect_word(std::string_view word) {
  if (!take_word(word)) refuse(word);
}
LITESTAGE_INLINE void TokenStream::expect(TokenKind kind) {
  if (!sees(kind)) refuse(detail::shown_token(kind, {}));
  take();
}
LITESTAGE_INLINE std::string TokenStream::expect_name() {
  if (!sees(TokenKind::name)) refuse("a name");
  return take().text;
}

LITESTAGE_INLINE void TokenStream::fail(std::string_view what) const {
  fail_at(name_, current().line, what);
}
LITESTAGE_INLINE void TokenStream::refuse(std::string_view expected) const {
  fail(concat("found ", detail::shown_token(current().kind, current().text), ", expected ", expected));
}

LITESTAGE_INLINE TokenStream::Level::Level(TokenStream& stream) : stream_(stream) {
  if (++stream.depth_ > max_syntax_depth)
    stream.fail(concat("brackets and blocks are nested more than ", max_syntax_depth, " deep, expected fewer levels"));
}

}  // namespace litestage::io::jinja
