// What can be read out of the text of a Jinja chat template without running it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace litestage::io {

// Whether any of `words` occurs in the template.
[[nodiscard]] inline bool mentions(std::string_view jinja, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return jinja.find(word) != std::string_view::npos; });
}

// The text of the string literal whose inside begins at `begin` and which `quote` ends; nothing where it has no end.
[[nodiscard]] inline std::optional<std::string> literal_text(std::string_view jinja, std::size_t begin, char quote) {
  std::string text;
  for (std::size_t i = begin; i < jinja.size(); ++i) {
    if (jinja[i] == quote) return text;
    if (jinja[i] != '\\' || i + 1 == jinja.size()) {
      text += jinja[i];
      continue;
    }
    const char escaped = jinja[++i];
    text += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped;
  }
  return std::nullopt;
}

// The system message that a ChatML template writes when a conversation has none: the one literal that begins, says
// something in, and ends the turn of the system.
[[nodiscard]] inline std::optional<std::string> default_chatml_system(std::string_view jinja) {
  constexpr std::string_view start = "<|im_start|>system";
  constexpr std::string_view stop = "<|im_end|>";
  for (std::size_t at = jinja.find(start); at != std::string_view::npos; at = jinja.find(start, at + 1)) {
    if (at == 0 || (jinja[at - 1] != '\'' && jinja[at - 1] != '"')) continue;
    const std::optional<std::string> text = literal_text(jinja, at + start.size(), jinja[at - 1]);
    if (!text || text->empty() || text->front() != '\n') continue;
    const std::size_t end = text->find(stop);
    if (end != std::string::npos) return text->substr(1, end - 1);
  }
  return std::nullopt;
}

// The literal in `{% set name = "literal" %}`, the last one of the template.
[[nodiscard]] inline std::optional<std::string> assigned_text(std::string_view jinja, std::string_view name) {
  const std::string words = "set " + std::string(name) + " = ";
  for (std::size_t at = jinja.rfind(words); at != std::string_view::npos && at != 0; at = jinja.rfind(words, at - 1)) {
    const std::size_t quote = at + words.size();
    if (quote < jinja.size() && (jinja[quote] == '"' || jinja[quote] == '\'')) {
      return literal_text(jinja, quote + 1, jinja[quote]);
    }
  }
  return std::nullopt;
}

}  // namespace litestage::io
