// Reads how a tokenizer.json prepares texts, splits them into words, and turns tokens back into text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/files/json_object.hpp"
#include "litestage/io/tokenizer_json/read_pipeline.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::io {

namespace detail {

inline constexpr std::string_view word_mark = "\xE2\x96\x81";  // U+2581

// A part that is no sequence, or a member of a sequence.
struct PipelineStep {
  std::string type;
  JsonObject keys;
};

// Takes sequences apart; `list` is the key of their members. The depth is that of the JSON, at most 64.
inline void add_steps(JsonObject part, std::string_view list, std::vector<PipelineStep>& steps) {
  const std::string type = part.get("type").string(part.name("type"));
  if (type != "Sequence") {
    steps.push_back({type, std::move(part)});
    return;
  }
  for (const Form& member : part.get(list).list(part.name(list))) {
    add_steps(JsonObject(member, part.source(), part.name(list).substr(part.source().size() + 6) + "."), list, steps);
  }
}

[[nodiscard]] inline std::vector<PipelineStep> steps_of(const Form* part, const std::string& source,
                                                        std::string_view key, std::string_view list) {
  std::vector<PipelineStep> steps;
  if (part != nullptr && !part->is_null()) add_steps(JsonObject(*part, source, concat(key, ".")), list, steps);
  return steps;
}

[[noreturn]] inline void refuse_step(const PipelineStep& step, std::string_view expected) {
  throw Error(concat(step.keys.name("type"), " is ", in_quotes(step.type), ", expected ", expected));
}

inline void expect_text(JsonObject& keys, std::string_view key, std::string_view expected) {
  const std::string found = keys.get(key).string(keys.name(key));
  if (found != expected)
    throw Error(concat(keys.name(key), " is ", in_quotes(found), ", expected ", in_quotes(expected)));
}

// {"String": text}
[[nodiscard]] inline std::string literal_pattern(JsonObject& keys) {
  JsonObject pattern = keys.object("pattern");
  const std::string text = pattern.get("String").string(pattern.name("String"));
  if (text.empty()) throw Error(concat(pattern.name("String"), " is empty, expected a text"));
  pattern.refuse_the_rest();
  return text;
}

[[nodiscard]] inline Metaspace read_metaspace(JsonObject& keys) {
  Metaspace out;
  expect_text(keys, "replacement", word_mark);
  static constexpr std::string_view passed[] = {"str_rep"};
  keys.pass_over(passed);
  const std::string scheme = keys.string("prepend_scheme").value_or("always");
  if (scheme == "never" || !keys.boolean("add_prefix_space", true)) {
    out.prefix = Metaspace::Prefix::never;
  } else if (scheme == "first") {
    out.prefix = Metaspace::Prefix::first;
  } else if (scheme != "always") {
    throw Error(concat(keys.name("prepend_scheme"), " is ", in_quotes(scheme), ", expected always, first or never"));
  }
  out.split = keys.boolean("split", true);
  keys.refuse_the_rest();
  return out;
}

inline void read_byte_level(JsonObject& keys, bool with_regex) {
  static constexpr std::string_view passed[] = {"trim_offsets"};  // about places in the text, not about ids
  keys.pass_over(passed);
  keys.expect("add_prefix_space", false);
  keys.expect("use_regex", with_regex);
  if (!with_regex && keys.find("use_regex") == nullptr) {
    throw Error(concat(keys.name("use_regex"), " is missing, which means true, expected false after a Split"));
  }
  keys.refuse_the_rest();
}

struct KnownPattern {
  std::string_view text;
  WordPattern pattern;
};
// Every character of a text is in a match of each pattern.
inline constexpr std::array<KnownPattern, 5> known_patterns = {{
    {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", WordPattern::gpt2},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     WordPattern::llama3_any_s},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     WordPattern::qwen2_any_s},
    {R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
     R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
     R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     WordPattern::tekken},
    {R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
     R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
     R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     WordPattern::gpt4o_any_s},
}};

// The words are the matches of the pattern: where nothing lies between them, it is one whether that is a word too or is
// removed.
inline void expect_matches_as_words(JsonObject& keys) {
  const std::string behavior = keys.get("behavior").string(keys.name("behavior"));
  const bool invert = keys.boolean("invert", false);
  if (behavior == (invert ? "Removed" : "Isolated")) return;
  throw Error(concat(keys.name("behavior"), " is ", in_quotes(behavior), invert ? " with invert" : "",
                     ", expected \"Isolated\", or \"Removed\" with invert"));
}

[[nodiscard]] inline WordPattern read_split(JsonObject& keys) {
  expect_matches_as_words(keys);
  JsonObject pattern = keys.object("pattern");
  const std::string regex = pattern.get("Regex").string(pattern.name("Regex"));
  pattern.refuse_the_rest();
  keys.refuse_the_rest();
  for (const KnownPattern& known : known_patterns) {
    if (known.text == regex) return known.pattern;
  }
  throw Error(concat(pattern.name("Regex"), " is ", in_quotes(regex, 200),
                     ", expected the pattern of GPT-2, GPT-4o, Llama 3, Mistral NeMo or Qwen 2: others are not known"));
}

// Gemma's files split at spaces, of which its normalizer has left none.
[[nodiscard]] inline bool splits_nothing(PipelineStep& step, const TokenizerRules& rules) {
  if (step.type != "Split" || step.keys.get("pattern").find("String") == nullptr) return false;
  if (literal_pattern(step.keys) != " ") return false;
  for (const NormalStep& normal : rules.normal) {
    if (normal.kind == NormalStep::Kind::replace && normal.pattern == " " && normal.content == word_mark) return true;
  }
  return false;
}

}  // namespace detail

LITESTAGE_INLINE void read_normalizer(const Form* part, const std::string& source, TokenizerRules& rules) {
  constexpr std::size_t most_steps = 4, longest_content = 8;  // our own limits: each step may lengthen a text
  for (auto& [type, keys] : detail::steps_of(part, source, "normalizer", "normalizers")) {
    NormalStep step;
    if (type == "Prepend") {
      step = {.kind = NormalStep::Kind::prepend, .content = keys.get("prepend").string(keys.name("prepend"))};
    } else if (type == "Replace") {
      step = {.kind = NormalStep::Kind::replace, .pattern = detail::literal_pattern(keys)};
      step.content = keys.get("content").string(keys.name("content"));
    } else if (type != "NFC") {
      detail::refuse_step({type, keys}, "NFC, Prepend, Replace or Sequence");
    }
    keys.refuse_the_rest();
    if (step.content.size() > longest_content || rules.normal.size() == most_steps) {
      throw Error(concat(source, ": key normalizer has more than ", most_steps, " steps or puts in more than ",
                         longest_content, " bytes at a place, expected less"));
    }
    rules.normal.push_back(std::move(step));
  }
}

LITESTAGE_INLINE void read_pretokenizer(const Form* part, const std::string& source, TokenizerRules& rules) {
  std::vector<detail::PipelineStep> steps = detail::steps_of(part, source, "pre_tokenizer", "pretokenizers");
  const auto is = [&](std::size_t i, std::string_view type) { return i < steps.size() && steps[i].type == type; };
  if (steps.empty() || (steps.size() == 1 && detail::splits_nothing(steps[0], rules))) return;
  if (steps.size() == 1 && is(0, "Metaspace")) {
    rules.metaspace = detail::read_metaspace(steps[0].keys);
  } else if (steps.size() == 1 && is(0, "ByteLevel")) {
    detail::read_byte_level(steps[0].keys, true);
    rules.bytes = WordPattern::gpt2;
  } else if (steps.size() == 2 && is(0, "Digits") && is(1, "ByteLevel")) {
    steps[0].keys.expect("individual_digits", true);
    if (steps[0].keys.find("individual_digits") == nullptr) static_cast<void>(steps[0].keys.get("individual_digits"));
    steps[0].keys.refuse_the_rest();
    detail::read_byte_level(steps[1].keys, true);
    rules.bytes = WordPattern::smollm;
  } else if (steps.size() == 2 && is(0, "Split") && is(1, "ByteLevel")) {
    rules.bytes = detail::read_split(steps[0].keys);
    detail::read_byte_level(steps[1].keys, false);
  } else {
    std::string found;
    for (const detail::PipelineStep& step : steps) found += (found.empty() ? "" : ", ") + shown(step.type);
    throw Error(concat(source, ": key pre_tokenizer is ", found,
                       ", expected ByteLevel, Digits and ByteLevel, Split and ByteLevel, Metaspace, or none"));
  }
}

LITESTAGE_INLINE void read_decoder(const Form* part, const std::string& source, TokenizerRules& rules) {
  bool byte_level = false, marks = false;
  for (auto& [type, keys] : detail::steps_of(part, source, "decoder", "decoders")) {
    if (type == "ByteLevel") {
      byte_level = true;
      continue;  // what its other keys say is for encoding
    }
    if (type == "Replace") {
      if (detail::literal_pattern(keys) != detail::word_mark) {
        throw Error(concat(keys.name("pattern"), " is not U+2581, expected the mark of spaces"));
      }
      detail::expect_text(keys, "content", " ");
      marks = true;
    } else if (type == "Metaspace") {
      rules.strips_space = detail::read_metaspace(keys).prefix != Metaspace::Prefix::never;
      marks = true;
    } else if (type == "Strip") {
      detail::expect_text(keys, "content", " ");
      const std::optional<double> start = keys.number("start"), stop = keys.number("stop");
      if (start != 1 || stop != 0) {
        throw Error(concat(keys.name("start"), " and stop are ", start.value_or(0), " and ", stop.value_or(0),
                           ", expected 1 and 0"));
      }
      rules.strips_space = true;
    } else if (type != "ByteFallback" && type != "Fuse") {
      detail::refuse_step({type, keys}, "ByteLevel, Metaspace, Replace, ByteFallback, Fuse, Strip or Sequence");
    }
  }
  if (byte_level == rules.bytes.has_value() && marks != byte_level) return;
  throw Error(concat(source, ": key decoder does not undo the pre-tokenizer, expected ",
                     rules.bytes ? "ByteLevel" : "that U+2581 becomes a space"));
}

namespace detail {

// The token that stands before the text in "single"; empty if there is none.
[[nodiscard]] inline std::string token_before_text(JsonObject& keys) {
  std::string before;
  bool is_after = false;
  for (const Form& piece : keys.get("single").list(keys.name("single"))) {
    if (piece.find("Sequence") != nullptr) {
      is_after = true;
      continue;
    }
    const std::string what = keys.name("single");
    const std::string name = piece.at("SpecialToken", what).at("id", what).string(what);
    if (is_after) continue;  // prompts are continued, so none ends
    if (!before.empty()) throw Error(concat(what, " puts more than one token before a text, expected at most one"));
    before = name;
  }
  return before;
}

}  // namespace detail

LITESTAGE_INLINE void read_post_processor(const Form* part, const std::string& source, Vocabulary& vocabulary) {
  vocabulary.add_bos = false;
  for (auto& [type, keys] : detail::steps_of(part, source, "post_processor", "processors")) {
    if (type == "ByteLevel") continue;  // about places in the text, not about ids
    if (type != "TemplateProcessing") detail::refuse_step({type, keys}, "TemplateProcessing, ByteLevel or Sequence");
    const std::string before = detail::token_before_text(keys);
    if (before.empty()) continue;
    JsonObject token = keys.object("special_tokens").object(before);
    const Form::List& ids = token.get("ids").list(token.name("ids"));
    const std::int64_t id = ids.size() == 1 ? ids[0].integer(token.name("ids")) : -1;
    if (id < 0 || id >= std::ssize(vocabulary.tokens) || vocabulary.tokens[id] != before) {
      throw Error(concat(token.name("ids"), " is not the id of ", in_quotes(before), ", expected that one"));
    }
    if (vocabulary.add_bos == true)
      throw Error(concat(keys.name("single"), " is there twice, expected one token before a text"));
    vocabulary.bos = static_cast<int>(id);
    vocabulary.add_bos = true;
  }
}

}  // namespace litestage::io
