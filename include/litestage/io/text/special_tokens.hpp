// The special tokens: finds their names in a prompt, and knows which of them end an answer. Follows llama.cpp
// (src/llama-vocab.cpp: tokenizer_st_partition, special_eog_ids).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/io/text/text_part.hpp"
#include "litestage/io/text/vocabulary.hpp"

namespace litestage::io {

namespace detail {

// Tokens with these names end an answer and are control tokens, whatever the file says.
inline constexpr std::array<std::string_view, 32> end_names = {
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>",
    "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>", "<end_of_utterance>",
    "<eos>", "<｜end▁of▁sentence｜>",
    // Tokens of code models: the end of a filled gap, the next file, the next repository.
    "<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]", "<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>",
    "<reponame>", "<|file_sep|>", "<turn|>", "[e~["};
// Tokens with these names are control tokens too.
inline constexpr std::array<std::string_view, 24> fill_in_names = {
    "<|fim_prefix|>",  "<fim-prefix>",  "<fim_prefix>",    "<｜fim▁begin｜>", "<PRE>",           "▁<PRE>",
    "<|code_prefix|>", "<|prefix|>",    "<|fim_suffix|>",  "<fim-suffix>",    "<fim_suffix>",    "<｜fim▁hole｜>",
    "<SUF>",           "▁<SUF>",        "<|code_suffix|>", "<|suffix|>",      "<|fim_middle|>",  "<fim-middle>",
    "<fim_middle>",    "<｜fim▁end｜>", "<MID>",           "▁<MID>",          "<|code_middle|>", "<|middle|>"};

// Tokens with these names do not swallow white space in Phi-3.
inline constexpr std::array<std::string_view, 3> unstripping_names = {"<unk>", "<s>", "<|endoftext|>"};

template <std::size_t N>
[[nodiscard]] constexpr bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace detail

class SpecialTokens {
 public:
  // A piece of text, or a special token.
  struct Fragment {
    std::size_t begin = 0;
    std::size_t size = 0;
    int id = -1;  // -1 for text
  };

  explicit SpecialTokens(const Vocabulary& vocabulary) : ends_(vocabulary.tokens.size(), false) {
    for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) add(vocabulary, id);
    for (int id : {vocabulary.eos, vocabulary.eot}) {
      if (id >= 0) ends_[id] = true;
    }
    for (int id : vocabulary.ends) ends_[id] = true;
    // The longest name is searched first, ties in order of id.
    std::sort(named_.begin(), named_.end(), [](const Named& a, const Named& b) {
      return a.name.size() != b.name.size() ? a.name.size() > b.name.size() : a.id < b.id;
    });
  }

  [[nodiscard]] bool is_end(int id) const { return ends_[id]; }
  // Whether this token is found by its name and not produced by merging.
  [[nodiscard]] bool is_special(int id) const {
    return std::any_of(named_.begin(), named_.end(), [&](const Named& special) { return special.id == id; });
  }

  // Splits `text`, which is the joined `parts`, at the names of special tokens. Names of control tokens count in markup
  // only; names of user-defined tokens (e.g. the brackets of a tool call) count everywhere.
  [[nodiscard]] std::vector<Fragment> split(std::string_view text, const std::vector<TextPart>& parts) const {
    std::vector<Fragment> fragments;
    if (!text.empty()) fragments.push_back(Fragment{.begin = 0, .size = text.size()});
    const std::vector<Fragment> markup = markup_of(parts);
    for (const Named& special : named_) {
      if (special.control && markup.empty()) continue;
      if (text.find(special.name) == std::string_view::npos) continue;
      std::vector<Fragment> finer;
      for (const Fragment& fragment : fragments) cut(text, fragment, special, markup, finer);
      fragments = std::move(finer);
    }
    return fragments;
  }

 private:
  struct Named {
    std::string name;
    int id;
    bool control;
    bool strips_right;  // the white space after it belongs to it
  };

  void add(const Vocabulary& vocabulary, std::size_t id) {
    const std::string& name = vocabulary.tokens[id];
    const TokenType type = vocabulary.type(id);
    const bool ends = detail::contains(detail::end_names, name);
    const bool control = ends || detail::contains(detail::fill_in_names, name) || type == TokenType::control ||
                         type == TokenType::unknown;
    ends_[id] = ends;
    if (name.empty() || (!control && type != TokenType::user_defined)) return;
    const bool strips = vocabulary.specials_strip_right && !detail::contains(detail::unstripping_names, name);
    named_.push_back(Named{.name = name, .id = static_cast<int>(id), .control = control, .strips_right = strips});
  }

  // The ranges of markup. Adjacent parts are joined into one range.
  [[nodiscard]] static std::vector<Fragment> markup_of(const std::vector<TextPart>& parts) {
    std::vector<Fragment> markup;
    std::size_t at = 0;
    for (const TextPart& part : parts) {
      if (part.markup && !part.text.empty()) {
        if (!markup.empty() && markup.back().begin + markup.back().size == at) {
          markup.back().size += part.text.size();
        } else {
          markup.push_back(Fragment{.begin = at, .size = part.text.size()});
        }
      }
      at += part.text.size();
    }
    return markup;
  }

  [[nodiscard]] static bool inside(const std::vector<Fragment>& markup, std::size_t begin, std::size_t size) {
    auto after = std::upper_bound(markup.begin(), markup.end(), begin,
                                  [](std::size_t position, const Fragment& m) { return position < m.begin; });
    if (after == markup.begin()) return false;
    --after;
    return begin + size <= after->begin + after->size;
  }

  // isspace of C in its standard locale.
  [[nodiscard]] static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

  static void cut(std::string_view text, const Fragment& fragment, const Named& special,
                  const std::vector<Fragment>& markup, std::vector<Fragment>& finer) {
    if (fragment.id >= 0) {
      finer.push_back(fragment);
      return;
    }
    const std::size_t end = fragment.begin + fragment.size;
    std::size_t begin = fragment.begin;  // start of the text not yet appended
    std::size_t from = begin;
    while (true) {
      const std::size_t found = text.substr(0, end).find(special.name, from);
      if (found == std::string_view::npos) break;
      from = found + 1;
      if (special.control && !inside(markup, found, special.name.size())) continue;
      if (found > begin) finer.push_back(Fragment{.begin = begin, .size = found - begin});
      begin = found + special.name.size();
      while (special.strips_right && begin < end && is_space(text[begin])) ++begin;
      finer.push_back(Fragment{.begin = found, .size = begin - found, .id = special.id});
      from = begin;
    }
    if (begin < end) finer.push_back(Fragment{.begin = begin, .size = end - begin});
  }

  std::vector<Named> named_;
  std::vector<bool> ends_;  // by id
};

}  // namespace litestage::io
