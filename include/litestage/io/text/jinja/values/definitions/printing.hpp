// Writing of values as Python and JSON do it.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/core/text/utf8.hpp"
#include "litestage/io/text/jinja/values/characters.hpp"
#include "litestage/io/text/jinja/values/operators.hpp"
#include "litestage/io/text/jinja/values/printing.hpp"
#include "litestage/io/text/jinja/values/render_state.hpp"

namespace litestage::io::jinja {

LITESTAGE_INLINE std::string real_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific).ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  const std::size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), end, exponent);
  if (exponent < -4 || exponent >= 16) return std::string(text);
  char fixed[64];
  const auto fixed_end = std::to_chars(fixed, fixed + sizeof(fixed), value, std::chars_format::fixed).ptr;
  std::string plain(fixed, fixed_end);
  return plain.find('.') == std::string::npos ? plain + ".0" : plain;
}

namespace detail {

inline void append_hexadecimal(std::string& out, char32_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i) out += "0123456789abcdef"[(value >> (4 * i)) & 0xF];
}

// Whether repr() writes the character as an escape: controls, white space other than a blank, and what is invisible.
[[nodiscard]] inline bool is_escaped_by_repr(char32_t c) {
  return is_control(c) || (c != ' ' && is_python_space(c)) || c == 0xAD || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || is_surrogate(c) || (c >= 0xE000 && c <= 0xF8FF);
}

inline void append_repr_character(std::string& out, CodePoint c, std::string_view bytes, char quote) {
  if (c.value == '\\' || c.value == static_cast<unsigned char>(quote)) {
    out += '\\';
    out += static_cast<char>(c.value);
  } else if (c.value == '\n' || c.value == '\r' || c.value == '\t') {
    out += c.value == '\n' ? "\\n" : c.value == '\r' ? "\\r" : "\\t";
  } else if (!is_escaped_by_repr(c.value)) {
    out += bytes;
  } else {
    out += c.value < 0x100 ? "\\x" : "\\u";
    append_hexadecimal(out, c.value, c.value < 0x100 ? 2 : 4);
  }
}

[[nodiscard]] inline MarkedText represented_text(const MarkedText& text) {
  const bool is_double = text.text().find('\'') != std::string::npos && text.text().find('"') == std::string::npos;
  const char quote = is_double ? '"' : '\'';
  std::string out(1, quote);
  for (std::string_view rest = text.text(); !rest.empty();) {
    const CodePoint c = first_character(rest);
    append_repr_character(out, c, rest.substr(0, c.length), quote);
    rest.remove_prefix(c.length);
  }
  return {out + quote, text.author()};
}

[[nodiscard]] inline MarkedText represented_list(const List& list, RenderState& state) {
  const bool is_tuple = list.kind == ListKind::tuple;
  MarkedText out(is_tuple ? "(" : "[", Author::markup);
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    if (i != 0) out.append(", ", Author::markup);
    out.append(represented(list.items[i], state));
  }
  if (is_tuple && list.items.size() == 1) out.append(",", Author::markup);
  out.append(is_tuple ? ")" : "]", Author::markup);
  return out;
}

[[nodiscard]] inline MarkedText represented_dict(const Dict& dict, RenderState& state) {
  MarkedText out("{", Author::markup);
  for (std::size_t i = 0; i < dict.entries.size(); ++i) {
    if (i != 0) out.append(", ", Author::markup);
    out.append(represented(dict.entries[i].first, state));
    out.append(": ", Author::markup);
    out.append(represented(dict.entries[i].second, state));
  }
  out.append("}", Author::markup);
  return out;
}

// Numbers, booleans and none; nothing for other values.
[[nodiscard]] inline std::optional<std::string> scalar_text(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value.variant())) return *flag ? "True" : "False";
  if (const auto* whole = std::get_if<std::int64_t>(&value.variant())) return concat(*whole);
  if (const auto* real = std::get_if<double>(&value.variant())) return real_text(*real);
  if (value.is<None>()) return "None";
  return std::nullopt;
}

class JsonWriter {
 public:
  JsonWriter(const JsonLayout& layout, RenderState& state) : layout_(layout), state_(state) {}

  void write(const Value& value) {
    state_.count_steps();
    state_.count_bytes(out_.size() - counted_);
    counted_ = out_.size();
    if (const MarkedText* text = value.text()) {
      write_text(*text);
    } else if (const List* list = value.list(); list != nullptr && list->kind <= ListKind::tuple) {
      write_container('[', ']', list->items.size(), [&](std::size_t i) { write(list->items[i]); });
    } else if (const Dict* dict = value.dict()) {
      write_dict(*dict);
    } else {
      out_ += scalar(value);
    }
  }
  [[nodiscard]] MarkedText take() const { return {out_, author_ == Author::markup ? Author::variable : author_}; }

 private:
  [[nodiscard]] std::string scalar(const Value& value) const {
    if (const auto* real = std::get_if<double>(&value.variant()); real != nullptr && !std::isfinite(*real))
      return std::isnan(*real) ? "NaN" : *real < 0 ? "-Infinity" : "Infinity";
    if (value.is<None>()) return "null";
    if (const auto* flag = std::get_if<bool>(&value.variant())) return *flag ? "true" : "false";
    const std::optional<std::string> text = scalar_text(value);
    if (!text) state_.refuse("the filter tojson", value);
    return *text;
  }

  void write_dict(const Dict& dict) {
    DictEntries entries = dict.entries;
    if (layout_.sort_keys) {
      std::stable_sort(entries.begin(), entries.end(),
                       [&](const auto& a, const auto& b) { return less(a.first, b.first, state_); });
    }
    write_container('{', '}', entries.size(), [&](std::size_t i) {
      const MarkedText* key = entries[i].first.text();
      write_text(key != nullptr ? *key : MarkedText(scalar(entries[i].first), Author::markup));
      out_ += layout_.key_separator;
      write(entries[i].second);
    });
  }

  template <class WriteItem>
  void write_container(char open, char close, std::size_t n, WriteItem write_item) {
    out_ += open;
    ++depth_;
    for (std::size_t i = 0; i < n; ++i) {
      if (i != 0) out_ += layout_.item_separator;
      new_line();
      write_item(i);
    }
    --depth_;
    if (n != 0) new_line();
    out_ += close;
  }

  void new_line() {
    if (!layout_.indent) return;
    out_ += '\n';
    state_.count_bytes(layout_.indent->size() * static_cast<std::size_t>(depth_));
    for (int i = 0; i < depth_; ++i) out_ += *layout_.indent;
  }

  void write_text(const MarkedText& text) {
    author_ = merged(author_, text.author());
    out_ += '"';
    for (std::string_view rest = text.text(); !rest.empty();) {
      const CodePoint c = first_character(rest);
      write_character(c, rest.substr(0, c.length));
      rest.remove_prefix(c.length);
    }
    out_ += '"';
  }

  void write_character(CodePoint c, std::string_view bytes) {
    constexpr std::string_view special = "\"\\\n\r\t\f\b", letters = "\"\\nrtfb";
    const std::size_t at = c.value < 0x80 ? special.find(static_cast<char>(c.value)) : std::string_view::npos;
    if (at != std::string_view::npos) {
      out_ += '\\';
      out_ += letters[at];
    } else if (c.value >= 0x20 && (c.value < 0x80 || !layout_.only_ascii || c.value == invalid_byte)) {
      out_ += bytes;
    } else if (c.value < 0x10000) {
      write_unit(c.value);
    } else {  // two halves of UTF-16
      write_unit(0xD800 + ((c.value - 0x10000) >> 10));
      write_unit(0xDC00 + ((c.value - 0x10000) & 0x3FF));
    }
  }
  void write_unit(char32_t unit) {
    out_ += "\\u";
    append_hexadecimal(out_, unit, 4);
  }

  const JsonLayout& layout_;
  RenderState& state_;
  std::string out_;
  std::size_t counted_ = 0;  // bytes of out_ that count towards the limits already
  int depth_ = 0;
  Author author_ = Author::markup;
};

}  // namespace detail

LITESTAGE_INLINE MarkedText printed(const Value& value, RenderState& state) {
  if (const MarkedText* text = value.text()) return *text;
  if (value.is<Undefined>()) return {};
  return represented(value, state);
}

LITESTAGE_INLINE MarkedText represented(const Value& value, RenderState& state) {
  state.count_steps();
  MarkedText out;
  const std::optional<std::string> scalar = detail::scalar_text(value);
  if (scalar) {
    out.append(*scalar, Author::markup);
  } else if (const MarkedText* text = value.text()) {
    out = detail::represented_text(*text);
  } else if (const List* list = value.list(); list != nullptr && list->kind <= ListKind::tuple) {
    out = detail::represented_list(*list, state);
  } else if (const Dict* dict = value.dict()) {
    out = detail::represented_dict(*dict, state);
  } else if (value.is<Undefined>()) {
    out.append("Undefined", Author::markup);
  } else {
    state.fail(concat("writing ", value.kind(), " as text is not supported"));
  }
  state.count_bytes(out.size());
  return out;
}

LITESTAGE_INLINE MarkedText json_text(const Value& value, const JsonLayout& layout, RenderState& state) {
  detail::JsonWriter writer(layout, state);
  writer.write(value);
  return writer.take();
}

}  // namespace litestage::io::jinja
