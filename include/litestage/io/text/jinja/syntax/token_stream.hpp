// The tokens of a template while they are parsed, with the errors of parsers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/jinja/syntax/lexer.hpp"

namespace litestage::io::jinja {

inline constexpr int max_syntax_depth = 100;       // of brackets and blocks within each other
inline constexpr int max_expression_height = 200;  // of operators that apply to each other's results

class TokenStream {
 public:
  // `name` is the template's in errors; it must outlive this object.
  TokenStream(std::vector<Token> tokens, std::string_view name) : tokens_(std::move(tokens)), name_(name) {}

  [[nodiscard]] const Token& current() const { return tokens_[at_]; }
  // The token after the current one.
  [[nodiscard]] const Token& next() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  [[nodiscard]] bool sees(TokenKind kind) const { return current().kind == kind; }
  [[nodiscard]] bool sees_sign(std::string_view sign) const { return is(current(), TokenKind::sign, sign); }
  [[nodiscard]] bool sees_word(std::string_view word) const { return is(current(), TokenKind::name, word); }
  [[nodiscard]] static bool is(const Token& token, TokenKind kind, std::string_view text) {
    return token.kind == kind && token.text == text;
  }

  // Moves on and returns the token that was the current one. The end stays where it is.
  Token take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  // Moves on if the current token is this one.
  bool take_sign(std::string_view sign);
  bool take_word(std::string_view word);
  // Moves on, or throws an Error.
  void expect_sign(std::string_view sign);
  void expect_word(std::string_view word);
  void expect(TokenKind kind);
  [[nodiscard]] std::string expect_name();

  [[noreturn]] void fail(std::string_view what) const;
  // "found <the current token>, expected <expected>"
  [[noreturn]] void refuse(std::string_view expected) const;

  // Counts one level of brackets or blocks while it lives.
  class Level {
   public:
    explicit Level(TokenStream& stream);
    ~Level() { --stream_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    TokenStream& stream_;
  };

 private:
  std::vector<Token> tokens_;
  std::string_view name_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/syntax/definitions/token_stream.hpp"
#endif
