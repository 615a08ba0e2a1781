// Cuts the source of a template into tokens. Follows Jinja2 with the settings of chat templates: trim_blocks (the line
// break after a tag of a block is dropped) and lstrip_blocks (blanks between a line's beginning and such a tag, too).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"

namespace litestage::io::jinja {

enum class TokenKind : std::uint8_t {
  data,            // text outside of tags
  variable_begin,  // {{
  variable_end,
  block_begin,  // {%
  block_end,
  name,
  string,  // without its quotation marks and escapes
  integer,
  real,
  sign,  // an operator or a bracket
  end    // of the template
};

struct Token {
  TokenKind kind = TokenKind::end;
  int line = 1;
  std::string text{};
};

// The tokens of a template; the last is `end`. `name` is the template's in errors. Comments are left out, and the text
// of raw blocks is data.
[[nodiscard]] std::vector<Token> tokens_of(std::string_view source, std::string_view name);

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/syntax/definitions/lexer.hpp"
#endif
