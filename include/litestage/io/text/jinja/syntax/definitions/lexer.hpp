// The lexer: text outside of tags, where white space is trimmed, and the tokens inside.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/core/text/utf8.hpp"
#include "litestage/io/text/jinja/syntax/lexer.hpp"
#include "litestage/io/text/jinja/syntax/string_literal.hpp"
#include "litestage/io/text/jinja/values/characters.hpp"
#include "litestage/io/text/jinja/values/render_state.hpp"

namespace litestage::io::jinja {

namespace detail {

[[nodiscard]] inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
// A character of a name. All characters beyond ASCII count, which is more than Python allows.
[[nodiscard]] inline bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c) || (c & 0x80) != 0;
}

// The text with all line breaks as \n, without the last of them if the text ends in one.
[[nodiscard]] inline std::string with_plain_line_breaks(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      text += source[i];
    } else if (i + 1 == source.size() || source[i + 1] != '\n') {
      text += '\n';
    }
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

class Lexer {
 public:
  Lexer(std::string_view source, std::string_view name) : text_(with_plain_line_breaks(source)), name_(name) {}

  [[nodiscard]] std::vector<Token> run() {
    while (at_ < text_.size()) read_outside();
    add(TokenKind::end, {});
    return std::move(tokens_);
  }

 private:
  [[nodiscard]] bool sees(std::string_view word) const { return std::string_view(text_).substr(at_).starts_with(word); }
  void add(TokenKind kind, std::string text) {
    tokens_.push_back({.kind = kind, .line = line_, .text = std::move(text)});
  }
  [[noreturn]] void fail(std::string_view what) const { fail_at(name_, line_, what); }

  void move_to(std::size_t at) {
    line_ += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         text_.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
    at_ = at;
  }
  void skip_white_space() {
    std::size_t at = at_;
    while (at < text_.size()) {
      const CodePoint c = first_character(std::string_view(text_).substr(at));
      if (!is_python_space(c.value)) break;
      at += c.length;
    }
    move_to(at);
  }

  // Data up to the next tag, and that tag.
  void read_outside() {
    std::size_t tag = at_;
    while (true) {
      tag = text_.find('{', tag);
      if (tag == std::string::npos || tag + 1 == text_.size()) return read_data(text_.size(), text_.size());
      if (text_[tag + 1] == '%' || text_[tag + 1] == '{' || text_[tag + 1] == '#') break;
      ++tag;
    }
    const char kind = text_[tag + 1];
    read_data(trimmed_end(at_, tag, kind != '{'), tag);
    move_to(tag + 2);
    if (at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+')) move_to(at_ + 1);
    if (kind == '#') return skip_comment();
    if (kind == '%' && begins_raw()) return read_raw();
    add(kind == '%' ? TokenKind::block_begin : TokenKind::variable_begin, {});
    read_inside(kind == '%');
  }

  // Where data from `begin` to `tag` ends once the white space before the tag is trimmed as its sign (the third
  // character) says. `strips_line`: whether the blanks from the line's beginning on are dropped by default.
  [[nodiscard]] std::size_t trimmed_end(std::size_t begin, std::size_t tag, bool strips_line) const {
    const char sign = tag + 2 < text_.size() ? text_[tag + 2] : ' ';
    const std::string_view data = std::string_view(text_).substr(begin, tag - begin);
    const std::size_t kept = white_space_begin(data);
    if (sign == '-') return begin + kept;
    if (sign == '+' || !strips_line) return tag;
    const std::size_t line_break = data.rfind('\n');
    if (line_break == std::string_view::npos) return line_starts_ && kept == 0 ? begin : tag;
    return kept <= line_break + 1 ? begin + line_break + 1 : tag;
  }

  // Where the white space at the end of `data` begins.
  [[nodiscard]] static std::size_t white_space_begin(std::string_view data) {
    const std::string_view inner = trimmed(data);
    return inner.empty() ? 0 : static_cast<std::size_t>(inner.data() + inner.size() - data.data());
  }

  // Adds the text up to `end` as data, and moves on to `next`.
  void read_data(std::size_t end, std::size_t next) {
    if (end > at_) add(TokenKind::data, text_.substr(at_, end - at_));
    move_to(next);
  }

  // After the end of a tag of a block or comment: the line break or the white space that it drops.
  void end_block(char sign) {
    if (sign == '-') skip_white_space();
    if (sign == ' ' && at_ < text_.size() && text_[at_] == '\n') move_to(at_ + 1);
    line_starts_ = text_[at_ - 1] == '\n';
  }

  void skip_comment() {
    const std::size_t end = text_.find("#}", at_);
    if (end == std::string::npos) fail("a comment does not end, expected #}");
    const char sign = end > at_ && (text_[end - 1] == '-' || text_[end - 1] == '+') ? text_[end - 1] : ' ';
    move_to(end + 2);
    end_block(sign);
  }

  // Position after `word` and the end of its tag, which stands at `at` after white space; npos if it does not. `sign`
  // becomes the end's sign, which is ' ' if it has none.
  [[nodiscard]] std::size_t after_tag(std::size_t at, std::string_view word, char& sign) const {
    const std::string_view text = text_;
    const auto skip = [&] {
      while (at < text.size()) {
        const CodePoint c = first_character(text.substr(at));
        if (!is_python_space(c.value)) return;
        at += c.length;
      }
    };
    skip();
    if (!text.substr(at).starts_with(word)) return std::string::npos;
    at += word.size();
    skip();
    sign = ' ';
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) sign = text[at++];
    return text.substr(at).starts_with("%}") ? at + 2 : std::string::npos;
  }

  [[nodiscard]] bool begins_raw() const {
    char sign = ' ';
    return after_tag(at_, "raw", sign) != std::string::npos && sign != '+';
  }

  // The line break after {% raw %} stays, that after {% endraw %} is dropped.
  void read_raw() {
    char sign = ' ';
    const std::size_t begin = after_tag(at_, "raw", sign);
    move_to(begin);
    if (sign == '-') skip_white_space();
    line_starts_ = text_[at_ - 1] == '\n';
    for (std::size_t tag = text_.find("{%", at_); tag != std::string::npos; tag = text_.find("{%", tag + 1)) {
      const bool has_sign = tag + 2 < text_.size() && (text_[tag + 2] == '-' || text_[tag + 2] == '+');
      const std::size_t end = after_tag(tag + (has_sign ? 3 : 2), "endraw", sign);
      if (end == std::string::npos) continue;
      read_data(trimmed_end(at_, tag, true), end);
      return end_block(sign);
    }
    fail("a raw block does not end, expected {% endraw %}");
  }

  void read_inside(bool is_block) {
    while (true) {
      skip_white_space();
      if (at_ == text_.size()) fail(concat("a tag does not end, expected ", is_block ? "%}" : "}}"));
      if (brackets_.empty() && ends_tag(is_block)) return;
      read_token();
    }
  }

  [[nodiscard]] bool ends_tag(bool is_block) {
    const std::string_view end = is_block ? "%}" : "}}";
    const bool has_sign = text_[at_] == '-' || (is_block && text_[at_] == '+');
    if (!std::string_view(text_).substr(at_ + (has_sign ? 1 : 0)).starts_with(end)) return false;
    const char sign = has_sign ? text_[at_] : ' ';
    add(is_block ? TokenKind::block_end : TokenKind::variable_end, {});
    move_to(at_ + (has_sign ? 3 : 2));
    end_block(is_block || sign == '-' ? sign : '+');  // the line break after a variable stays
    return true;
  }

  void read_token() {
    const char c = text_[at_];
    if (c == '"' || c == '\'') return read_string();
    if (is_digit(c)) return read_number();
    if (is_name_character(c)) {
      std::size_t end = at_;
      while (end < text_.size() && is_name_character(text_[end])) ++end;
      add(TokenKind::name, text_.substr(at_, end - at_));
      return move_to(end);
    }
    constexpr std::array<std::string_view, 25> signs = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/",
                                                        "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                                        ">",  "<",  "=",  ".",  ":",  "|",  ","};
    const auto sign = std::find_if(signs.begin(), signs.end(), [&](std::string_view s) { return sees(s); });
    if (sign == signs.end()) fail(concat("found ", in_quotes(shown_character()), " in a tag, expected an expression"));
    balance(*sign);
    add(TokenKind::sign, std::string(*sign));
    move_to(at_ + sign->size());
  }

  [[nodiscard]] std::string_view shown_character() const {
    const std::string_view rest = std::string_view(text_).substr(at_);
    return rest.substr(0, first_character(rest).length);
  }

  // A tag ends only where all brackets are closed, so that }} can end two mappings.
  void balance(std::string_view sign) {
    if (sign == "(" || sign == "[" || sign == "{") brackets_ += sign == "(" ? ')' : sign == "[" ? ']' : '}';
    if (sign != ")" && sign != "]" && sign != "}") return;
    if (brackets_.empty() || brackets_.back() != sign.front())
      fail(concat("found ", sign, ", expected ",
                  brackets_.empty() ? "no bracket" : brackets_.substr(brackets_.size() - 1)));
    brackets_.pop_back();
  }

  void read_string() {
    const char quote = text_[at_];
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote) end += text_[end] == '\\' ? 2 : 1;
    if (end >= text_.size()) fail(concat("a string does not end, expected ", std::string_view(&quote, 1)));
    add(TokenKind::string, unescaped(std::string_view(text_).substr(at_ + 1, end - at_ - 1), name_, line_));
    move_to(end + 1);
  }

  // Digits may have single underscores between them. Returns the position after them.
  [[nodiscard]] std::size_t after_digits(std::size_t at) const {
    while (at < text_.size() &&
           (is_digit(text_[at]) || (text_[at] == '_' && at + 1 < text_.size() && is_digit(text_[at + 1])))) {
      ++at;
    }
    return at;
  }

  void read_number() {
    std::size_t end = after_digits(at_);
    const auto has_digit = [&](std::size_t at) { return at < text_.size() && is_digit(text_[at]); };
    bool is_real = false;
    const bool after_dot = at_ > 0 && text_[at_ - 1] == '.';  // a.0.1 has two indices, not a number with a fraction
    if (!after_dot && end < text_.size() && text_[end] == '.' && has_digit(end + 1)) {
      is_real = true;
      end = after_digits(end + 1);
    }
    if (!after_dot && end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
      const bool has_sign = end + 1 < text_.size() && (text_[end + 1] == '-' || text_[end + 1] == '+');
      const std::size_t digits = end + (has_sign ? 2 : 1);
      if (has_digit(digits)) {
        is_real = true;
        end = after_digits(digits);
      }
    }
    std::string number = text_.substr(at_, end - at_);
    number.erase(std::remove(number.begin(), number.end(), '_'), number.end());
    if (end < text_.size() && is_name_character(text_[end]))
      fail(concat("found ", in_quotes(number + text_[end]), ", expected a decimal number"));
    add(is_real ? TokenKind::real : TokenKind::integer, std::move(number));
    move_to(end);
  }

  std::string text_;
  std::string_view name_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool line_starts_ = true;  // whether nothing but a line break, or nothing at all, is before at_
  std::string brackets_;     // the closing brackets that are expected, the next one last
  std::vector<Token> tokens_;
};

}  // namespace detail

LITESTAGE_INLINE std::vector<Token> tokens_of(std::string_view source, std::string_view name) {
  return detail::Lexer(source, name).run();
}

}  // namespace litestage::io::jinja
