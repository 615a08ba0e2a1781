// Tokenizing by the rules of a tokenizer.json.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/text/utf8.hpp"
#include "litestage/io/text/sentencepiece_tokenizer.hpp"
#include "litestage/io/text/text_part.hpp"
#include "litestage/io/text/vocabulary.hpp"
#include "litestage/io/tokenizer_json/byte_characters.hpp"
#include "litestage/io/tokenizer_json/nfc.hpp"
#include "litestage/io/tokenizer_json/rules_tokenizer.hpp"

namespace litestage::io {

namespace detail {

inline constexpr std::string_view space_mark = "\xE2\x96\x81";  // U+2581

// Which bytes of the joined parts are markup.
class MarkupBytes {
 public:
  void add(std::string_view text, bool markup) {
    for (std::size_t i = 0; i < text.size(); ++i) words_before_.push_back(words_before_.back() + (markup ? 0 : 1));
  }
  [[nodiscard]] bool all(std::size_t begin, std::size_t end) const {
    return words_before_[begin] == words_before_[end];
  }

 private:
  std::vector<std::size_t> words_before_ = {0};  // number of bytes of words before each byte
};

[[nodiscard]] inline TracedText prepended(const TracedText& text, std::string_view mark) {
  if (text.text.empty()) return text;
  TracedText out;
  out.append(mark, text.from.front());
  out.text += text.text;
  out.from.insert(out.from.end(), text.from.begin(), text.from.end());
  return out;
}

[[nodiscard]] inline TracedText replaced(const TracedText& text, std::string_view pattern, std::string_view content) {
  TracedText out;
  const std::string_view all = text.text;
  std::size_t at = 0;
  for (std::size_t found = all.find(pattern); found != std::string_view::npos; found = all.find(pattern, at)) {
    for (; at < found; ++at) out.append(all.substr(at, 1), text.from[at]);
    out.append(content, text.from[found]);
    at = found + pattern.size();
  }
  for (; at < all.size(); ++at) out.append(all.substr(at, 1), text.from[at]);
  out.end(text.from.back());
  return out;
}

[[nodiscard]] inline TracedText normal_form(std::string_view text, const std::vector<NormalStep>& steps) {
  TracedText out(text);
  for (const NormalStep& step : steps) {
    if (step.kind == NormalStep::Kind::nfc) out = nfc(out);
    if (step.kind == NormalStep::Kind::prepend) out = prepended(out, step.content);
    if (step.kind == NormalStep::Kind::replace) out = replaced(out, step.pattern, step.content);
  }
  return out;
}

// The added tokens that are searched in normalised text, by their normalised names, or the others.
[[nodiscard]] inline AddedTokens added_tokens(const Vocabulary& v, bool normalised) {
  std::vector<AddedTokens::Name> names;
  for (const AddedToken& token : v.rules->added) {
    if (token.normalized != normalised) continue;
    std::string name = normalised ? normal_form(token.name, v.rules->normal).text : token.name;
    if (name.empty()) continue;
    names.push_back({std::move(name), token, v.type(token.id) == TokenType::control});
  }
  return AddedTokens(std::move(names));
}

[[nodiscard]] inline bool prepends_mark(const TokenizerRules& rules) {
  const auto prepends = [](const NormalStep& step) { return step.kind == NormalStep::Kind::prepend; };
  return std::any_of(rules.normal.begin(), rules.normal.end(), prepends) ||
         (rules.metaspace && rules.metaspace->prefix == Metaspace::Prefix::always);
}

}  // namespace detail

LITESTAGE_INLINE RulesTokenizer::RulesTokenizer(const Vocabulary& vocabulary)
    : normal_(vocabulary.rules->normal),
      raw_(detail::added_tokens(vocabulary, false)),
      normalised_(detail::added_tokens(vocabulary, true)),
      metaspace_(vocabulary.rules->metaspace),
      words_(vocabulary),
      strips_space_(vocabulary.rules->strips_space),
      marks_every_piece_(detail::prepends_mark(*vocabulary.rules)) {
  if (vocabulary.rules->bytes) pretokenizer_.emplace(*vocabulary.rules->bytes);
}

LITESTAGE_INLINE void RulesTokenizer::encode(const std::vector<TextPart>& parts, std::vector<int>& ids) const {
  std::string text;
  detail::MarkupBytes markup;
  for (const TextPart& part : parts) {
    const std::string valid = without_surrogates(repaired(part.text));
    markup.add(valid, part.markup);
    text += valid;
  }
  PairMerger merger;
  for (const TextPiece& piece :
       raw_.split(text, [&](std::size_t begin, std::size_t end) { return markup.all(begin, end); })) {
    if (piece.id >= 0) {
      ids.push_back(piece.id);
      continue;
    }
    const TracedText normal = detail::normal_form(std::string_view(text).substr(piece.begin, piece.size), normal_);
    const auto place = [&](std::size_t at) { return piece.begin + normal.from[at]; };
    const auto is_markup = [&](std::size_t begin, std::size_t end) { return markup.all(place(begin), place(end)); };
    for (const TextPiece& part : normalised_.split(normal.text, is_markup)) {
      if (part.id >= 0)
        ids.push_back(part.id);
      else
        encode_piece(std::string_view(normal.text).substr(part.begin, part.size), place(part.begin) == 0, merger, ids);
    }
  }
}

LITESTAGE_INLINE void RulesTokenizer::encode_piece(std::string_view piece, bool begins_text, PairMerger& merger,
                                                   std::vector<int>& ids) const {
  if (pretokenizer_) {
    pretokenizer_->split(piece, [&](std::string_view word) { words_.encode(word, merger, ids); });
  } else if (metaspace_) {
    encode_marked(piece, begins_text, merger, ids);
  } else {
    words_.encode(piece, merger, ids);
  }
}

LITESTAGE_INLINE void RulesTokenizer::encode_marked(std::string_view piece, bool begins_text, PairMerger& merger,
                                                    std::vector<int>& ids) const {
  std::string marked = detail::replaced(TracedText(piece), " ", detail::space_mark).text;
  const bool prefix = metaspace_->prefix == Metaspace::Prefix::always ||
                      (metaspace_->prefix == Metaspace::Prefix::first && begins_text);
  if (prefix && !marked.starts_with(detail::space_mark)) marked.insert(0, detail::space_mark);
  for (std::size_t begin = 0; begin < marked.size();) {
    const std::size_t next = metaspace_->split ? marked.find(detail::space_mark, begin + 1) : std::string::npos;
    const std::size_t end = std::min(next, marked.size());
    words_.encode(std::string_view(marked).substr(begin, end - begin), merger, ids);
    begin = end;
  }
}

LITESTAGE_INLINE std::string RulesTokenizer::piece(const Vocabulary& vocabulary, std::size_t id) const {
  const std::string& token = vocabulary.tokens[id];
  const TokenType type = vocabulary.type(id);
  if (type == TokenType::control || type == TokenType::unknown) return token;
  if (pretokenizer_) return type == TokenType::user_defined ? token : bytes_of_characters(token).value_or(token);
  if (const std::optional<char> byte =
          vocabulary.rules->byte_fallback ? SentencePieceTokenizer::named_byte(token) : std::nullopt)
    return std::string(1, *byte);
  return detail::replaced(TracedText(token), detail::space_mark, " ").text;
}

}  // namespace litestage::io
